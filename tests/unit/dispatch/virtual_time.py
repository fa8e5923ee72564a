"""Virtual time: an event loop whose clock jumps to the next timer whenever nobody has anything to do.

Half an hour of waiting is tested at once, and the same each time: nothing depends on how fast the machine is. What a
thread would do (`asyncio.to_thread`) is done on the spot.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

NOON_MS = 1_795_935_600_000
"""2026-11-29 12:00 in Almaty."""


MOST_ROUNDS = 20_000
"""So many rounds of the loop in one instant, and nothing gets on any more."""


class _Jumping(selectors.SelectSelector):
    """Passes the time for which the loop would wait."""

    passed_s = 0.0
    rounds = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("the test waits for what will never happen")
        self.rounds = 0 if timeout > 0 else self.rounds + 1
        if self.rounds > MOST_ROUNDS:
            self.rounds = 0
            raise RuntimeError("the test does not come out of this instant")
        self.passed_s += max(timeout, 0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """For tests that wait: see `conftest.py`."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class VirtualClock:
    """The loop's own time as `calls.clock.Clock`; the wall's clock can be set."""

    def __init__(self, from_ms: int = NOON_MS) -> None:
        self._from_ms = from_ms

    def now_ms(self) -> int:
        return self._from_ms + round(self.passed_s() * 1000)

    def passed_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def set(self, by_ms: int) -> None:
        """Set the wall's clock forth, or back."""
        self._from_ms += by_ms


class HandClock:
    """A clock for tests without a loop: it goes when it is told to."""

    def __init__(self, at_ms: int = NOON_MS) -> None:
        self.at_ms = at_ms
        self.at_s = 0.0

    def now_ms(self) -> int:
        return self.at_ms

    def passed_s(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        self.at_s += seconds
        self.at_ms += round(seconds * 1000)
