"""The day in seconds: calls of a trace through the very same core, the time made up.

What the dispatcher does with Asterisk, this does with a heap of instants: an offer rings, somebody picks up or lets it
ring, a talk ends, a caller gives up. Deterministic: the same input gives the same waits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from math import inf

from calls.events import (
    CallGone,
    CallWaiting,
    DutyChanged,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    Outcome,
    Reachability,
    Tick,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Offer
from routing.core import Router, Rules
from routing.presence import Operator
from routing.skills import Need, Skills
from routing.target.day import Lent

LOOK_EVERY_S = 10.0
NEVER_S = 1e9
"""For announcements: nobody listens to them here."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call of a trace, seconds from its beginning."""

    at_s: float
    group: GroupId
    talk_s: float
    patience_s: float = inf
    """How long the caller waits before giving up."""
    language: str = "ru"
    waited_s: float = 0.0
    """Waited before: in the menu, or in another group before a transfer. The place in the line is by all of it."""
    moved: bool = False
    """Comes from an operator's transfer, not from the menu: the same caller's further wait."""


@dataclass(frozen=True, slots=True)
class Duty:
    """An operator comes or goes."""

    at_s: float
    operator: OperatorId
    ready: bool


@dataclass(frozen=True, slots=True)
class Habits:
    """How phones and people behave."""

    set_up_s: float = 0.0
    """From the offer to the pick-up."""
    missed: float = 0.0
    """Share of offers that ring in vain."""
    back_after_s: float = 60.0
    """How long an operator who let it ring stays paused."""
    seed: int = 1414


@dataclass(frozen=True, slots=True)
class Served:
    """What became of one call; times in seconds."""

    arrival: Arrival
    wait_s: float
    """Until the pick-up, or until the caller gave up."""
    operator: OperatorId | None
    """Who answered; None when the caller gave up."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What somebody who looks on in between sees; the sequences only grow."""

    now_ms: int
    router: Router
    came: Sequence[Arrival]
    """In the order of arrival."""
    ended: Sequence[Served]
    """In the order in which the waits ended."""


@dataclass(frozen=True, slots=True)
class Centre:
    """What stays the same over a run."""

    operators: Mapping[OperatorId, Skills]
    rules: Rules = field(default_factory=Rules)
    habits: Habits = field(default_factory=Habits)
    duties: Sequence[Duty] = ()
    """Who comes and goes; without any, everybody is ready all the time."""
    shares: Mapping[Need, float] | None = None
    """Of the traffic, when they are known beforehand; else the core learns them."""
    look: Callable[[Moment], Lent] | None = None
    """Says every `LOOK_EVERY_S` who is lent to which group in danger."""


def simulate(arrivals: Iterable[Arrival], centre: Centre) -> list[Served]:
    """Play the trace to its end and return every call in the order of arrival.

    Callers whom nobody will ever serve, and who never give up, are left out: their wait has no end.
    """
    return _Day(arrivals, centre).play()


class _Day:
    """One run: the deeds to come on a heap, and what became of each call."""

    def __init__(self, arrivals: Iterable[Arrival], centre: Centre) -> None:
        self._centre, self._habits = centre, centre.habits
        self._rules = replace(centre.rules, announce_first_s=NEVER_S, announce_every_s=NEVER_S)
        operators = [
            Operator(number, frozenset(dict(skills.levels)), skills.languages, levels=dict(skills.levels))
            for number, skills in centre.operators.items()
        ]
        self._router = Router(operators, self._rules, centre.shares)
        self._chance = random.Random(centre.habits.seed)  # noqa: S311 - the same day each time is meant
        self._calls = sorted(arrivals, key=lambda arrival: arrival.at_s)
        self._ids = [CallId(f"c{number:07}") for number in range(len(self._calls))]
        self._numbers = {call: number for number, call in enumerate(self._ids)}
        self._served: dict[int, Served] = {}
        self._came: list[Arrival] = []
        self._ended: list[Served] = []
        self._rung: dict[int, tuple[OperatorId, int]] = {}
        """By call: whose phone rings for it, and the number of the offer."""
        self._offers: dict[int, int] = {}
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0
        self._now_ms = 0

    def play(self) -> list[Served]:
        for operator in self._router.operators:
            self._tell(Reachability(operator, True))
            if not self._centre.duties:
                self._tell(DutyChanged(operator, True))
        for duty in self._centre.duties:
            self._plan(_ms(duty.at_s), partial(self._tell, DutyChanged(duty.operator, duty.ready, "off duty")))
        if self._calls:
            self._plan(_ms(self._calls[0].at_s), partial(self._arrive, 0))
        if self._centre.look is not None:
            self._plan(_ms(LOOK_EVERY_S), partial(self._look, self._centre.look))
        while (at_ms := self._next_ms()) is not None:
            self._now_ms = at_ms
            if self._heap and self._heap[0][0] <= at_ms:
                heappop(self._heap)[2]()
            else:
                self._tell(Tick())
        return [self._served[number] for number in sorted(self._served)]

    def _next_ms(self) -> int | None:
        wake_ms = self._router.next_wake_ms()
        if wake_ms is not None and wake_ms >= self._now_ms + NEVER_S * 500:
            wake_ms = None  # only announcements are left
        return min((at for at in (wake_ms, self._heap[0][0] if self._heap else None) if at is not None), default=None)

    def _plan(self, at_ms: int, deed: Callable[[], None]) -> None:
        self._planned += 1
        heappush(self._heap, (at_ms, self._planned, deed))

    def _tell(self, event: Event) -> None:
        self._do(self._router.handle(event, self._now_ms))

    def _do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Offer):
                self._ring(self._numbers[command.call], command.operator)

    def _look(self, look: Callable[[Moment], Lent]) -> None:
        lent = look(Moment(self._now_ms, self._router, self._came, self._ended))
        self._do(self._router.widen(lent, self._now_ms))
        if self._heap:  # else nothing is to come, and nothing to look at
            self._plan(self._now_ms + _ms(LOOK_EVERY_S), partial(self._look, look))

    # -- what callers do -------------------------------------------------------------------------------------------

    def _arrive(self, number: int) -> None:
        if number + 1 < len(self._calls):
            self._plan(_ms(self._calls[number + 1].at_s), partial(self._arrive, number + 1))
        self._came.append(self._calls[number])
        self._wait(number)
        patience_s = self._calls[number].patience_s
        if patience_s < NEVER_S and number not in self._served:
            self._plan(self._now_ms + _ms(patience_s), partial(self._give_up, number))

    def _wait(self, number: int, back: OperatorId | None = None) -> None:
        call, arrival = self._ids[number], self._calls[number]
        self._tell(
            CallWaiting(
                call, call, arrival.group, arrival.language, _ms(arrival.at_s) - _ms(arrival.waited_s),
                self._offers.get(number, 0), back, Outcome.MISSED if back else None,
            )
        )  # fmt: skip

    def _give_up(self, number: int) -> None:
        if number in self._served:
            return
        self._end(number, None)
        rung = self._rung.pop(number, None)
        self._tell(CallGone(self._ids[number]))
        if rung is not None:
            self._tell(LegGone(rung[0], self._ids[number]))

    def _end(self, number: int, operator: OperatorId | None) -> None:
        wait_ms = self._now_ms - _ms(self._calls[number].at_s)
        self._served[number] = served = Served(self._calls[number], wait_ms / 1000, operator)
        self._ended.append(served)

    # -- what phones and operators do ------------------------------------------------------------------------------

    def _ring(self, number: int, operator: OperatorId) -> None:
        self._offers[number] = self._offers.get(number, 0) + 1
        self._rung[number] = ring = (operator, self._offers[number])
        self._tell(LegUp(operator, self._ids[number]))
        if self._habits.missed and self._chance.random() < self._habits.missed:
            self._plan(self._now_ms + _ms(self._rules.ring_s), partial(self._miss, number, ring))
        elif self._habits.set_up_s:
            self._plan(self._now_ms + _ms(self._habits.set_up_s), partial(self._pick_up, number, ring))
        else:
            self._pick_up(number, ring)

    def _pick_up(self, number: int, ring: tuple[OperatorId, int]) -> None:
        if self._rung.get(number) != ring:
            return
        del self._rung[number]
        self._end(number, ring[0])
        self._tell(OperatorAnswered(ring[0], self._ids[number]))
        self._plan(
            self._now_ms + _ms(self._calls[number].talk_s), partial(self._tell, LegGone(ring[0], self._ids[number]))
        )

    def _miss(self, number: int, ring: tuple[OperatorId, int]) -> None:
        if self._rung.get(number) != ring:
            return
        del self._rung[number]
        self._tell(LegGone(ring[0], self._ids[number]))
        self._wait(number, ring[0])
        back_ms = self._now_ms + _ms(self._habits.back_after_s)
        self._plan(back_ms, partial(self._tell, DutyChanged(ring[0], True)))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
