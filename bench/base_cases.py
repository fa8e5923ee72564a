"""The two centres that estimates are tried in: 80 operators of six groups, each with two skills in a chain.

**N**: nobody gives up, 75.5 Erlang. **P**: patience is exponential, 240 s, 90 Erlang. Talks, wrap-up included, are
log-normal with a mean of 240 s and as great a deviation; arrivals are Poisson.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Centre
from routing.rules import Rules
from routing.skills import BEST_LEVEL, Need, Skills

SHARES: Mapping[GroupId, float] = {
    GroupId("state-ru"): 0.30,
    GroupId("state-kk"): 0.24,
    GroupId("portal-kk"): 0.14,
    GroupId("portal-ru"): 0.20,
    GroupId("ict"): 0.08,
    GroupId("english"): 0.04,
}
OPERATORS = 80
TALK_S = 240.0
LANGUAGE = "ru"
"""Of all callers and operators: the groups stand for the languages here."""


@dataclass(frozen=True, slots=True)
class BaseCase:
    """A load in Erlang, and callers' mean patience."""

    name: str
    load: float
    patience_s: float = math.inf


N = BaseCase("n", 75.5)
P = BaseCase("p", 90.0, 240.0)


def arrivals(case: BaseCase, hours: float, seed: int) -> list[Arrival]:
    """Make the calls of so many hours; the same for the same seed."""
    chance = random.Random(f"{case.name} {seed}")  # noqa: S311 - the same day each time is meant
    return list(takewhile(lambda call: call.at_s < hours * 3600, stream(case, TALK_S, chance)))


def stream(case: BaseCase, talk_s: float, chance: random.Random) -> Iterator[Arrival]:
    """Make calls without end whose talks are so long in the mean."""
    groups, weights = list(SHARES), list(SHARES.values())
    deviation = math.sqrt(math.log(2))  # of the logarithm, when the deviation is the mean
    at_s = 0.0
    while True:
        at_s += chance.expovariate(case.load / talk_s)
        group = chance.choices(groups, weights)[0]
        talks_s = chance.lognormvariate(math.log(talk_s) - deviation**2 / 2, deviation)
        patience_s = chance.expovariate(1 / case.patience_s) if math.isfinite(case.patience_s) else math.inf
        yield Arrival(at_s, group, talks_s, patience_s, LANGUAGE)


def chain() -> Centre:
    """The 80 operators in the chain, under the policy that is the default."""
    shares = {Need(group, LANGUAGE): share for group, share in SHARES.items()}
    return Centre(chained(OPERATORS), Rules(wrap_up_s=0.0), shares=shares)


def chained(staff: int) -> dict[OperatorId, Skills]:
    """Each group's operators, in proportion to its calls, know the next or the last group, too."""
    groups = list(SHARES)
    operators: dict[OperatorId, Skills] = {}
    for at, number in enumerate(primary_numbers(staff)):
        for one in range(number):
            second = groups[(at + 1) % len(groups)] if one < (number + 1) // 2 else groups[at - 1]
            levels = tuple(sorted(((groups[at], BEST_LEVEL), (second, BEST_LEVEL))))
            operators[OperatorId(str(1001 + len(operators)))] = Skills(levels, frozenset({LANGUAGE}))
    return operators


def primary_numbers(staff: int) -> list[int]:
    """How many of the operators have each group first: the whole parts, and one more for the largest rests."""
    exact = [staff * share for share in SHARES.values()]
    numbers = [math.floor(one + 1e-9) for one in exact]
    by_rest = sorted(range(len(exact)), key=lambda at: numbers[at] - exact[at])
    for at in by_rest[: staff - sum(numbers)]:
        numbers[at] += 1
    return numbers
