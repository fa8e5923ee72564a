"""What a waiting caller is told of the time: whole minutes, a range, never growing while the place does not.

A place that rises (a caller with an older right came back) lets the range start anew. A range that would have to grow
otherwise, because operators went away, is not spoken: the place alone is honest then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from routing.waits.estimate import Estimate

LONGEST_MIN = 60
"""More minutes than this are no longer told apart."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """From `low` to `high` whole minutes; a low of 0 is "less than"."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Announced:
    """What was said last: the place, the minutes (None: the place alone), and the range that later ones stay within."""

    place: int
    minutes: Minutes | None = None
    held: Minutes | None = None


def minutes_of(expected: Estimate) -> Minutes:
    """The estimate's span in whole minutes, rounded, at least "less than one" and at most `LONGEST_MIN`."""
    high = min(LONGEST_MIN, max(1, _rounded(expected.high_s)))
    return Minutes(min(high, _rounded(expected.low_s)), high)


def announce(before: Announced | None, place: int, expected: Estimate | None) -> Announced:
    """What to say now. Without an estimate (nobody on duty serves the group) only the place is known."""
    held = before.held if before is not None and place <= before.place else None
    if expected is None:
        return Announced(place, None, held)
    fresh = minutes_of(expected)
    if held is None:
        return Announced(place, fresh, fresh)
    if fresh.low > held.high:
        return Announced(place, None, held)
    narrowed = Minutes(min(fresh.low, held.low), min(fresh.high, held.high))
    return Announced(place, narrowed, narrowed)


def _rounded(seconds: float) -> int:
    return LONGEST_MIN if math.isinf(seconds) else min(LONGEST_MIN, math.floor(seconds / 60 + 0.5))
