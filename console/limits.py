"""How much one address or one token may ask, so that nobody's program can take the machine from the calls."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from console.errors import BusyError

T = TypeVar("T")

FAILURES = 10
FAILURES_WITHIN_S = 60.0
ADDRESSES_KEPT = 1000

REQUESTS_AT_ONCE = 40
REQUESTS_PER_S = 20.0
STRANGERS_AT_ONCE = 100
STRANGERS_PER_S = 50.0
"""Requests that no token admits, of all addresses together: open paths, wrong tokens, paths that are none."""


class FailedAttempts:
    """Wrong tokens by address.

    A right token is always let in: programs of one machine share its address, 256 random bits cannot be guessed, and
    what is limited is the load and the log.
    """

    def __init__(self) -> None:
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, address: str, now_s: float) -> float:
        """Note a failure; for how many seconds the address has now failed too often, 0 if it has not."""
        failed = self._failed.setdefault(address, deque(maxlen=FAILURES + 1))
        self._failed.move_to_end(address)
        if len(self._failed) > ADDRESSES_KEPT:
            self._failed.popitem(last=False)
        while failed and failed[0] <= now_s - FAILURES_WITHIN_S:
            failed.popleft()
        failed.append(now_s)
        return failed[0] + FAILURES_WITHIN_S - now_s if len(failed) > FAILURES else 0.0


class Pace:
    """A bucket of requests for each token, refilled steadily."""

    def __init__(self, burst: float = REQUESTS_AT_ONCE, per_s: float = REQUESTS_PER_S) -> None:
        self._burst, self._per_s = burst, per_s
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, token: str, now_s: float) -> float:
        """Take one request out; for how many seconds there is none, 0 if there was one."""
        left, at_s = self._left.get(token, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at_s) * self._per_s)
        if left < 1:
            self._left[token] = (left, now_s)
            return (1 - left) / self._per_s
        self._left[token] = (left - 1, now_s)
        return 0.0


class Turnstile:
    """Lets few through at once.

    Who took too long is given up, but keeps the place until the work has ended: a thread that hangs in a database
    cannot be stopped, and must not be joined by others until no thread is left for the calls.
    """

    def __init__(self, at_once: int, patience_s: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._patience_s = patience_s
        self._inside: set[asyncio.Task[object]] = set()

    async def through(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, waiting for a place first. Raises BusyError after the patience, whichever took so long."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
                task: asyncio.Task[T] = asyncio.ensure_future(_of(work))
                self._inside.add(task)
                task.add_done_callback(self._leave)
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise BusyError(f"no answer within {self._patience_s:g} s: try again") from error

    def _leave(self, task: asyncio.Task[T]) -> None:
        self._inside.discard(task)
        self._free.release()
        if not task.cancelled():
            task.exception()  # nobody may be left to hear it


async def _of(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
