"""A file as a studio delivers it: any WAV or FLAC, read with care, refused in one line when it cannot be a prompt."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from speech.errors import UnfitRecordingError
from speech.levels import decibels, flat_tops
from speech.sound import FRAME, RATE_HZ, Samples, resample, without_rumble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

LONGEST_S = 60.0
"""With the silence around it: more is a session, not a prompt. A minute in stereo at 192 kHz takes 0.5 GB and 2 s to
bring to 8 kHz."""
_FORMS = ("WAV", "WAVEX", "RF64", "FLAC")
_RATES_HZ = range(RATE_HZ, 192_000 + 1)
_ONE_OR_BOTH = (1, 2)
_CANCELLED_DB = 12.0
"""Both channels together are 6 dB softer when one is empty; this much only when one is the other turned upside down."""
_HEARD_DB = -55.0
"""The loudest 10 ms of speech from a studio are never this soft; noise of a recorder left running is."""
_REST_S = 0.2
_UNTOLD = 2**62
"""Frames: where the head does not say how many there are libsndfile says more than this, and cannot read them."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a studio's file holds."""

    file: Path
    samples: Samples
    """8 kHz mono, with nothing below a telephone's band, as loud as it came; silence around."""
    form: str
    """As a person calls it: `WAV, 24 bit, 48000 Hz, stereo`."""
    clipped: int
    """In how many places the wave is cut off."""


def delivered(path: Path) -> Delivered:
    """Read a studio's file. Raises UnfitRecordingError, OSError."""
    if not path.is_file() and path.exists():
        raise UnfitRecordingError(f"{path}: no file that holds a recording")
    with path.open("rb") as file, _told_of(path):
        _check_whole(path, file.read(12))
        file.seek(0)
        with soundfile.SoundFile(file) as sound:
            _check_form(path, sound)
            frames, rate_hz = _frames(path, sound), int(sound.samplerate)
            form = f"{sound.format}, {_width(sound.subtype)}, {rate_hz} Hz, {('mono', 'stereo')[sound.channels - 1]}"
    clipped = sum(flat_tops(channel, rate_hz) for channel in frames.T)
    # Both work on the whole as if it went round: what rings after a hard beginning must not be heard at the end.
    rest = round(_REST_S * rate_hz)
    samples = without_rumble(resample(np.pad(_mono(path, frames), rest), rate_hz))
    if _loudest_db(samples) < _HEARD_DB:
        raise UnfitRecordingError(f"{path}: holds nothing that a caller would hear: it is silent, or no voice")
    return Delivered(path, samples, form, clipped)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except soundfile.LibsndfileError as error:
        why = error.error_string.strip().rstrip(".")
        raise UnfitRecordingError(f"{path}: no WAV or FLAC that can be read ({why})") from error


def _check_whole(path: Path, head: bytes) -> None:
    """A WAV that says it is longer than the file was cut on its way here; libsndfile reads what is left and is silent.

    Who writes without knowing the length puts 0 or all ones there.
    """
    said = int.from_bytes(head[4:8], "little")
    if head[:4] == b"RIFF" and said not in (0, 2**32 - 1) and said + 8 > path.stat().st_size + said % 2:
        raise UnfitRecordingError(f"{path}: cut short on its way: {path.stat().st_size} of {said + 8} bytes are there")


def _check_form(path: Path, sound: soundfile.SoundFile) -> None:
    if sound.format not in _FORMS:
        raise UnfitRecordingError(f"{path}: is {sound.format}; have the studio deliver WAV or FLAC")
    if sound.channels not in _ONE_OR_BOTH:
        raise UnfitRecordingError(f"{path}: has {sound.channels} channels; mono or stereo is taken")
    if sound.samplerate not in _RATES_HZ:
        raise UnfitRecordingError(f"{path}: {sound.samplerate} Hz; 8,000 to 192,000 Hz are taken")
    length_s = sound.frames / sound.samplerate
    if sound.frames >= _UNTOLD:
        raise UnfitRecordingError(f"{path}: does not tell how long it is, as after a pipe; save it anew")
    if length_s > LONGEST_S:
        raise UnfitRecordingError(f"{path}: {_length(length_s)} long; a prompt has {LONGEST_S:.0f} s at most")
    if not sound.frames:
        raise UnfitRecordingError(f"{path}: holds no sound")


def _frames(path: Path, sound: soundfile.SoundFile) -> NDArray[np.float32]:
    frames: NDArray[np.float32] = sound.read(dtype="float32", always_2d=True)
    if len(frames) < sound.frames:
        raise UnfitRecordingError(f"{path}: damaged or cut short: {len(frames)} of {sound.frames} samples can be read")
    if not np.all(np.isfinite(frames)):
        raise UnfitRecordingError(f"{path}: holds samples that are no numbers (NaN or infinite)")
    return frames


def _mono(path: Path, frames: NDArray[np.float32]) -> Samples:
    """Both channels as one, no sample above full scale: floating point goes beyond it."""
    mixed: Samples = frames.mean(axis=1, dtype=np.float64)
    mixed -= mixed.mean()
    if _rms(mixed) < max(map(_rms, frames.T)) * 10 ** (-_CANCELLED_DB / 20):
        raise UnfitRecordingError(f"{path}: its two channels cancel each other; have the studio deliver mono")
    return mixed / max(1.0, float(np.max(np.abs(mixed))))


def _rms(samples: NDArray[np.float32] | Samples) -> float:
    return float(np.std(samples, dtype=np.float64))


def _loudest_db(samples: Samples) -> float:
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return decibels(float(np.sqrt(np.mean(frames**2, axis=1).max(initial=0.0))))


def _width(subtype: str) -> str:
    kind, _, bits = subtype.rpartition("_")
    return (
        f"{bits.lstrip('SU')} bit"
        if kind == "PCM"
        else {"FLOAT": "32 bit float", "DOUBLE": "64 bit float"}.get(subtype, subtype)
    )


def _length(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{seconds:.0f} s"
