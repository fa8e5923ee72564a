"""The watch over the controller's loop: what a stall was made of, and who is told."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from bailanys.loop import watch as loop_watch
from bailanys.loop.late_clock import Clocks, LateClock, Stall, beside, stall
from bailanys.loop.seen import Seen
from bailanys.loop.watch import ALARM_S, LoopWatch, words


def test_a_late_timer_is_told_apart_into_work_starvation_and_waiting() -> None:
    one = stall(Clocks(10.0, 1.0, 0.5), Clocks(10.42, 1.25, 0.6), 0.02)
    assert one.late_s == pytest.approx(0.4)
    assert one.work_s == pytest.approx(0.25)
    assert one.starved_s == pytest.approx(0.1)
    assert one.ours_s == pytest.approx(0.3)


def test_waiting_for_a_thread_that_has_no_processor_is_the_machines() -> None:
    one = stall(Clocks(10.0, 1.0, 0.0), Clocks(10.42, 1.05, 0.1), 0.02)
    told = beside(one, {7: (1.0, 1.0), 8: (2.0, 2.0)}, {7: (1.04, 1.2), 9: (5.0, 5.0)})
    assert told.starved_s == pytest.approx(0.3)
    assert told.ours_s == pytest.approx(0.1)
    assert (told.busiest, told.busiest_s) == (7, pytest.approx(0.04))


def test_waiting_for_a_thread_that_works_is_ours() -> None:
    one = stall(Clocks(10.0, 1.0, 0.0), Clocks(10.42, 1.0, 0.0), 0.02)
    assert beside(one, {7: (1.0, 1.0)}, {7: (1.4, 1.2)}).ours_s == pytest.approx(0.4)


def test_a_timer_in_time_is_no_stall() -> None:
    assert stall(Clocks(10.0, 1.0, 0.0), Clocks(10.02, 1.02, 0.0), 0.02).late_s == pytest.approx(0.0)


def test_work_in_the_loop_is_alarmed_with_the_place_that_did_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_watch, "QUIET_S", 0.0)
    told: list[tuple[str, str]] = []
    watch = LoopWatch(lambda kind, detail: told.append((kind, detail)))

    async def scene() -> None:
        watching = asyncio.create_task(watch.run())
        await asyncio.sleep(0.1)
        await asyncio.create_task(_busy_for(0.4))
        await asyncio.sleep(0.1)
        watching.cancel()

    asyncio.run(scene())
    assert any(kind == "loop-stalled" and "_busy_for" in detail for kind, detail in told), told
    assert watch.now.stalls >= 1
    assert watch.now.longest_s > ALARM_S


def test_waiting_for_a_disk_in_the_loop_is_ours_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_watch, "QUIET_S", 0.0)
    told: list[tuple[str, str]] = []
    watch = LoopWatch(lambda kind, detail: told.append((kind, detail)))

    async def scene() -> None:
        watching = asyncio.create_task(watch.run())
        await asyncio.sleep(0.1)
        time.sleep(0.3)  # noqa: ASYNC251 - what must not be done is done here
        await asyncio.sleep(0.1)
        watching.cancel()

    asyncio.run(scene())
    assert "loop-stalled" in [kind for kind, _ in told]


def test_a_machine_that_is_too_busy_is_not_called_our_stall() -> None:
    told: list[tuple[str, str]] = []
    watch = LoopWatch(lambda kind, detail: told.append((kind, detail)))
    watch._take(Stall(late_s=1.6, work_s=0.02, starved_s=1.55), 100.0)
    assert [kind for kind, _ in told] == ["loop-starved"]
    assert watch.now.stalls == 0
    assert watch.now.starved == 1


def test_alarms_come_once_a_minute_and_say_how_many_there_were() -> None:
    told: list[str] = []
    watch = LoopWatch(lambda _, detail: told.append(detail))
    for at_s in (100.0, 101.0, 102.0, 161.0):
        watch._take(Stall(late_s=0.2, work_s=0.2, starved_s=0.0), at_s)
    assert len(told) == 2
    assert told[1].endswith("2 more since the last such alarm")
    assert watch.now.stalls == 4


def test_a_full_disk_does_not_end_the_watch() -> None:
    def refuse(_kind: str, _detail: str) -> None:
        raise OSError("no room")

    watch = LoopWatch(refuse)
    watch._take(Stall(late_s=0.2, work_s=0.2, starved_s=0.0), 100.0)
    watch._take(Stall(late_s=0.3, work_s=0.3, starved_s=0.0), 200.0)
    assert (watch.now.stalls, watch.now.longest_s) == (2, 0.3)


def test_the_longest_is_of_the_last_minutes() -> None:
    watch = LoopWatch(lambda *_: None)
    watch._take(Stall(0.05, 0.05, 0.0), 100.0)
    watch._take(Stall(0.01, 0.01, 0.0), 161.0)
    assert watch.now.longest_s == pytest.approx(0.05)
    watch._take(Stall(0.01, 0.01, 0.0), 222.0)
    assert watch.now.longest_s == pytest.approx(0.01)


def test_words_say_what_ran_and_what_ran_beside_it() -> None:
    seen = Seen("look", ("reconciling.py:97 _examined",), ("pool-0: book.py:1 made_since",))
    assert words(Stall(0.4, 0.3, 0.05), seen, 0) == (
        "400 ms: 300 of work, 50 of waiting for other threads or a disk, 50 without a processor; "
        "in look: reconciling.py:97 _examined; beside it pool-0: book.py:1 made_since"
    )


def test_the_clock_is_of_the_thread_that_made_it() -> None:
    clock = LateClock()
    clock.remember()
    other = threading.Thread(target=lambda: sum(range(3_000_000)))
    other.start()
    other.join()
    one = clock.look(0.0, 0.0)
    clock.close()
    assert one.work_s < one.late_s


async def _busy_for(seconds: float) -> None:
    until_s = time.thread_time() + seconds
    while time.thread_time() < until_s:
        sum(range(1000))
