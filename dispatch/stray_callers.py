"""Compares what the router believes with what Asterisk shows, so that no lost event can leave a caller unserved."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from calls.events import CallWaiting
from calls.ids import CallId
from dispatch.snapshot import SeenChannel, Snapshot, rebuild


@dataclass(frozen=True, slots=True)
class StrayCallers:
    """Callers whom nobody takes care of: waiting and unknown to the router, left in the safety net or out of place."""

    waiting: tuple[CallWaiting, ...]
    in_net: tuple[tuple[CallId, str], ...]
    misplaced: tuple[tuple[CallId, str], ...] = ()
    """In another channel's place."""

    @property
    def calls(self) -> frozenset[CallId]:
        """Their calls."""
        places = (*self.in_net, *self.misplaced)
        return frozenset([waiting.call for waiting in self.waiting] + [call for call, _ in places])

    def of(self, calls: Container[CallId]) -> StrayCallers:
        """Only those of these calls."""
        return StrayCallers(
            tuple(waiting for waiting in self.waiting if waiting.call in calls),
            tuple(place for place in self.in_net if place[0] in calls),
            tuple(place for place in self.misplaced if place[0] in calls),
        )


def stray_callers(channels: Iterable[SeenChannel], known: Container[CallId]) -> StrayCallers:
    """Who is left at this moment; the news may be under way, so ask twice before doing anything."""
    seen: Snapshot = rebuild(channels, {}, {})
    ringing = {event.call for event in seen.events if not isinstance(event, CallWaiting) and hasattr(event, "call")}
    waiting = tuple(
        event
        for event in seen.events
        if isinstance(event, CallWaiting) and event.call not in known and event.call not in ringing
    )
    return StrayCallers(waiting, seen.in_net, seen.misplaced)
