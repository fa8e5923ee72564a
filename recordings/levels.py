"""How loud each side of a talk is, so that a side that was never heard is noticed.

Levels are dBFS of a sine: a full-scale sine is 0. They are the RMS over the active parts only: a side that mostly
listens is not quieter for it. Active is a 20 ms window over -50 dBFS; an idle line reads about -66 after A-law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.int16]
"""Samples of both sides, shaped (frames, 2)."""

WINDOW_FRAMES = 160  # 20 ms at 8 kHz
WINDOW_MS = 20
ACTIVE_DBFS = -50.0
FLOOR_DBFS = -120.0
FULL_SCALE = 32_000
"""A-law's loudest sample is 32,256, µ-law's 32,124."""
CLIPPED_SAMPLES = 3
"""In a window that is clipped: a voice passes through its peak in one or two."""
HEARD_S = 0.2  # a side is silent when less of it is active: one click of a phone is not a voice

_FULL_SINE = 32768.0**2 / 2  # mean square of a full-scale sine
_ACTIVE_POWER = _FULL_SINE * 10 ** (ACTIVE_DBFS / 10)


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was heard of one side so far: the sum of the mean squares of its active windows, and their number."""

    power: float = 0.0
    windows: int = 0
    clipped: int = 0
    """Windows in which the sound ran into full scale."""

    @property
    def dbfs(self) -> float:
        """The level of the active parts, -120 when there are none."""
        if self.windows == 0:
            return FLOOR_DBFS
        return max(10 * math.log10(self.power / self.windows / _FULL_SINE), FLOOR_DBFS)

    @property
    def active_ms(self) -> int:
        """How long something was to be heard."""
        return self.windows * WINDOW_MS

    @property
    def clipped_ms(self) -> int:
        """How long it was too loud to be recorded as it was."""
        return self.clipped * WINDOW_MS

    @property
    def is_silent(self) -> bool:
        """Whether so little was active that nobody can have spoken."""
        return self.windows * WINDOW_FRAMES / 8000 < HEARD_S


def heard(before: Loudness, side: npt.NDArray[np.int16]) -> Loudness:
    """Add one side's samples; what is left over after whole windows is left out, so pass whole windows but at the end.

    A file shorter than one window has no active part.
    """
    whole = len(side) // WINDOW_FRAMES * WINDOW_FRAMES
    samples = side[:whole].reshape(-1, WINDOW_FRAMES)
    windows = samples.astype(np.float32)
    power = np.einsum("ws,ws->w", windows, windows) / WINDOW_FRAMES
    active = power[power > _ACTIVE_POWER]
    total = before.power + float(active.sum(dtype=np.float64))
    return Loudness(total, before.windows + len(active), before.clipped + _clipped(samples))


def _clipped(windows: npt.NDArray[np.int16]) -> int:
    """The clipped ones among the windows."""
    if windows.size == 0 or (windows.max() < FULL_SCALE and windows.min() > -FULL_SCALE):
        return 0
    full = (windows >= FULL_SCALE) | (windows <= -FULL_SCALE)
    return int(np.sum(full.sum(axis=1) >= CLIPPED_SAMPLES))
