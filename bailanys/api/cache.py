"""Look-ups that several ask for at once are made once, and their answer is kept for a few seconds."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class TimedCache(Generic[K, T]):
    """Answers by key. A look-up that hangs holds one thread, however many ask; one that failed is made again."""

    def __init__(self, look_up: Callable[[K], Awaitable[T]], kept_s: float, most: int = 8) -> None:
        """`kept_s`: how old an answer may be, from the begin of its look-up; `most`: keys that are kept."""
        self._look_up = look_up
        self._kept_s = kept_s
        self._most = most
        self._tasks: OrderedDict[K, tuple[float, asyncio.Task[T]]] = OrderedDict()

    async def get(self, key: K) -> T:
        """The answer for this key. Raises what the look-up raises; who is cancelled does not cancel it for others."""
        began_s, task = self._tasks.get(key, (0.0, None))
        if task is None or (task.done() and (_failed(task) or time.monotonic() - began_s > self._kept_s)):
            task = asyncio.ensure_future(_of(self._look_up, key))
            task.add_done_callback(_failed)  # somebody must hear of it, should all who asked be gone
            self._tasks[key] = (time.monotonic(), task)
            self._tasks.move_to_end(key)
            if len(self._tasks) > self._most:
                self._tasks.popitem(last=False)
        return await asyncio.shield(task)


async def _of(look_up: Callable[[K], Awaitable[T]], key: K) -> T:
    return await look_up(key)


def _failed(task: asyncio.Task[T]) -> bool:
    return task.cancelled() or task.exception() is not None
