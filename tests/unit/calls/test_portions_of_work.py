"""Long work lets the loop's other work in."""

from __future__ import annotations

import asyncio
import time

import pytest

from calls.portions import PORTION_S, Pace, in_portions


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


async def test_a_portion_is_worked_on_end_and_then_everybody_else_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes by one second for each thing; a portion lasts three."""
    clock_s, others = [0.0], list[float]()
    monkeypatch.setattr("calls.portions.time.monotonic", lambda: clock_s[0])

    async def give_way(pause_s: float) -> None:
        assert pause_s == 0
        others.append(clock_s[0])

    monkeypatch.setattr("calls.portions.asyncio.sleep", give_way)
    async for _ in in_portions(range(10), 3.0):
        clock_s[0] += 1
    assert others == [4.0, 8.0]
    others.clear()
    pace = Pace(3.0)
    for _ in range(10):
        clock_s[0] += 1
        await pace.breathe()
    assert others == [14.0, 18.0]
    pace.began()
    clock_s[0] += 3
    await pace.breathe()
    assert others == [14.0, 18.0], "the loop was free in between"


def test_a_portion_is_a_millisecond() -> None:
    assert PORTION_S == 0.001
