"""How much the parameters of `foresight` matter: each of them 30 % smaller and 30 % larger, on the study's case N.

`PARAMETER_low` and `PARAMETER_high` are the mean wait over that with the parameter as it is, in the mean of the three
layouts; `mean_change` is the largest change of all. `group_factor` is the largest ratio of two groups' mean waits that
any variant has in any layout, `worst_caller_s` the longest wait of a day in the mean over the days, at its worst.

A policy that compares indices is chaotic, so any change makes another day: the two short days of a quick run scatter by
3 %, and only many days show how little is left.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from bench.base_cases import N, arrivals
from bench.figures import Run, Target
from bench.policy_figures import Day, day, group_factor
from bench.report import Tell, run
from bench.study import LAYOUTS, centre
from planning.simulator import Arrival, simulate
from routing.foresight import Foresight

OFF = 0.3
"""How far each parameter is moved, as a share."""

TARGETS = (Target("mean_change", 0.05), Target("group_factor", 1.3), Target("worst_caller_s", 400))

Days = Mapping[str, Sequence[Day]]
"""By layout, in the order of the seeds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played."""

    seeds: int
    hours: float
    layouts: tuple[str, ...]


FULL, QUICK = Size(12, 13, tuple(LAYOUTS)), Size(2, 7, ("chain",))


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Play every variant on the same days, on one core."""
    return [await asyncio.to_thread(figures, QUICK if quick else FULL, tell)]


def figures(size: Size, tell: Tell) -> Run:
    """Play the policy as it is, then each variant, and tell of each on the way."""
    calls = [arrivals(N, size.hours, seed) for seed in range(1, size.seeds + 1)]
    usual = played(Foresight(), calls, size.layouts)
    found: dict[str, float] = {}
    factors, worst = [factor(usual)], [worst_s(usual)]
    for name, variant in variants(Foresight()).items():
        days = played(variant, calls, size.layouts)
        found[name] = over(days, usual)
        factors.append(factor(days))
        worst.append(worst_s(days))
        tell(f"{name:18} mean {found[name]:.4f}, groups {factors[-1]:.2f}, worst caller {worst[-1]:.0f} s")
    found["mean_change"] = max(abs(one - 1) for one in found.values())
    return found | {"group_factor": max(factors), "worst_caller_s": max(worst)}


def variants(usual: Foresight) -> dict[str, Foresight]:
    """Each parameter smaller and larger, by the name of the figure."""
    return {
        f"{one.name}_{side}": replace(usual, **{one.name: getattr(usual, one.name) * times})
        for one in fields(usual)
        for side, times in (("low", 1 - OFF), ("high", 1 + OFF))
    }


def played(policy: Foresight, calls: Sequence[Sequence[Arrival]], layouts: Sequence[str]) -> Days:
    """The same days in every layout."""
    return {layout: [day(simulate(one, centre(layout, policy.policy))) for one in calls] for layout in layouts}


def over(ours: Days, theirs: Days) -> float:
    """The mean wait over that of others, in the mean of the layouts."""
    return statistics.fmean(
        statistics.fmean(one.mean_s for one in ours[layout]) / statistics.fmean(one.mean_s for one in theirs[layout])
        for layout in ours
    )


def factor(days: Days) -> float:
    """The largest mean wait of a group over the smallest, in the worst layout."""
    return max(group_factor(one) for one in days.values())


def worst_s(days: Days) -> float:
    """The longest wait of a day in the mean over the days, in the worst layout."""
    return max(statistics.fmean(one.longest_s for one in found) for found in days.values())


if __name__ == "__main__":
    run("flatness", "how much the parameters of foresight matter", measure, TARGETS)
