"""Entries of the audit log that cover what follows for a while: a player asks for one sound in many parts."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

WITHIN_S = 3600.0


class AuditOnce:
    """Does a piece of work for a key, and not again within the hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: dict[tuple[str, ...], float] = {}

    async def do(self, key: tuple[str, ...], work: Callable[[], Awaitable[object]]) -> None:
        """Return when it is done, now or within the last hour; what it raises leaves it undone."""
        now_s = self._clock()
        self._done = {one: at_s for one, at_s in self._done.items() if now_s - at_s < WITHIN_S}
        if key not in self._done:
            await work()
            self._done[key] = now_s
