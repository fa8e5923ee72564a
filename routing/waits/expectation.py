"""What each waiting caller may expect, and what is learned when the wait is over: one object beside the core.

Whoever drives the core (the dispatcher, the benchmark) says when a caller begins to wait and how the wait ended. The
error of each first estimate is kept with it, for the log: an estimate that nobody holds against the truth goes stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from calls.ids import CallId, GroupId
from routing.presence import Operator
from routing.queue import Waiting
from routing.skills import Need, Step, reach, skills_of
from routing.waits.announced import Announced, announce
from routing.waits.estimate import Ahead, Estimate, Staff, Views, Weights, estimate, views
from routing.waits.rates import Seen, TalkSeen, Tally, WaitSeen, observe


@dataclass(frozen=True, slots=True)
class CameTrue:
    """A wait that ended with an operator: what was expected when it began, and what it was, seconds."""

    call: CallId
    expected: Estimate
    wait_s: float


@dataclass(slots=True)
class _Wait:
    need: Need
    since_ms: int
    first: Views | None
    expected: Estimate | None
    told: Announced | None = None


class Expectations:
    """The running rates and weights, and the waits that are not over. Unknown calls are no-ops."""

    def __init__(self, seen: Iterable[Seen] = (), weights: Weights | None = None) -> None:
        """Begin with what the ledger has seen in the last hours."""
        self.weights = weights or Weights()
        self.tallies: Mapping[GroupId, Tally] = observe({}, seen)
        self._waits: dict[CallId, _Wait] = {}

    def know(self, seen: Iterable[Seen]) -> None:
        """Take in rows of the past, oldest first."""
        self.tallies = observe(self.tallies, seen)

    def keep_only(self, calls: Container[CallId]) -> None:
        """Forget the waits of all others without learning: how they ended was not seen."""
        self._waits = {call: wait for call, wait in self._waits.items() if call in calls}

    def forget(self, call: CallId) -> None:
        """Forget one wait without learning."""
        self._waits.pop(call, None)

    def waits(self, call: CallId) -> bool:
        """Whether this caller's wait is being followed."""
        return call in self._waits

    def recall(self, call: CallId, told: Announced) -> None:
        """What a caller was told before we were started again."""
        if wait := self._waits.get(call):
            wait.told = told

    def began(self, call: CallId, need: Need, ahead: Ahead[Need], staff: Staff[Need], now_ms: int) -> Estimate | None:
        """A caller whom nobody could take at once begins to wait; None when nobody on duty can serve them."""
        first = self._views(need, ahead, staff)
        expected = None if first is None else estimate(first, self.weights)
        self._waits[call] = _Wait(need, now_ms, first, expected)
        return expected

    def say(self, call: CallId, place: int, ahead: Ahead[Need], staff: Staff[Need]) -> Announced:
        """What to tell the caller now: the place, and minutes that never grow while it does not rise."""
        wait = self._waits.get(call)
        if wait is None:
            return Announced(place)
        now = self._views(wait.need, ahead, staff)
        wait.told = announce(wait.told, place, None if now is None else estimate(now, self.weights))
        return wait.told

    def expected(self, need: Need, ahead: Ahead[Need], staff: Staff[Need]) -> Estimate | None:
        """The wait of a caller with so many ahead from now on; None when nobody on duty can serve them."""
        seen = self._views(need, ahead, staff)
        return None if seen is None else estimate(seen, self.weights)

    def answered(self, call: CallId, now_ms: int) -> CameTrue | None:
        """An operator answered: learn from it."""
        wait = self._waits.pop(call, None)
        if wait is None:
            return None
        wait_s = max(0, now_ms - wait.since_ms) / 1000
        self._observe(WaitSeen(wait.need.group, now_ms, wait_s, answered=True))
        if wait.first is None or wait.expected is None:
            return None
        self.weights = self.weights.learn(wait.first, wait_s)
        return CameTrue(call, wait.expected, wait_s)

    def gave_up(self, call: CallId, now_ms: int) -> None:
        """The caller hung up waiting."""
        if (wait := self._waits.pop(call, None)) is not None:
            self._observe(WaitSeen(wait.need.group, now_ms, max(0, now_ms - wait.since_ms) / 1000, answered=False))

    def talked(self, group: GroupId, busy_s: float, now_ms: int) -> None:
        """A talk of this group ended that had kept its operator so long, with ringing and wrap-up."""
        self._observe(TalkSeen(group, now_ms, busy_s))

    def _observe(self, seen: Seen) -> None:
        self.tallies = observe(self.tallies, (seen,))

    def _views(self, need: Need, ahead: Ahead[Need], staff: Staff[Need]) -> Views | None:
        needs = {need, *ahead, *(one for serves in staff for one in serves)}
        rates = {one: self.tallies[one.group] for one in needs if one.group in self.tallies}
        return views(need, ahead, staff, rates)


def on_duty(operators: Iterable[Operator], needs: Iterable[Need], steps: Iterable[Step]) -> dict[frozenset[Need], int]:
    """Count the operators who are ready and reachable, talking or not, by the needs that they may serve in the end."""
    known, relaxing = tuple(needs), tuple(steps)
    there = (one for one in operators if one.ready and (one.reachable or one.call is not None))
    staff: dict[frozenset[Need], int] = {}
    for skills, count in Counter(map(skills_of, there)).items():  # hardly anybody's skills are nobody else's
        serves = frozenset(need for need in known if reach(skills, need, relaxing))
        staff[serves] = staff.get(serves, 0) + count
    return staff


def ahead_of_each(callers: Iterable[Waiting]) -> Iterator[tuple[Waiting, dict[Need, int]]]:
    """Each waiting caller, the longest wait first, with the callers ahead by need."""
    ahead: dict[Need, int] = {}
    for caller in callers:
        yield caller, dict(ahead)
        ahead[caller.need] = ahead.get(caller.need, 0) + 1
