"""Is an operator idle beside a caller whom they could serve? Looked at apart from the matching, to catch its bugs, too.

Who waits and whose phone is free is taken from what Asterisk said, never from what the router made of it: an offer that
was decided and not carried out, or a caller whom the router lost, is seen like one that was never decided. From the
router come only what nobody else knows: duty, wrap-up and rests, and the seconds that supervisors added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calls.events import (
    CallGone,
    CallWaiting,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Reachability,
    TalkJoined,
    TalkLeft,
)
from calls.ids import CallId, OperatorId
from routing.presence import Operator
from routing.queue import Waiting
from routing.skills import Need, Skills, Step, reach, skills_of

LONGEST_MS = 100
"""No operator may be idle for longer beside a caller whom they could serve."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A caller who waits, as Asterisk said; epoch milliseconds."""

    rank_ms: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class Beside:
    """An operator who could serve a caller: since when both were there for each other, epoch milliseconds."""

    operator: OperatorId
    call: CallId
    since_ms: int


def idle_beside(
    waits: Mapping[Need, Mapping[CallId, Wait]],
    free: Mapping[OperatorId, int],
    operators: Mapping[OperatorId, Operator],
    calls: Mapping[CallId, Waiting],
    steps: Iterable[Step],
    now_ms: int,
) -> list[Beside]:
    """Each operator who could serve somebody now, with the caller for whom that has been so for the longest.

    `free`: phones that are there without any channel, and since when; `operators`, `calls`: the router's.
    """
    groups = {need.group for need in waits}
    known = tuple(steps)
    longest: dict[Skills, tuple[int, CallId] | None] = {}
    found = []
    for number, since_ms in free.items():
        one = operators.get(number)
        if one is None or not _on_duty(one, now_ms) or (groups.isdisjoint(one.groups) and not one.helps):
            continue
        skills = skills_of(one)
        if skills not in longest:  # most operators have the same: a thousand times all callers would hold up the loop
            longest[skills] = _longest(skills, waits, calls, known, now_ms)
        if (beside := longest[skills]) is not None:
            found.append(Beside(number, beside[1], max(since_ms, beside[0])))
    return found


def _longest(
    skills: Skills,
    waits: Mapping[Need, Mapping[CallId, Wait]],
    calls: Mapping[CallId, Waiting],
    steps: Sequence[Step],
    now_ms: int,
) -> tuple[int, CallId] | None:
    """Since when these skills could serve somebody, and whom; None when nobody."""
    able = (
        (max(wait.since_ms, able_ms), call)
        for need, those in waits.items()
        if (by := reach(skills, need, steps)) is not None
        for call, wait in those.items()
        if (able_ms := (calls[call].turn_ms if call in calls else wait.rank_ms) + by.from_ms) <= now_ms
    )
    return min(able, key=lambda each: each[0], default=None)


def _on_duty(operator: Operator, now_ms: int) -> bool:
    ends = (operator.wrap_up_ends_ms, operator.rest_ends_ms)
    return operator.ready and all(end is None or end <= now_ms for end in ends)


class Watch:
    """Remembers what Asterisk said, and looks at it again and again."""

    def __init__(self) -> None:
        self._waits: dict[Need, dict[CallId, Wait]] = {}
        self._need_of: dict[CallId, Need] = {}
        self._legs: dict[OperatorId, set[str]] = {}
        self._there: set[OperatorId] = set()
        self._free: dict[OperatorId, int] = {}
        self._kept: dict[CallId, OperatorId] = {}
        """Operators kept free for a caller who is told so first: not rung yet, and no more idle."""
        self._opened: dict[OperatorId, int] = {}
        """Operators who were beside a caller at the last look, and since which look."""
        self._told: set[OperatorId] = set()

    @property
    def must_look(self) -> bool:
        """Whether anybody waits while any phone is free."""
        return bool(self._waits and self._free)

    def heard(self, event: Event, at_ms: int) -> None:
        """Take what Asterisk said at that instant; what the router makes of it is not asked."""
        match event:
            case CallWaiting():
                known = self._gone(event.call)
                self._released(event.call, at_ms)
                since_ms = at_ms if known is None or event.returned_from is not None else known.since_ms
                need = self._need_of[event.call] = Need(event.group, event.language)
                wait = Wait(event.rank_ms - 1000 * event.priority_s, since_ms)
                self._waits.setdefault(need, {})[event.call] = wait
            case OperatorRung(operator, call):
                self._gone(call)
                self._released(call, at_ms)
                self._kept[call] = operator
                self._free.pop(operator, None)
            case CallGone(call) | OperatorAnswered(call=call) | TalkJoined(call=call):
                self._gone(call)
                self._released(call, at_ms)
            case TalkLeft(consultation=call):
                self._gone(call)
            case LegUp(operator, channel):
                self._legs.setdefault(operator, set()).add(channel)
                self._free.pop(operator, None)
            case LegGone(operator, channel):
                self._legs.get(operator, set()).discard(channel)
                self._freed(operator, at_ms)
            case Reachability(operator, reachable):
                (self._there.add if reachable else self._there.discard)(operator)
                self._freed(operator, at_ms)
            case _:
                pass

    def look(
        self,
        operators: Mapping[OperatorId, Operator],
        calls: Mapping[CallId, Waiting],
        steps: Iterable[Step],
        now_ms: int,
    ) -> list[Beside]:
        """Those who are idle for too long now, each told once until that has ended.

        An operator counts from the first look that saw them beside somebody: only the router knows when a wrap-up or
        a rest has ended, and a look that comes late after a stall must not take what is unread for not said.
        """
        beside = idle_beside(self._waits, self._free, operators, calls, steps, now_ms) if self.must_look else []
        self._opened = {one.operator: self._opened.get(one.operator, now_ms) for one in beside}
        self._told &= self._opened.keys()
        late = [
            one
            for one in beside
            if now_ms - max(one.since_ms, self._opened[one.operator]) > LONGEST_MS and one.operator not in self._told
        ]
        self._told |= {one.operator for one in late}
        return late

    def _gone(self, call: CallId) -> Wait | None:
        need = self._need_of.pop(call, None)
        if need is None:
            return None
        wait = self._waits[need].pop(call)
        if not self._waits[need]:
            del self._waits[need]
        return wait

    def _released(self, call: CallId, at_ms: int) -> None:
        if (operator := self._kept.pop(call, None)) is not None:
            self._freed(operator, at_ms)

    def _freed(self, operator: OperatorId, at_ms: int) -> None:
        if operator in self._there and not self._legs.get(operator) and operator not in self._kept.values():
            self._free.setdefault(operator, at_ms)
        else:
            self._free.pop(operator, None)
