"""What both twins get: operators with two groups and one or two languages each, and calls for all of them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival
from routing.skills import Need, Skills

STATE, PORTAL, ICT = GroupId("state-services"), GroupId("portal"), GroupId("ict")
NEEDS: Mapping[Need, float] = {
    Need(STATE, "kk"): 0.30,
    Need(STATE, "ru"): 0.20,
    Need(PORTAL, "kk"): 0.18,
    Need(PORTAL, "ru"): 0.17,
    Need(ICT, "kk"): 0.06,
    Need(ICT, "ru"): 0.09,
}
"""Of the calls; who waits for what."""

HOMES: Sequence[tuple[Mapping[GroupId, int], frozenset[str]]] = (
    ({STATE: 1, PORTAL: 2}, frozenset({"kk", "ru"})),
    ({STATE: 1}, frozenset({"kk"})),
    ({PORTAL: 1, STATE: 2}, frozenset({"ru"})),
    ({STATE: 1, ICT: 3}, frozenset({"kk", "ru"})),
    ({PORTAL: 1, ICT: 2}, frozenset({"kk", "ru"})),
    ({STATE: 1, PORTAL: 3}, frozenset({"ru"})),
    ({ICT: 1, PORTAL: 2}, frozenset({"kk", "ru"})),
    ({PORTAL: 1, STATE: 3}, frozenset({"kk"})),
)
"""Skills by level and languages; the operators have them in turn."""

SHORTEST_S = 3.0
"""Of the talks: the operator's number is told in the first 2.7 s."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played: operators, their load without the time of setting calls up, calls, mean talk, wrap-up."""

    operators: int
    load: float
    calls: int
    mean_talk_s: float
    wrap_up_s: float
    ring_s: float
    """Until an operator picks up."""


def skills(number: int) -> Skills:
    """What the operator of this place in the list can do."""
    levels, languages = HOMES[number % len(HOMES)]
    return Skills(tuple(sorted(levels.items())), languages)


def people(numbers: Sequence[str]) -> str:
    """The operators of these numbers as the configuration has them, in JSON."""
    return json.dumps(
        [
            {
                "number": number,
                "name": f"Operator {number}",
                "groups": [group for group, _ in skills(at).levels],
                "skills": {str(group): level for group, level in skills(at).levels},
                "languages": sorted(skills(at).languages),
            }
            for at, number in enumerate(numbers)
        ]
    )


def idle_calls(count: int, gap_s: float) -> list[Arrival]:
    """Calls so far apart that each finds its operators idle: for the time to set one up."""
    needs = list(NEEDS)
    return [
        Arrival(gap_s * at, needs[at % len(needs)].group, SHORTEST_S, language=needs[at % len(needs)].language)
        for at in range(count)
    ]


def busy_calls(size: Size, begin_s: float, seed: int) -> list[Arrival]:
    """Poisson arrivals that load the operators; talks of `SHORTEST_S` and an exponential rest."""
    chance = random.Random(seed)  # noqa: S311 - the same trace each time is meant
    needs, shares = list(NEEDS), list(NEEDS.values())
    rate = size.load * size.operators / (size.mean_talk_s + size.wrap_up_s + size.ring_s)
    made, at_s = [], begin_s
    for _ in range(size.calls):
        at_s += chance.expovariate(rate)
        need = chance.choices(needs, shares)[0]
        rest_s = chance.expovariate(1 / (size.mean_talk_s - SHORTEST_S))
        # Both twins know milliseconds alone.
        made.append(Arrival(round(at_s, 3), need.group, round(SHORTEST_S + rest_s, 3), language=need.language))
    return made


def busy_day(operators: int, load: float, hours: float, seed: int) -> tuple[list[Arrival], dict[OperatorId, Skills]]:
    """A day of a large centre with talks of four minutes: for the simulator's speed."""
    talk_s = 240.0
    size = Size(operators, load, round(load * operators / talk_s * hours * 3600), talk_s, 0.0, 0.0)
    staff = {OperatorId(str(1001 + number)): skills(number) for number in range(operators)}
    return busy_calls(size, 0.0, seed), staff
