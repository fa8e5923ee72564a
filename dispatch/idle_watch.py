"""The live watch: an alarm when an idle operator is left beside a waiting caller for more than 100 ms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from calls.alarms import AlarmKind
from calls.events import Event
from calls.ids import CallId
from dispatch.ports import Clock
from dispatch.watchers import Watcher
from routing.commands import Alarm
from routing.core import Router
from routing.idle_beside import Watch

LOOK_EVERY_S = 0.06
"""So that a look falls between the first one that sees it and 100 ms later, however the looks come to lie."""


class IdleWatch(Watcher):
    """Hears what the core is told, and looks every so often while anybody waits and any phone is free."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watch = Watch()
        self._heard_ms = 0
        self._due_s = 0.0
        self.alarms = 0
        """Since the controller's start."""

    def rebuilt(self, events: Iterable[Event], now_ms: int) -> None:
        """Believe this state, and nothing of what was heard before."""
        self._watch = Watch()
        for event in events:
            self._watch.heard(event, now_ms)
        self._heard_ms = now_ms

    def before(self, event: Event, router: Router, now_ms: int, said_ms: int) -> None:
        """Take what was said, at the instant at which it was."""
        self._watch.heard(event, said_ms)
        self._heard_ms = said_ms

    def patience_s(self) -> float | None:
        """How long until the next look, seconds; None when there is nothing to look at."""
        return max(self._due_s - self._clock.passed_s(), 0.0) if self._watch.must_look else None

    def look(self, router: Router, *, heard_all: bool) -> list[Alarm]:
        """What is wrong, if it is time to look. `heard_all`: nothing more lies unread.

        While something does, it may be that very ring: then the clock is that of the last thing that was read.
        """
        if self._clock.passed_s() < self._due_s:
            return []
        self._due_s = self._clock.passed_s() + LOOK_EVERY_S
        now_ms = self._clock.now_ms() if heard_all else self._heard_ms
        found = self._watch.look(router.operators, router.calls, router.rules.steps, now_ms)
        self.alarms += len(found)
        return [
            Alarm(
                AlarmKind.IDLE_BESIDE_WAITING,
                f"call {one.call} operator {one.operator} {now_ms - one.since_ms} ms{_decided(router, one.call)}",
            )
            for one in found
        ]


def _decided(router: Router, call: CallId) -> str:
    known = router.calls.get(call)
    return f", offered to {known.offered_to}" if known is not None and known.offered_to is not None else ""


def when_said_ms(fields: Mapping[str, str], now_ms: int) -> int:
    """When Asterisk said it, epoch milliseconds by its own clock, which is this machine's; now if it does not tell."""
    try:
        return round(float(fields["Timestamp"]) * 1000)
    except (KeyError, ValueError):
        return now_ms
