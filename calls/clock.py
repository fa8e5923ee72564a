"""Time as a port: whoever waits or asks for the instant is handed a clock, so that a test's day passes at once."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The instant, and waiting."""

    def now_ms(self) -> int:
        """The wall's clock, UTC epoch ms: it may be set back or forth."""

    def passed_s(self) -> float:
        """Seconds since some moment that stays the same: nobody can set it, so it measures how long something takes."""

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""


class MachineClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        """The wall's clock, UTC epoch ms."""
        return time.time_ns() // 1_000_000

    def passed_s(self) -> float:
        """Seconds since the machine's start or some other moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)
