"""Long work in the calls' event loop, with the loop's other work in between (decision 16)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

PORTION_S = 0.001


async def in_portions(things: Iterable[T], portion_s: float = PORTION_S) -> AsyncIterator[T]:
    """Each of them in turn; whenever so long has been worked on end, everybody else comes first."""
    until_s = time.monotonic() + portion_s
    for one in things:
        yield one
        if time.monotonic() > until_s:
            await asyncio.sleep(0)
            until_s = time.monotonic() + portion_s


class Pace:
    """The same for work that comes by itself: call `breathe` between its parts."""

    def __init__(self, portion_s: float = PORTION_S) -> None:
        self._portion_s = portion_s
        self._until_s = time.monotonic() + portion_s

    def began(self) -> None:
        """The loop was free just now."""
        self._until_s = time.monotonic() + self._portion_s

    async def breathe(self) -> None:
        """Let the loop's other work in, if so long has been worked on end."""
        if time.monotonic() > self._until_s:
            await asyncio.sleep(0)
            self.began()
