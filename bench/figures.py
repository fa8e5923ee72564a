"""Figures of several runs: medians with their spread, percentiles, and what is to be reached."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Run = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must not exceed a limit, a number or another figure, or must not be under one."""

    key: str
    most: float | str = math.inf
    least: float = -math.inf

    def limit(self, figures: Run) -> float:
        """The upper limit as a number."""
        return figures[self.most] if isinstance(self.most, str) else self.most


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so great a share of the values does not exceed. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(runs: Sequence[Run]) -> dict[str, float]:
    """The median of each figure with `_min` and `_max` beside it, and the number of `runs`, as one flat object."""
    flat: dict[str, float] = {}
    for key in runs[0]:
        values = [run[key] for run in runs]
        flat[key] = round(statistics.median(values), 4)
        flat[f"{key}_min"], flat[f"{key}_max"] = round(min(values), 4), round(max(values), 4)
    return flat | {"runs": len(runs)}
