"""The wait told to callers against what came true: ours, the published formula alone, and Asterisk's hold time.

The routing core plays days of the base cases N and P, chain of skills; every caller who has to wait and is answered in
the end counts, with the estimate made when the wait began. The rates of talking and giving up are learned on the way
as in the live hotline; nothing is known beforehand. A run is one seed in both cases, the figure the worse of the two.

The published formula alone is biased: by +5 % under N, since a line's operators are helped by the neighbours' more than
their present lines show, and by +9 % under P, since it foretells the wait of a caller of endless patience. So ours
counts giving up as those who are answered see it, and weighs the formula with the pooled line by what came true.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.base_cases import LANGUAGE, BaseCase, N, P, arrivals, chain
from bench.figures import Run, Target
from bench.foretold import Foretelling, Foretold
from bench.report import Tell, run
from planning.simulator import simulate
from routing.skills import Need

TARGETS = (
    Target("error_over_asterisk", 0.8),
    Target("bias", 0.05, least=-0.05),
    Target("bias_size", 0.05),
    Target("grew", 0),
)
WARM_UP_S = 3600.0


@dataclass(frozen=True, slots=True)
class Size:
    """Seeds, and hours of each day; the first hour is not counted."""

    seeds: int
    hours: float


FULL, QUICK = Size(24, 13), Size(8, 7)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Play the days, seed after seed."""
    size = QUICK if quick else FULL
    tell(f"{size.seeds} seeds of {size.hours:g} hours each, with callers who stay (N) and who give up (P)")
    return [await asyncio.to_thread(one_seed, seed, size.hours) for seed in range(1, size.seeds + 1)]


def one_seed(seed: int, hours: float) -> Run:
    """Both cases of one seed, and the worse of each figure."""
    n, p = (one_day(case, seed, hours) for case in (N, P))
    return {
        "error_over_asterisk": max(n["error_over_asterisk"], p["error_over_asterisk"]),
        "bias": max(n["bias"], p["bias"], key=abs),
        "bias_size": max(abs(n["bias"]), abs(p["bias"])),
        "grew": n["grew"] + p["grew"],
        "came_true": min(n["came_true"], p["came_true"]),
        **{f"{key}_{case.name}": value for case, day in ((N, n), (P, p)) for key, value in day.items()},
    }


def one_day(case: BaseCase, seed: int, hours: float) -> Run:
    """Play a day and hold what was told against what came true; errors are means of sizes, over the answered."""
    centre = chain()
    staff = Counter(frozenset(Need(group, LANGUAGE) for group, _ in one.levels) for one in centre.operators.values())
    played = Foretelling(simulate(arrivals(case, hours, seed), centre), staff).play()
    waits = [one for one in played.foretold if one.at_s > WARM_UP_S]
    said = [one for one in played.said if one.at_s > WARM_UP_S and one.told.minutes is not None]
    ranges = [one.told.minutes for one in said if one.told.minutes is not None]
    error_s = _error_s(waits, lambda one: one.expected.mean_s)
    asterisk_s = _error_s(waits, lambda one: one.asterisk_s)
    return {
        "error_over_asterisk": error_s / asterisk_s,
        "formula_over_asterisk": _error_s(waits, lambda one: one.formula_s) / asterisk_s,
        "bias": _bias(waits, lambda one: one.expected.mean_s),
        "formula_bias": _bias(waits, lambda one: one.formula_s),
        "asterisk_bias": _bias(waits, lambda one: one.asterisk_s),
        "error_s": error_s,
        "mean_wait_s": statistics.fmean(one.wait_s for one in waits),
        "within_span": statistics.fmean(one.expected.low_s <= one.wait_s <= one.expected.high_s for one in waits),
        "came_true": statistics.fmean(one.came_true for one in said),
        "minutes_wide": statistics.fmean(minutes.high - minutes.low for minutes in ranges),
        "grew": sum(one.grew for one in played.said),
    }


def _error_s(waits: Sequence[Foretold], told_s: Callable[[Foretold], float]) -> float:
    return statistics.fmean(abs(told_s(one) - one.wait_s) for one in waits)


def _bias(waits: Sequence[Foretold], told_s: Callable[[Foretold], float]) -> float:
    """How much too long the estimates are, over the mean wait."""
    return sum(told_s(one) - one.wait_s for one in waits) / sum(one.wait_s for one in waits)


if __name__ == "__main__":
    run("estimate", "the wait told to callers against what came true", measure, TARGETS)
