"""`app_queue` as a model: a queue of its own per group, each caller looking each second, `leastrecent`.

It is what the study compares with: a caller looks when they come and then every second by their own clock, and is
served when fewer callers of the same queue are ahead than members are idle (`autofill`), by the member whose last call
is longest ago. Set-up takes no time here, so the model flatters `app_queue`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from math import inf

from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Served
from routing.skills import Skills

LOOKS_EVERY_MS = 1000
COMES, FREE, GIVES_UP, LOOKS = range(4)


def app_queue(
    arrivals: Sequence[Arrival], operators: Mapping[OperatorId, Skills], looks_every_ms: int = LOOKS_EVERY_MS
) -> list[Served]:
    """Play the trace and return every call in the order of arrival."""
    return _Queues(arrivals, operators, looks_every_ms).play()


class _Queues:
    """One run. Looks in vain are left out: a caller's next look is planned when somebody is idle."""

    def __init__(
        self, arrivals: Sequence[Arrival], operators: Mapping[OperatorId, Skills], looks_every_ms: int
    ) -> None:
        self._looks_every_ms = looks_every_ms
        self._calls = sorted(arrivals, key=lambda arrival: arrival.at_s)
        self._groups = {operator: [group for group, _ in skills.levels] for operator, skills in operators.items()}
        self._queues: dict[GroupId, dict[int, int]] = {}
        """By group: callers in their order, with the instant of arrival."""
        self._idle: dict[GroupId, dict[OperatorId, int]] = {}
        """By group: idle members, with the instant of their last call's end."""
        for operator in operators:
            for group in self._groups[operator]:
                self._idle.setdefault(group, {})[operator] = 0
        self._served: dict[int, Served] = {}
        self._heap: list[tuple[int, int, int, int | OperatorId]] = []
        self._order = count()

    def play(self) -> list[Served]:
        for number, arrival in enumerate(self._calls):
            self._plan(round(arrival.at_s * 1000), COMES, number)
        while self._heap:
            now_ms, _, kind, who = heappop(self._heap)
            if isinstance(who, str):
                for group in self._groups[who]:
                    self._idle[group][who] = now_ms
                for group in self._groups[who]:
                    self._somebody_idle(group, now_ms)
            elif kind == COMES:
                self._come(who, now_ms)
            elif who not in self._served:
                if kind == GIVES_UP:
                    self._leave(who, now_ms, None)
                else:
                    self._look(who, now_ms)
        return [self._served[number] for number in sorted(self._served)]

    def _plan(self, at_ms: int, kind: int, who: int | OperatorId) -> None:
        heappush(self._heap, (at_ms, next(self._order), kind, who))

    def _come(self, number: int, now_ms: int) -> None:
        arrival = self._calls[number]
        self._queues.setdefault(arrival.group, {})[number] = now_ms
        if arrival.patience_s < inf:
            self._plan(now_ms + round(arrival.patience_s * 1000), GIVES_UP, number)
        self._look(number, now_ms)

    def _look(self, number: int, now_ms: int) -> None:
        group = self._calls[number].group
        idle = self._idle[group]
        if not idle:
            return
        ahead = next(place for place, other in enumerate(self._queues[group]) if other == number)
        if ahead < len(idle):
            operator = min(idle, key=lambda one: (idle[one], one))
            for other in self._groups[operator]:
                del self._idle[other][operator]
            self._plan(now_ms + round(self._calls[number].talk_s * 1000), FREE, operator)
            self._leave(number, now_ms, operator)

    def _leave(self, number: int, now_ms: int, operator: OperatorId | None) -> None:
        arrival = self._calls[number]
        came_ms = self._queues[arrival.group].pop(number)
        self._served[number] = Served(arrival, (now_ms - came_ms) / 1000, operator)
        self._somebody_idle(arrival.group, now_ms)

    def _somebody_idle(self, group: GroupId, now_ms: int) -> None:
        """Plan the next look of those at the front, as many as members are idle."""
        front = zip(self._queues.get(group, {}).items(), self._idle[group], strict=False)
        for (number, came_ms), _ in front:
            self._plan(now_ms + (came_ms - now_ms) % self._looks_every_ms, LOOKS, number)
