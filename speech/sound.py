"""Speech as arrays: trimmed, tightened, levelled; telephone quality throughout (8 kHz, mono, 16 bit)."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Samples = NDArray[np.float64]
"""Mono samples between -1 and 1."""

RATE_HZ = 8000
FRAME = RATE_HZ // 100  # samples, 10 ms: short enough to find the edges of a word
AUDIBLE_DB = -40.0  # below the loudest frame; what is quieter is breath and reverberation


def resample(samples: Samples, from_hz: int, to_hz: int = RATE_HZ) -> Samples:
    """Return the samples at the other rate, with nothing left above the new band.

    By the spectrum of the whole sound: exact for prompts of a few seconds, and no filter to design.
    """
    if from_hz == to_hz or not len(samples):
        return samples
    block = from_hz // gcd(from_hz, to_hz)  # a whole number of samples at both rates
    padded = np.pad(samples, (0, -len(samples) % block))
    length = len(padded) * to_hz // from_hz
    spectrum = np.fft.rfft(padded)
    kept = np.zeros(length // 2 + 1, dtype=np.complex128)
    bins = min(len(kept), len(spectrum))
    kept[:bins] = spectrum[:bins]
    edge = bins - bins // 20  # a gentle slope instead of a wall: no ringing after a plosive
    kept[edge:bins] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, bins - edge))
    resampled: Samples = np.asarray(np.fft.irfft(kept, length), dtype=np.float64) * (to_hz / from_hz)
    return resampled


def without_rumble(samples: Samples, from_hz: float = 100, to_hz: float = 200) -> Samples:
    """Return the samples without what a telephone does not carry below its band: it would only eat the level."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    slope = np.clip((hertz - from_hz) / (to_hz - from_hz), 0, 1)
    cleared: Samples = np.asarray(np.fft.irfft(spectrum * slope, len(samples)), dtype=np.float64)
    return cleared


def trim(samples: Samples, margin_s: float = 0.03) -> Samples:
    """Return the samples with silence of exactly the margin at both ends, cut or added."""
    margin = round(margin_s * RATE_HZ)
    samples = np.pad(samples, margin)
    loud = np.flatnonzero(heard_frames(samples))
    if not len(loud):
        return samples[:0]
    first = max(0, int(loud[0]) * FRAME - margin)
    last = min(len(samples), (int(loud[-1]) + 1) * FRAME + margin)
    return faded(samples[first:last])


def tighten(samples: Samples, longest_s: float = 0.1) -> Samples:
    """Return the samples with every inner silence cut to at most so many seconds.

    A synthesiser rests half a second after a full stop; the caller's thirty seconds (rule 7) have no room for it.
    """
    audible = heard_frames(samples)
    longest = round(longest_s * RATE_HZ / FRAME)
    kept = np.ones(len(audible), dtype=bool)
    quiet = 0
    for frame, loud in enumerate(audible):
        quiet = 0 if loud else quiet + 1
        kept[frame] = quiet <= longest
    tightened: Samples = samples[: len(audible) * FRAME][np.repeat(kept, FRAME)]
    return tightened


def level(samples: Samples, speech_db: float = -19.0, peak_db: float = -3.0) -> Samples:
    """Return the samples with their speech (silence not counted) at so many dBFS RMS, and no peak above the other."""
    loudness = speech_rms(samples)
    if loudness == 0:
        return samples
    for _ in range(3):  # what the limiter takes from a spiky voice is given back, as far as the peak allows
        samples = limit(samples * (10 ** (speech_db / 20) / loudness), 10 ** (peak_db / 20))
        loudness = speech_rms(samples)
    return samples


def speech_rms(samples: Samples) -> float:
    """Return the root mean square of the audible frames, between 0 and 1."""
    audible = np.repeat(heard_frames(samples), FRAME)
    return float(np.sqrt(np.mean(samples[: len(audible)][audible] ** 2))) if audible.any() else 0.0


def limit(samples: Samples, peak: float, reach_s: float = 0.005) -> Samples:
    """Return the samples with none above the peak: turned down smoothly around it, not clipped."""
    if float(np.max(np.abs(samples), initial=0.0)) <= peak:
        return samples
    reach = round(reach_s * RATE_HZ)
    gain = np.minimum(1.0, peak / np.maximum(np.abs(samples), 1e-9))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(gain, 2 * reach, constant_values=1.0), 2 * reach + 1)
    window = np.hanning(2 * reach + 3)[1:-1]
    # The least gain within reach, averaged over the same reach: never above what the peak itself needs.
    smooth = np.convolve(windows.min(axis=1), window / window.sum(), mode="valid")
    turned: Samples = np.asarray(samples * smooth, dtype=np.float64)
    return turned


def silence(seconds: float) -> Samples:
    """Return so many seconds of nothing."""
    return np.zeros(round(seconds * RATE_HZ))


def tone(hertz: float, seconds: float, level_db: float) -> Samples:
    """Return a soft sine with slow edges, its RMS at so many dBFS."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave: Samples = np.sin(2 * np.pi * hertz * at_s) * (10 ** (level_db / 20) * np.sqrt(2))
    return faded(wave, seconds / 4)


def faded(samples: Samples, edge_s: float = 0.005) -> Samples:
    """Return the samples with both ends faded, so that nothing clicks where sounds are put together."""
    edge = min(round(edge_s * RATE_HZ), len(samples) // 2)
    ramp = np.ones(len(samples))
    ramp[:edge] = np.linspace(0, 1, edge)
    ramp[len(samples) - edge :] = np.linspace(1, 0, edge)
    shaped: Samples = samples * ramp
    return shaped


def joined(parts: Sequence[Samples]) -> Samples:
    """Return the parts one after the other."""
    return np.concatenate(parts) if parts else silence(0)


def heard_frames(samples: Samples) -> NDArray[np.bool_]:
    """Say of each frame whether it is heard beside the loudest one; what is left over of a frame is not counted."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loudness = np.sqrt(np.mean(frames**2, axis=1))
    loudest = float(loudness.max(initial=0.0))
    if loudest < 1e-4:  # -80 dBFS: digital silence with dither
        return np.zeros(len(loudness), dtype=bool)
    audible: NDArray[np.bool_] = loudness > loudest * 10 ** (AUDIBLE_DB / 20)
    return audible
