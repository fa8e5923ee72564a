"""A day played by the core: what waiting callers were told, by us and as Asterisk would, against what came true.

Our side is the very object that the dispatcher asks. Asterisk's is `app_queue`'s hold time of the caller's queue, an
exponential average of the answered callers' waits with the weight 1/4 (`recalc_holdtime`), here without its rounding to
whole seconds: kinder to it than what it says, which is whole minutes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush

from calls.ids import CallId, GroupId
from planning.simulator import Served
from routing.skills import Need
from routing.waits.announced import Announced
from routing.waits.estimate import Ahead, Estimate, Staff
from routing.waits.expectation import Expectations
from routing.waits.rates import Tally, giving_up, talk_s

FIRST_S, EVERY_S = 10.0, 30.0
"""When callers are told, as `[waiting]` of the configuration has it."""
ROUNDING_S = 30.0
"""A whole minute means half a minute more or less."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """One answered caller who had to wait: what was foretold when the wait began, and what came true; seconds."""

    at_s: float
    wait_s: float
    expected: Estimate
    formula_s: float
    """The published formula alone."""
    asterisk_s: float


@dataclass(frozen=True, slots=True)
class Said:
    """One telling of minutes to a caller who was answered in the end; seconds from then to the answer."""

    at_s: float
    left_s: float
    told: Announced
    grew: bool

    @property
    def came_true(self) -> bool:
        """Whether the rest of the wait was within the minutes, to their rounding."""
        minutes = self.told.minutes
        return minutes is not None and 60 * minutes.low - ROUNDING_S <= self.left_s <= 60 * minutes.high + ROUNDING_S


def published_s(need: Need, ahead: Ahead[Need], staff: Staff[Need], tallies: Mapping[GroupId, Tally]) -> float:
    """The formula as it was published: Σ k = 0..q of 1 / (s·μ + k·θ). Somebody must be on duty for the need."""
    rates = {one: tallies[one.group] for one in {need, *ahead} if one.group in tallies}
    share = sum(
        number * (ahead.get(need, 0) + 1) / (1 + sum(ahead.get(one, 0) for one in serves)) / talk_s(rates, serves)
        for serves, number in staff.items()
        if need in serves
    )
    leaving = giving_up(rates, need)
    return sum(1 / (share + others * leaving) for others in range(ahead.get(need, 0) + 1))


class Foretelling:
    """Goes once through a played day of which the operators stay the same."""

    def __init__(self, served: Sequence[Served], staff: Staff[Need]) -> None:
        self._served, self._staff = served, staff
        self._needs = [Need(one.arrival.group, one.arrival.language) for one in served]
        self._ids = [CallId(str(number)) for number in range(len(served))]
        self._lines: dict[Need, list[int]] = {}
        self._hold_s: dict[GroupId, float] = {}
        self._began: dict[int, tuple[float, float]] = {}
        self._told: dict[int, Announced] = {}
        self._expectations = Expectations()
        self._deeds: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0
        self.foretold: list[Foretold] = []
        self.said: list[Said] = []

    def play(self) -> Foretelling:
        """Go through the day, in the order of time; deeds of the same instant in the order of their planning."""
        for number, one in enumerate(self._served):
            while self._deeds and self._deeds[0][0] <= one.arrival.at_s:
                heappop(self._deeds)[2]()
            self._arrives(number)
        while self._deeds:
            heappop(self._deeds)[2]()
        return self

    def _plan(self, at_s: float, deed: Callable[[], None]) -> None:
        self._planned += 1
        heappush(self._deeds, (at_s, self._planned, deed))

    def _arrives(self, number: int) -> None:
        one, need = self._served[number], self._needs[number]
        if one.wait_s > 0:
            ahead = self._ahead(number)
            formula_s = published_s(need, ahead, self._staff, self._expectations.tallies)
            self._began[number] = formula_s, self._hold_s.get(need.group, 0.0)
            self._expectations.began(self._ids[number], need, ahead, self._staff, _ms(one.arrival.at_s))
            insort(self._lines.setdefault(need, []), number)
            self._plan_telling(number, FIRST_S)
        self._plan(one.arrival.at_s + one.wait_s, partial(self._wait_ends, number))

    def _plan_telling(self, number: int, at_s: float) -> None:
        one = self._served[number]
        if at_s < one.wait_s:
            self._plan(one.arrival.at_s + at_s, partial(self._tell, number, at_s))

    def _tell(self, number: int, at_s: float) -> None:
        one, ahead = self._served[number], self._ahead(number)
        place = 1 + sum(count for need, count in ahead.items() if need.group == one.arrival.group)
        before, told = self._told.get(number), self._expectations.say(self._ids[number], place, ahead, self._staff)
        self._told[number] = told
        if one.operator is not None:
            self.said.append(Said(one.arrival.at_s + at_s, one.wait_s - at_s, told, _grew(before, told)))
        self._plan_telling(number, at_s + EVERY_S)

    def _wait_ends(self, number: int) -> None:
        one, need = self._served[number], self._needs[number]
        now_s = one.arrival.at_s + one.wait_s
        waited = self._began.pop(number, None)
        if waited is not None:
            line = self._lines[need]
            del line[bisect_left(line, number)]
        if one.operator is None:
            self._expectations.gave_up(self._ids[number], _ms(now_s))
            return
        self._hold_s[need.group] = (3 * self._hold_s.get(need.group, 0.0) + one.wait_s) / 4
        self._plan(now_s + one.arrival.talk_s, partial(self._talk_ends, number))
        true = self._expectations.answered(self._ids[number], _ms(now_s))
        if waited is not None and true is not None:
            self.foretold.append(Foretold(one.arrival.at_s, true.wait_s, true.expected, *waited))

    def _talk_ends(self, number: int) -> None:
        one = self._served[number]
        now_s = one.arrival.at_s + one.wait_s + one.arrival.talk_s
        self._expectations.talked(one.arrival.group, one.arrival.talk_s, _ms(now_s))

    def _ahead(self, number: int) -> dict[Need, int]:
        return {need: ahead for need, line in self._lines.items() if (ahead := bisect_left(line, number))}


def _grew(before: Announced | None, now: Announced) -> bool:
    if before is None or before.held is None or now.minutes is None or now.place > before.place:
        return False
    return now.minutes.high > before.held.high or now.minutes.low > before.held.low


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
