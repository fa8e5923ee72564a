"""A studio for the tests: a voice of syllables, recorded in any form that a studio may deliver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from speech.sound import Samples

RATES_HZ = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
FORMS = (("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "PCM_32"), ("wav", "FLOAT"), ("wav", "DOUBLE"),
         ("flac", "PCM_16"), ("flac", "PCM_24"))  # fmt: skip
_SYLLABLES_A_SECOND = 4
_PITCH_HZ = 130


def voice(seconds: float, rate_hz: int, rms_db: float = -20.0) -> Samples:
    """Syllables one after the other at so many dBFS RMS, all in all; begins and ends at full voice."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    chance = np.random.default_rng(7)
    sound = np.zeros(len(at_s))
    for harmonic in range(1, 25):
        sound += np.cos(2 * np.pi * (_PITCH_HZ * harmonic * at_s + chance.random())) / harmonic
    sound *= 0.15 + 0.85 * np.abs(np.cos(np.pi * _SYLLABLES_A_SECOND * at_s))
    loud: Samples = sound * (10 ** (rms_db / 20) / np.sqrt(np.mean(sound**2)))
    return loud


def rest(seconds: float, rate_hz: int, noise_db: float = -90.0) -> Samples:
    """A studio in which nobody speaks."""
    return np.random.default_rng(8).normal(0, 10 ** (noise_db / 20), round(seconds * rate_hz))


def recorded(
    path: Path, seconds: float = 1.0, rate_hz: int = 48000, rms_db: float = -20.0, before_s: float = 0.4,
    after_s: float = 0.7, channels: int = 1, subtype: str = "PCM_24",
) -> Path:  # fmt: skip
    """Write the voice with silence around it; the name tells WAV or FLAC."""
    sound = np.concatenate([rest(before_s, rate_hz), voice(seconds, rate_hz, rms_db), rest(after_s, rate_hz)])
    soundfile.write(path, np.stack([sound] * channels, axis=1), rate_hz, subtype=subtype)
    return path
