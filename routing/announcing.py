"""When a waiting caller is told the place, or may be served by more operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from calls.ids import CallId
from routing.commands import Announce
from routing.deadlines import Deadlines
from routing.queue import Lines, Waiting
from routing.rules import Rules
from routing.skills import next_step_ms


class Announcing:
    """The instants at which something changes for a caller by waiting alone."""

    def __init__(self, calls: Mapping[CallId, Waiting], lines: Lines, rules: Rules) -> None:
        self._calls = calls
        self._lines = lines
        self._rules = rules
        self._wakes: Deadlines[CallId] = Deadlines()

    def next_ms(self) -> int | None:
        """Return the earliest instant."""
        return self._wakes.next_ms()

    def first_ms(self, now_ms: int) -> int:
        """Return when a caller who begins to wait now is told the place for the first time."""
        return now_ms + round(self._rules.announce_first_s * 1000)

    def plan(self, caller: Waiting, now_ms: int) -> None:
        """Note when something changes for this caller next."""
        step_ms = next_step_ms(caller.turn_ms, now_ms, self._rules.steps)
        wake_ms = caller.announce_ms if step_ms is None else min(step_ms, caller.announce_ms)
        self._wakes.put(caller.call, wake_ms)

    def forget(self, caller: Waiting) -> None:
        """Let go of a caller who no longer waits."""
        self._wakes.put(caller.call, None)

    def due(self, now_ms: int) -> list[Waiting]:
        """Take out the callers whose instant has come; each must be announced or planned anew."""
        return sorted(self._calls[call] for call in self._wakes.due(now_ms))

    def announce(self, callers: Iterable[Waiting], now_ms: int) -> list[Announce]:
        """Tell those of them who still wait, if it is time, and plan what comes next."""
        out = []
        for caller in callers:
            if caller.offered_to is not None:
                continue
            if now_ms >= caller.announce_ms:
                caller.announce_ms = now_ms + round(self._rules.announce_every_s * 1000)
                out.append(Announce(caller.call, caller.channel, caller.language, self._lines.place(caller)))
            self.plan(caller, now_ms)
        return out
