"""What follows every event beside the routing core. `Dispatcher` has them as one list, in the order they are asked."""

from __future__ import annotations

from collections.abc import Iterable

from calls.events import Event
from dispatch.running import Action
from routing.core import Router


class Watcher:
    """Hears of each event before and after the core does; one that needs only one of both leaves the other out."""

    def before(self, event: Event, router: Router, now_ms: int, said_ms: int) -> None:
        """Take an event that the core is about to be told: who is answered or leaves is still in its line.

        `now_ms`: the instant, `said_ms`: when Asterisk said it; both UTC epoch ms.
        """

    def after(self, event: Event, router: Router, now_ms: int) -> Iterable[Action]:
        """Take what the core has made of it; what is to be done at Asterisk."""
        return ()
