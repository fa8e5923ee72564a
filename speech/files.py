"""Sound files: read from anything a studio may deliver, written as Asterisk wants them."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from config.whole_file import named
from speech.errors import UnreadableSoundError
from speech.sound import RATE_HZ, Samples, resample

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read(path: Path) -> Samples:
    """Return the file as 8 kHz mono, whatever its rate and channels. Raises UnreadableSoundError."""
    try:
        frames, rate_hz = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UnreadableSoundError(f"{path}: not a sound file that can be read ({error})") from error
    mono: Samples = np.asarray(frames, dtype=np.float64).mean(axis=1)
    if not len(mono) or not np.all(np.isfinite(mono)):
        raise UnreadableSoundError(f"{path}: holds no sound")
    return resample(mono, int(rate_hz))


def write(path: Path, samples: Samples) -> None:
    """Write 8 kHz mono 16 bit WAV, whole or not at all: Asterisk may be playing the old one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with named(path):
        try:
            draft.write_bytes(wav(samples))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def wav(samples: Samples) -> bytes:
    """Return the sound as a WAV of 8 kHz, mono, 16 bit."""
    made = io.BytesIO()
    soundfile.write(made, pcm(samples), RATE_HZ, format="WAV", subtype="PCM_16")
    return made.getvalue()


def pcm(samples: Samples) -> NDArray[np.int16]:
    """Return the samples in 16 bit; what is above full scale is clipped."""
    return np.round(np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)


def is_telephone_wav(path: Path) -> bool:
    """Say whether Asterisk plays the file as it is. Raises UnreadableSoundError."""
    try:
        found = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UnreadableSoundError(f"{path}: not a sound file that can be read ({error})") from error
    return bool(
        (found.format, found.subtype, found.samplerate, found.channels) == ("WAV", "PCM_16", RATE_HZ, 1)
        and found.frames > 0
    )
