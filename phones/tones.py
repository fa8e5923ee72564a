"""Ears: which tones, and whether any sound at all, are in a recording.

Each phone of a test talks in a tone of its own, so that "the caller heard the operator" is proved by content and not
by loudness (by spectrum, after A-law). Levels are dBFS of a sine: amplitude 1.0 is 0 dBFS.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float64]

FRAME_S = 0.25  # a Hann window of this length tells tones 8 Hz apart from each other
FLOOR_DBFS = -120.0  # what silence reads as, since its logarithm does not exist
HEARD_DBFS = -40.0  # A-law's own noise under a full tone lies near -45
PROMINENCE_DB = 15.0  # over the neighbours: music is wide, a tone is narrow
SILENCE_DBFS = -50.0  # a frame under this is silence: line noise after A-law reads about -66
_WAV_HEADER_BYTES = 44


def tone(hz: float, seconds: float, rate: int = 8000, dbfs: float = -12.0) -> Samples:
    """Make a sine of `hz` at `dbfs`; whole seconds of a whole `hz` loop without a click."""
    at = np.arange(round(seconds * rate), dtype=np.float64) / rate
    made: Samples = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * at)
    return made


def write_tone(path: Path, hz: float, seconds: float = 1.0, rate: int = 8000) -> Path:
    """Write a tone as 16-bit WAV and return the path. Raises OSError."""
    soundfile.write(str(path), tone(hz, seconds, rate), rate, subtype="PCM_16")
    return path


def read(path: Path | BinaryIO, channel: int = 0) -> tuple[Samples, int]:
    """Read one channel of a WAV or FLAC file, by path or open, as samples in -1.0..1.0 and its rate in hertz.

    A WAV still being written says it has no frames (sizes are written at close): it is read to its end all the same.
    Raises soundfile.LibsndfileError for no sound file, IndexError for no such channel.
    """
    if not isinstance(path, Path):
        path.seek(0)
    found, rate = soundfile.read(path, dtype="float64", always_2d=True)
    if len(found) == 0 and isinstance(path, Path) and path.suffix == ".wav":
        info = soundfile.info(str(path))
        raw = path.read_bytes()[_WAV_HEADER_BYTES:]
        raw = raw[: len(raw) // (2 * info.channels) * 2 * info.channels]
        found = np.frombuffer(raw, dtype="<i2").reshape(-1, info.channels).astype(np.float64) / 32768
    samples: Samples = found[:, channel]
    return samples, int(rate)


def tones_in(samples: Samples, rate: int, candidates_hz: Iterable[float]) -> dict[float, float]:
    """Measure the level of each candidate over the whole of `samples`, in dBFS."""
    window = np.hanning(len(samples)) if len(samples) else np.ones(1)
    return {hz: _level(samples * window, float(window.sum()), rate, hz) for hz in candidates_hz}


def hears(
    path: Path | BinaryIO,
    hz: float,
    from_s: float = 0.0,
    to_s: float | None = None,
    channel: int = 0,
    *,
    share: float = 0.5,
) -> bool:
    """Tell whether a tone sounds in at least `share` of a stretch of a recording.

    A frame counts when the tone is louder than `HEARD_DBFS` and stands out of the 150 hertz around it, so that music
    which touches the frequency is not taken for it. Raises what `read` raises.
    """
    samples, rate = read(path, channel)
    stretch = samples[round(from_s * rate) : None if to_s is None else round(to_s * rate)]
    return heard_share(stretch, rate, hz) >= share


def heard_share(samples: Samples, rate: int, hz: float) -> float:
    """Tell in which share of the quarter-second frames a tone sounds, 0.0 to 1.0; no whole frame is 0.0."""
    frames = _frames(samples, round(FRAME_S * rate))
    if len(frames) == 0:
        return 0.0
    return float(np.mean([_stands_out(frame, rate, hz) for frame in frames]))


def first_audio_s(samples: Samples, rate: int, threshold_dbfs: float = SILENCE_DBFS) -> float | None:
    """Find when the first 20 ms frame louder than the threshold begins, in seconds; None if all is silence."""
    loud = np.flatnonzero(_loudness(samples, rate) > threshold_dbfs)
    return None if len(loud) == 0 else float(loud[0]) * 0.02


def speech_or_music_present(
    samples: Samples, rate: int, threshold_dbfs: float = SILENCE_DBFS, share: float = 0.05
) -> bool:
    """Tell whether at least `share` of the 20 ms frames is louder than silence."""
    loudness = _loudness(samples, rate)
    return len(loudness) > 0 and float(np.mean(loudness > threshold_dbfs)) >= share


def _stands_out(frame: Samples, rate: int, hz: float) -> bool:
    window = np.hanning(len(frame))
    windowed, weight = frame * window, float(window.sum())
    level = _level(windowed, weight, rate, hz)
    around = [_level(windowed, weight, rate, hz + off) for off in (-75, -50, -30, 30, 50, 75)]
    return level > HEARD_DBFS and level - float(np.median(around)) > PROMINENCE_DB


def _level(windowed: Samples, weight: float, rate: int, hz: float) -> float:
    # One bin of a Fourier transform at exactly `hz` (what Goertzel computes), scaled to a sine's amplitude.
    turns = np.exp(-2j * np.pi * hz / rate * np.arange(len(windowed)))
    return _dbfs(2 * abs(complex(np.dot(windowed, turns))) / max(weight, 1e-9))


def _loudness(samples: Samples, rate: int) -> Samples:
    frames = _frames(samples, round(0.02 * rate))
    rms = np.sqrt(np.mean(frames**2, axis=1)) if len(frames) else np.empty(0)
    levels: Samples = 20 * np.log10(np.maximum(rms * np.sqrt(2), 10 ** (FLOOR_DBFS / 20)))
    return levels


def _frames(samples: Samples, size: int) -> Samples:
    whole = len(samples) // size
    return samples[: whole * size].reshape(whole, size)


def _dbfs(amplitude: float) -> float:
    return float(max(20 * np.log10(max(amplitude, 1e-12)), FLOOR_DBFS))
