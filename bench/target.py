"""A day with a surge in one group, with target control and without, in the simulator: the same calls, the real core.

Thirteen hours, three groups with operators of their own: 28 for state services (24 Erlang, 1.6 times as many for three
hours), 22 for the portal (16 Erlang), 12 for ICT (8 Erlang); talks of 240 s and a patience of 600 s, both exponential;
three seconds from the offer to the answer. Ten operators of the portal and six of ICT are named as helpers of the state
services. Thresholds and times are the configuration's defaults.

`surge_*` is the group with the surge, `helpers_worst_*` the worse of the two groups that lend, `*_alone_*` the day
without control. `moves` counts steps of all standings, `alarms` what people would have been told.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.figures import Run, Target
from bench.report import Tell, run
from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Centre, Habits, Served, simulate
from planning.target_day import TargetDay
from routing.core import Rules
from routing.skills import Skills
from routing.target.ladder import TargetRules
from routing.target.lending import Reserves

STATE, PORTAL, ICT = (GroupId(name) for name in ("state-services", "portal", "ict"))
STAFF = {STATE: (100, 28, 24.0), PORTAL: (200, 22, 16.0), ICT: (300, 12, 8.0)}
"""By group: the first operator's number, how many, and the load in Erlang."""
HELPERS = [OperatorId(str(number)) for number in (*range(200, 210), *range(300, 306))]
SURGE = 1.6
TALK_S, PATIENCE_S, SET_UP_S, TARGET_S = 240.0, 600.0, 3.0, 30.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How long the day is, and when the surge is, hours from its beginning."""

    hours: float = 13.0
    surge_from: float = 4.0
    surge_to: float = 7.0


DAY = Shape()
TARGETS = (Target("surge_over_alone", 0.7), Target("helpers_worst_asa_s", TARGET_S))


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Play each day twice."""
    return [await asyncio.to_thread(one_day, seed, tell) for seed in range(1, 3 if quick else 13)]


def one_day(seed: int, tell: Tell, shape: Shape = DAY) -> Run:
    """A day of this seed, without control and with it."""
    calls = sorted(arrivals(random.Random(seed), shape), key=lambda call: call.at_s)  # noqa: S311 - the same day each time
    rules = Rules(targets_s=dict.fromkeys(STAFF, TARGET_S))
    alone = Centre(operators(), rules, Habits(set_up_s=SET_UP_S))
    look = TargetDay(Reserves({STATE: HELPERS}), TargetRules(), shape.hours * 3600, set_up_s=SET_UP_S)
    without, controlled = simulate(calls, alone), simulate(calls, replace(alone, look=look))
    found: dict[str, float] = {}
    for name, served in (("_alone", without), ("", controlled)):
        asa_s = {group: mean_wait_s(served, group) for group in STAFF}
        found[f"surge{name}_asa_s"] = asa_s[STATE]
        found[f"surge{name}_gave_up"] = gave_up(served, STATE)
        found[f"helpers_worst{name}_asa_s"] = max(asa_s[PORTAL], asa_s[ICT])
        found[f"helpers_worst{name}_gave_up"] = max(gave_up(served, PORTAL), gave_up(served, ICT))
        found[f"all{name}_asa_s"] = mean_wait_s(served)
    found["surge_over_alone"] = found["surge_asa_s"] / found["surge_alone_asa_s"]
    found["helped"] = sum(one.operator in HELPERS and one.arrival.group == STATE for one in controlled)
    looks = list(pairwise(look.decided))
    found["moves"] = sum(one.standings.get(group) != two.standings[group] for one, two in looks for group in STAFF)
    found["alarms"] = len(look.said)
    tell(f"day {seed}: {found['surge_alone_asa_s']:.1f} s alone, {found['surge_asa_s']:.1f} s with control; "
         f"who helped: {found['helpers_worst_alone_asa_s']:.1f} and {found['helpers_worst_asa_s']:.1f} s")  # fmt: skip
    return found


def arrivals(chance: random.Random, shape: Shape = DAY) -> Iterator[Arrival]:
    """Poisson in each group; a surge is the usual calls and more of them."""
    for group, (_, _, load) in STAFF.items():
        most, at_s = load / TALK_S * (SURGE if group == STATE else 1.0), 0.0
        while (at_s := at_s + chance.expovariate(most)) < shape.hours * 3600:
            in_surge = group == STATE and shape.surge_from * 3600 <= at_s < shape.surge_to * 3600
            talk_s, patience_s = chance.expovariate(1 / TALK_S), chance.expovariate(1 / PATIENCE_S)
            if in_surge or group != STATE or chance.random() < 1 / SURGE:
                yield Arrival(at_s, group, talk_s, patience_s)


def operators() -> dict[OperatorId, Skills]:
    """Each with one group."""
    return {
        OperatorId(str(first + number)): Skills(((group, 1),), frozenset({"ru"}))
        for group, (first, count, _) in STAFF.items()
        for number in range(count)
    }


def mean_wait_s(served: Iterable[Served], group: GroupId | None = None) -> float:
    """Of the answered."""
    waits = [one.wait_s for one in served if one.operator is not None and group in (None, one.arrival.group)]
    return sum(waits) / len(waits)


def gave_up(served: Iterable[Served], group: GroupId) -> float:
    """The share of the group's callers."""
    left = [one.operator is None for one in served if one.arrival.group == group]
    return sum(left) / len(left)


if __name__ == "__main__":
    run("target", "target control on a day with a surge", measure, TARGETS)
