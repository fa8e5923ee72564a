"""A layout of skills tried out: the mean wait that it gives on one and the same stream of calls.

A fast stand-in for the routing core, some 300,000 calls a second: operators of equal skills are counted, not told
apart; the longest wait goes first, and an idle operator with fewer skills before one with more. Layouts are
compared on the same calls, so that chance weighs little in the difference.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calls.ids import GroupId
from routing.erlang import erlang_c

Serves = frozenset[GroupId]
Staff = Mapping[Serves, int]
"""How many operators there are, by the groups they serve."""


@dataclass(frozen=True, slots=True)
class Caller:
    """When a call begins to wait, seconds; for which group; how long it keeps an operator."""

    at_s: float
    group: GroupId
    busy_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a stream: the mean wait of all, of each group, and the longest, seconds."""

    mean_s: float
    groups: Mapping[GroupId, float]
    longest_s: float


def stream(shares: Mapping[GroupId, tuple[float, float]], load: float, calls: int, seed: int) -> tuple[Caller, ...]:
    """Poisson arrivals that bring so many Erlang, exponential talks; `shares`: each group's part and mean seconds."""
    chance = random.Random(seed)  # noqa: S311 - the same calls for each layout are meant
    groups = sorted(shares)
    weights = [shares[group][0] for group in groups]
    mean_s = sum(shares[group][0] * shares[group][1] for group in groups) / sum(weights)
    made, at_s = [], 0.0
    for _ in range(calls):
        at_s += chance.expovariate(load / mean_s)
        group = chance.choices(groups, weights)[0]
        made.append(Caller(at_s, group, chance.expovariate(1 / shares[group][1])))
    return tuple(made)


def load_for(operators: int, busy_s: float, wait_s: float) -> float:
    """The load, Erlang, at which so many operators who all serve everything make callers wait so long (Erlang C)."""
    low, high = 0.0, float(operators)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if erlang_c(operators, middle, busy_s).asa_s < wait_s else (low, middle)
    return low


def play(staff: Staff, calls: Sequence[Caller], pace: float = 1.0, warm_up: float = 0.1) -> Outcome:
    """Play the calls, arriving `pace` times as fast; the first `warm_up` of them is not counted.

    Raises ValueError when nobody serves a group that is called.
    """
    kinds = sorted((skills for skills, number in staff.items() if number > 0), key=lambda one: (len(one), sorted(one)))
    idle = [staff[skills] for skills in kinds]
    groups = sorted({call.group for call in calls})
    able = {group: [at for at, skills in enumerate(kinds) if group in skills] for group in groups}
    if unserved := [group for group in groups if not able[group]]:
        raise ValueError(f"nobody serves {', '.join(unserved)}")
    lines: dict[GroupId, deque[int]] = {group: deque() for group in groups}
    serves = [[lines[group] for group in groups if group in skills] for skills in kinds]
    talks: list[tuple[float, int]] = []
    waits = [0.0] * len(calls)
    for number, call in enumerate(calls):
        now_s = call.at_s / pace
        while talks and talks[0][0] <= now_s:
            _next(talks, serves, idle, calls, waits, pace)
        for kind in able[call.group]:
            if idle[kind]:
                idle[kind] -= 1
                heapq.heappush(talks, (now_s + call.busy_s, kind))
                break
        else:
            lines[call.group].append(number)
    while any(lines.values()):
        _next(talks, serves, idle, calls, waits, pace)
    return _outcome(calls, waits, round(len(calls) * warm_up))


def _next(
    talks: list[tuple[float, int]],
    serves: list[list[deque[int]]],
    idle: list[int],
    calls: Sequence[Caller],
    waits: list[float],
    pace: float,
) -> None:
    """The first of the talks ends; its operator takes whoever has waited longest, or is idle."""
    at_s, kind = talks[0]
    line = min((line for line in serves[kind] if line), key=lambda line: line[0], default=None)
    if line is None:
        heapq.heappop(talks)
        idle[kind] += 1
        return
    number = line.popleft()
    waits[number] = at_s - calls[number].at_s / pace
    heapq.heapreplace(talks, (at_s + calls[number].busy_s, kind))


def _outcome(calls: Sequence[Caller], waits: list[float], first: int) -> Outcome:
    sums: dict[GroupId, tuple[int, float]] = {}
    for call, wait_s in zip(calls[first:], waits[first:], strict=True):
        count, total_s = sums.get(call.group, (0, 0.0))
        sums[call.group] = (count + 1, total_s + wait_s)
    count, total_s = sum(one for one, _ in sums.values()), sum(total for _, total in sums.values())
    return Outcome(
        total_s / count if count else 0.0,
        {group: total / number for group, (number, total) in sorted(sums.items())},
        max(waits[first:], default=0.0),
    )


def learned(staff: Staff, serves: Serves, group: GroupId, operators: int) -> dict[Serves, int]:
    """The layout after so many operators of these skills have learned one group more."""
    wider = serves | {group}
    return {**staff, serves: staff[serves] - operators, wider: staff.get(wider, 0) + operators}
