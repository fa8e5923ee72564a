"""Waiting costs nothing, and happens in the order of the instants."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest

import dispatch
from tests.unit.dispatch.virtual_time import NOON_MS, VirtualClock, VirtualLoop


async def test_a_day_passes_at_once_and_to_the_second() -> None:
    clock, began_s = VirtualClock(), time.perf_counter()
    await clock.sleep(86_400)
    assert (clock.passed_s(), clock.now_ms()) == (86_400, NOON_MS + 86_400_000)
    assert time.perf_counter() - began_s < 1


async def test_sleepers_wake_in_the_order_of_their_instants_and_a_limit_cuts_the_wait() -> None:
    clock, woken = VirtualClock(), list[float]()

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(clock.passed_s())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await asyncio.gather(*(sleeper(seconds) for seconds in (3, 1, 2)))
    assert (woken, clock.passed_s()) == ([1, 2], 2.5)


async def test_a_threads_work_takes_no_time_and_its_error_comes_through() -> None:
    assert await asyncio.to_thread(sum, (1, 2)) == 3
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(divmod, 1, 0)
    assert VirtualClock().passed_s() == 0


def test_waiting_for_what_never_comes_is_told_instead_of_hanging() -> None:
    loop = VirtualLoop()
    future = loop.create_future()
    with pytest.raises(RuntimeError, match="never happen"):
        loop.run_until_complete(future)
    future.cancel()
    loop.close()


def test_going_round_in_one_instant_is_told_instead_of_hanging() -> None:
    async def goes_round() -> None:
        while True:
            await asyncio.sleep(0)

    loop = VirtualLoop()
    task = loop.create_task(goes_round())
    with pytest.raises(RuntimeError, match="this instant"):
        loop.run_until_complete(task)
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()


def test_no_module_of_the_live_calls_reads_the_time_or_sleeps_by_itself() -> None:
    """Or a test of it would have to wait."""
    folder = Path(dispatch.__file__).parent
    for path in folder.glob("*.py"):
        text = path.read_text()
        assert not re.search(r"^import time|^from time|asyncio\.sleep|datetime\.now", text, re.MULTILINE), path.name


async def test_the_walls_clock_can_be_set_and_the_passed_time_not() -> None:
    clock = VirtualClock()
    clock.set(-3_600_000)
    await clock.sleep(1)
    assert (clock.now_ms(), clock.passed_s()) == (NOON_MS - 3_599_000, 1)
