"""Ears at packet level: how loud 20 ms of A-law are, and which packet begins a prompt that we know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float64]

FRAME = 160
FRAME_S = 0.02
_AUDIBLE_DBFS = -35.0  # a frame of a prompt that is loud enough to know it by
_ALIKE = 0.98  # A-law's own noise leaves a frame about 0.999 alike
_FLOOR_DBFS = -120.0


def _decoded(code: int) -> int:
    """One byte of A-law as a 16-bit sample (ITU-T G.711)."""
    value = code ^ 0x55
    size, segment = (value & 0x0F) << 4, (value & 0x70) >> 4
    size = size + 8 if segment == 0 else (size + 0x108) << (segment - 1)
    return size if value & 0x80 else -size


_TABLE: Samples = np.array([_decoded(code) for code in range(256)], dtype=np.float64) / 32768


def decode(payload: bytes) -> Samples:
    """A-law bytes as samples in -1.0..1.0."""
    made: Samples = _TABLE[np.frombuffer(payload, dtype=np.uint8)]
    return made


def loudness_dbfs(payload: bytes) -> float:
    """The level of a packet, in dB under a full sine; silence is -120."""
    return _level_dbfs(decode(payload))


@dataclass(frozen=True, slots=True)
class KnownSound:
    """A prompt that is recognised on the wire by its first audible frames."""

    first: int
    """Which 20 ms frame of the prompt the first of `frames` is."""
    frames: tuple[Samples, ...]

    def begun_before_s(self, payload: bytes) -> float | None:
        """How long before this packet the prompt began, seconds; None when the packet is not of its beginning."""
        heard = decode(payload)
        if len(heard) != FRAME:
            return None
        for at, frame in enumerate(self.frames):
            if _alike(heard, frame) >= _ALIKE:
                return (self.first + at) * FRAME_S
        return None


def known_sound(path: Path, frames: int = 10) -> KnownSound:
    """Read what a prompt is known by. Raises ValueError when it is silent, soundfile.LibsndfileError for no sound."""
    samples, _ = soundfile.read(str(path), dtype="float64")
    cut = [samples[at : at + FRAME] for at in range(0, len(samples) - FRAME + 1, FRAME)]
    first = next((at for at, frame in enumerate(cut) if _level_dbfs(frame) > _AUDIBLE_DBFS), None)
    if first is None:
        raise ValueError(f"{path} is silent")
    return KnownSound(first, tuple(cut[first : first + frames]))


def _alike(one: Samples, other: Samples) -> float:
    """Correlation of two frames, 0.0 to 1.0."""
    weight = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float(np.dot(one, other))) / weight if weight > 0 else 0.0


def _level_dbfs(samples: Samples) -> float:
    rms = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    return float(max(20 * np.log10(rms * np.sqrt(2)), _FLOOR_DBFS)) if rms > 0 else _FLOOR_DBFS
