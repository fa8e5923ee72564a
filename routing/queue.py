"""The callers who wait, each with one place: a line per need, the oldest turn first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from calls.ids import CallId, GroupId, OperatorId
from routing.skills import Need

Place = tuple[int, CallId]
"""What orders callers: the turn, then the call."""


@dataclass(slots=True)
class Waiting:
    """A caller with a place in the line."""

    call: CallId
    channel: str
    group: GroupId
    language: str
    rank_ms: int
    announce_ms: int
    offers: int = 0
    offered_to: OperatorId | None = None
    priority_s: int = 0
    """Seconds of waiting that a supervisor added."""

    @property
    def need(self) -> Need:
        """What an operator must have to serve this caller."""
        return Need(self.group, self.language)

    @property
    def turn_ms(self) -> int:
        """The rank as if the caller had waited for the added seconds, too: for the order and for who may serve."""
        return self.rank_ms - 1000 * self.priority_s

    @property
    def order(self) -> Place:
        """What the place in the line is by."""
        return self.turn_ms, self.call

    def __lt__(self, other: Waiting) -> bool:
        return self.order < other.order


class Lines:
    """Sorted lists: entering and leaving cost a binary search and a move of pointers."""

    def __init__(self) -> None:
        self.count = 0
        self._lines: dict[Need, list[Place]] = {}

    def enter(self, caller: Waiting) -> None:
        """Give the caller the place that the turn asks for."""
        insort(self._lines.setdefault(caller.need, []), caller.order)
        self.count += 1

    def leave(self, caller: Waiting) -> None:
        """Take the caller out of the line."""
        line = self._lines[caller.need]
        del line[bisect_left(line, caller.order)]
        self.count -= 1
        if not line:
            del self._lines[caller.need]

    def head(self, need: Need) -> Place | None:
        """Return the oldest caller with this need."""
        line = self._lines.get(need)
        return line[0] if line else None

    def length(self, need: Need) -> int:
        """Return how many wait with this need."""
        return len(self._lines.get(need, ()))

    def lengths(self) -> dict[Need, int]:
        """Return how many wait, per need that somebody waits with."""
        return {need: len(line) for need, line in self._lines.items()}

    def needs(self) -> Iterator[Need]:
        """Every need that somebody waits with."""
        return iter(self._lines)

    def place(self, caller: Waiting) -> int:
        """Return the place, from 1, among all who wait for the same group, whatever their language."""
        ahead = (bisect_left(line, caller.order) for need, line in self._lines.items() if need.group == caller.group)
        return 1 + sum(ahead)

    def ahead(self, caller: Waiting) -> dict[Need, int]:
        """Count those who came before, by need."""
        return {need: bisect_left(line, caller.order) for need, line in self._lines.items()}

    def everybody(self) -> list[Place]:
        """All callers, oldest turn first."""
        return sorted(place for line in self._lines.values() for place in line)
