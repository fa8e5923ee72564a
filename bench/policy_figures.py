"""Days of several policies, seed by seed, and their ratios with paired intervals."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import percentile
from calls.ids import GroupId
from planning.simulator import Served

WARM_UP_S = 3600.0


@dataclass(frozen=True, slots=True)
class Day:
    """One seed under one policy, the first hour dropped; waits of those who were answered, seconds."""

    mean_s: float
    p90_s: float
    longest_s: float
    abandoned: float
    group_sums_s: Mapping[GroupId, float]
    group_counts: Mapping[GroupId, int]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One mean over another, with half the width of its 95 % interval."""

    value: float
    half_width: float


def day(served: Iterable[Served]) -> Day:
    """Sum up a day. Raises ValueError when nobody was answered."""
    counted = [one for one in served if one.arrival.at_s >= WARM_UP_S]
    waits = [one.wait_s for one in counted if one.operator is not None]
    sums: dict[GroupId, float] = defaultdict(float)
    counts: dict[GroupId, int] = defaultdict(int)
    for one in counted:
        if one.operator is not None:
            sums[one.arrival.group] += one.wait_s
            counts[one.arrival.group] += 1
    return Day(statistics.fmean(waits), percentile(waits, 0.9), max(waits), 1 - len(waits) / len(counted), sums, counts)


def ratio(ours: Sequence[Day], theirs: Sequence[Day]) -> Ratio:
    """Mean over mean of days that are the same seeds, with the paired interval (delta method, Student's t)."""
    pairs = [(one.mean_s, other.mean_s) for one, other in zip(ours, theirs, strict=True)]
    below = statistics.fmean(other for _, other in pairs)
    value = statistics.fmean(one for one, _ in pairs) / below
    if len(pairs) < 2:
        return Ratio(value, math.inf)
    rests = [one - value * other for one, other in pairs]
    deviation = math.sqrt(sum(rest**2 for rest in rests) / (len(pairs) - 1))
    return Ratio(value, student(len(pairs) - 1) * deviation / math.sqrt(len(pairs)) / below)


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t (Cornish and Fisher's expansion, within 1 % from 3 degrees on)."""
    z = statistics.NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4 / freedom
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96 / freedom**2
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384 / freedom**3
    return z + first + second + third


def group_means(days: Sequence[Day]) -> dict[GroupId, float]:
    """The mean wait of each group over all days, seconds."""
    groups = sorted({group for one in days for group in one.group_counts})
    return {
        group: sum(one.group_sums_s[group] for one in days) / sum(one.group_counts[group] for one in days)
        for group in groups
    }


def group_factor(days: Sequence[Day]) -> float:
    """The largest mean wait of a group over the smallest."""
    means = group_means(days).values()
    return max(means) / min(means)


def beyond(days: Sequence[Day], limit_s: float) -> int:
    """On how many days somebody waited longer."""
    return sum(one.longest_s > limit_s for one in days)
