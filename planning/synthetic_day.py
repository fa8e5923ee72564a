"""A day that never was: Poisson arrivals over half-hours, log-normal talks, exponential patience, all from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calls.ids import GroupId
from planning.forecast import HALF_HOUR_MIN, HALF_HOUR_S, Demand
from planning.simulator import Arrival
from planning.staffing import NEW_CALLERS_MENU_S

CURVES: Mapping[str, tuple[float, ...]] = {
    "flat": (1.0,) * 24,
    "day": (
        0.10, 0.06, 0.05, 0.05, 0.06, 0.10, 0.20, 0.45, 0.90, 1.35, 1.55, 1.50,
        1.20, 1.05, 1.35, 1.45, 1.35, 1.10, 0.75, 0.55, 0.45, 0.35, 0.25, 0.15,
    ),
}  # fmt: skip
"""Calls of each hour of the local day, relative to each other. `day` is no measurement: quiet nights and a rush before
and after lunch, as call centres of offices have it; who has past days forecasts from them."""

TALK_DEVIATION = 1.0
"""Of a talk over its mean; talks are about log-normal (Brown et al. 2005)."""


@dataclass(frozen=True, slots=True)
class Callers:
    """What the callers of such a day are like."""

    languages: Mapping[str, float]
    """How many choose each, relative to each other."""
    menu_s: float = NEW_CALLERS_MENU_S
    patience_s: float = math.inf
    """In the mean; infinite: nobody gives up."""
    shares: Mapping[GroupId, float] = field(default_factory=dict)
    """Of the groups, for calls that are told apart by nothing else."""


def demand_of(calls: float, shares: Mapping[GroupId, float], curve: str, talk_s: float) -> tuple[Demand, ...]:
    """So many calls over a day, by groups and a curve's name. Raises KeyError for an unknown curve."""
    weights = CURVES[curve]
    whole, groups = 2 * sum(weights), sum(shares.values())
    return tuple(
        Demand(minute, calls * weights[minute // 60] / whole * share / groups, talk_s, group)
        for minute in range(0, 24 * 60, HALF_HOUR_MIN)
        for group, share in sorted(shares.items())
    )


def arrivals(demands: Iterable[Demand], callers: Callers, seed: int) -> tuple[Arrival, ...]:
    """The calls, in the order in which they begin to wait; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - the same day each time is meant
    languages, spoken = list(callers.languages), list(callers.languages.values())
    groups, shares = list(callers.shares), list(callers.shares.values())
    made = []
    for demand in demands:
        begin_s, rate = demand.minute * 60.0, demand.calls / HALF_HOUR_S
        at_s = begin_s
        while rate > 0 and (at_s := at_s + chance.expovariate(rate)) < begin_s + HALF_HOUR_S:
            made.append(
                Arrival(
                    at_s=at_s,
                    group=chance.choices(groups, shares)[0] if demand.group is None else demand.group,
                    talk_s=_log_normal(chance, demand.talk_s),
                    patience_s=(
                        chance.expovariate(1 / callers.patience_s) if math.isfinite(callers.patience_s) else math.inf
                    ),
                    language=chance.choices(languages, spoken)[0],
                    waited_s=callers.menu_s,
                )
            )
    return tuple(sorted(made, key=lambda arrival: arrival.at_s))


def _log_normal(chance: random.Random, mean_s: float) -> float:
    variance = math.log(1 + TALK_DEVIATION**2)
    return chance.lognormvariate(math.log(mean_s) - variance / 2, math.sqrt(variance))
