"""Waits of some callers, as figures tell them: an average, and what an average hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits of some callers; without callers the rest is None."""

    count: int
    mean_s: float | None = None
    p90_s: float | None = None
    longest_s: float | None = None


NOBODY_WAITED = Waits(0)


def waits(seconds: Sequence[float]) -> Waits:
    """Mean, ninth decile (the smallest wait that nine tenths do not exceed) and longest."""
    if not seconds:
        return NOBODY_WAITED
    ordered = sorted(seconds)
    ninth = -(-9 * len(ordered) // 10) - 1
    return Waits(len(ordered), sum(ordered) / len(ordered), ordered[ninth], ordered[-1])


def seconds_between(from_ms: int, to_ms: int) -> float:
    """From one instant to another; clocks that disagree make no wait negative."""
    return max(0, to_ms - from_ms) / 1000
