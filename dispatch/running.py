"""Actions at Asterisk: each runs in a task of its own, and what came of it is an event for the dispatcher's queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from calls.events import Event
from telephony.errors import TelephonyError

log = structlog.get_logger(__name__)

Action = Coroutine[Any, Any, Sequence[Event] | None]
"""One piece of work at Asterisk, not begun yet. Returns events that the core must hear of; may raise TelephonyError."""


class Running:
    """Begins actions, and waits for none of them."""

    def __init__(self, say: Callable[[Event], None]) -> None:
        """`say`: puts an event on the queue."""
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, actions: Iterable[Action]) -> None:
        """Begin these, in this order."""
        for action in actions:
            task = asyncio.create_task(self.run(action))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def run(self, action: Action) -> None:
        """Run one to its end; what Asterisk refuses is logged and no more."""
        for event in await tolerated(action):
            self._say(event)


async def tolerated(action: Action) -> Sequence[Event]:
    """The action's events; none of one that Asterisk did not do, which is logged."""
    try:
        return await action or ()
    except TelephonyError as error:
        log.info("asterisk did not do it", error_id=error.error_id, answer=str(error))
        return ()
