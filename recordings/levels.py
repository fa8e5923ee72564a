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
ACTIVE_DBFS = -50.0
FLOOR_DBFS = -120.0
HEARD_S = 0.2  # a side is silent when less of it is active: one click of a phone is not a voice

_FULL_SINE = 32768.0**2 / 2  # mean square of a full-scale sine
_ACTIVE_POWER = _FULL_SINE * 10 ** (ACTIVE_DBFS / 10)


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was heard of one side so far: the sum of the mean squares of its active windows, and their number."""

    power: float = 0.0
    windows: int = 0

    @property
    def dbfs(self) -> float:
        """The level of the active parts, -120 when there are none."""
        if self.windows == 0:
            return FLOOR_DBFS
        return max(10 * math.log10(self.power / self.windows / _FULL_SINE), FLOOR_DBFS)

    @property
    def is_silent(self) -> bool:
        """Whether so little was active that nobody can have spoken."""
        return self.windows * WINDOW_FRAMES / 8000 < HEARD_S


def heard(before: Loudness, side: npt.NDArray[np.int16]) -> Loudness:
    """Add one side's samples; what is left over after whole windows is left out, so pass whole windows but at the end.

    A file shorter than one window has no active part.
    """
    whole = len(side) // WINDOW_FRAMES * WINDOW_FRAMES
    windows = side[:whole].astype(np.float32).reshape(-1, WINDOW_FRAMES)
    power = np.einsum("ws,ws->w", windows, windows) / WINDOW_FRAMES
    active = power[power > _ACTIVE_POWER]
    return Loudness(before.power + float(active.sum(dtype=np.float64)), before.windows + len(active))
