"""Long work lets the loop's other work in."""

from __future__ import annotations

import asyncio
import time

from calls.portions import Pace, in_portions


async def test_everybody_else_comes_in_between() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    seen = []
    async for one in in_portions(range(50), 0.001):
        until_s = time.monotonic() + 0.0003
        while time.monotonic() < until_s:
            pass
        seen.append(one)
    beside.cancel()
    assert seen == list(range(50))
    assert turns >= 5


async def test_short_work_is_not_broken_up() -> None:
    pace, turns = Pace(10.0), 0

    async def other() -> None:
        nonlocal turns
        turns += 1

    beside = asyncio.create_task(other())
    for _ in range(100):
        await pace.breathe()
    assert turns == 0
    await beside
