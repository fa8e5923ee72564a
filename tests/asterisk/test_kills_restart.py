"""While the controller is dead or stuck, and after it is back: nobody is turned away, the order is kept."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from mortal import Mortal, rate, until
from reckoning import answered, recorded
from scenes import Played, perform, scene

from bailanys.control import ask

CAUGHT_UP_S = 30.0
"""Promise 4."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    async with perform(request) as scenes:
        yield scenes


@scene()
async def test_new_callers_get_the_menu_of_the_dialplan_are_recorded_and_rate(hotline: Mortal) -> None:
    """Promise 4: no finished call is lost, and all is caught up 30 s after the restart."""
    operators = [await hotline.operator("101"), await hotline.operator("102")]
    await hotline.kill()
    await asyncio.sleep(4)  # the last beat is forgotten: nobody tries the controller any more
    chosen = {"77010000001": ("3", "1"), "77010000002": ("2", "2")}
    calls = await asyncio.gather(*(hotline.caller(number, *keys) for number, keys in chosen.items()))
    for operator, call, hz in zip(operators, calls, (1000, 1200), strict=True):
        talk = await operator.rung()
        await call.until_hears(hz)
        await talk.until_hears(440)
        await talk.hang_up()
        await rate(call, "5")
    hotline.up.supervisor.may_start.set()
    stories = await hotline.stories(2, timeout_s=CAUGHT_UP_S)
    for number, operator, language, hz in (("77010000001", "101", "en", 1000), ("77010000002", "102", "ru", 1200)):
        story = stories[number]
        answered(story, [operator], [5])
        assert (story.record.call.language, story.record.segments[1].queued_via) == (language, "net")
        recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [hz])


@scene(BAILANYS_MENU__ANSWER_S="0.5", BAILANYS_MENU__TRIES="1")
async def test_a_caller_who_presses_nothing_is_not_turned_away_while_it_is_dead(hotline: Mortal) -> None:
    operator = await hotline.operator("101")
    await hotline.kill()
    call = await hotline.caller("77010000001")
    talk = await operator.rung()
    await talk.until_hears(440)
    await talk.hang_up()
    await rate(call, "5")
    await hotline.revive()
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [5])
    assert (story.record.call.language, story.record.call.language_by) == ("kk", "default")


@scene()
async def test_who_waited_longest_goes_first_after_a_restart(hotline: Mortal) -> None:
    operator = await hotline.operator("101", ready=False)
    calls = [await hotline.caller(f"7701000000{at}", "1", "1") for at in (1, 2, 3)]
    await hotline.waits(3)
    await hotline.kill(stay_dead=False)
    await hotline.revive()
    await hotline.dial_code("101", "*1")
    for at, call in enumerate(calls, 1):
        talk = await operator.rung()
        assert talk.caller_number == f"7701000000{at}"
        await talk.until_hears(440)
        await talk.hang_up()
        await rate(call, "5")
    for story in (await hotline.stories(3)).values():
        answered(story, ["101"], [5])
        assert story.record.segments[1].via == "router"


@scene()
async def test_callers_in_the_net_are_taken_back_in_their_order(hotline: Mortal) -> None:
    operator = await hotline.operator("101", ready=False)
    calls = [await hotline.caller(f"7701000000{at}", "1", "1") for at in (1, 2, 3)]
    await hotline.waits(3)
    await hotline.kill()
    await until(lambda: in_queue(hotline, 3), 10)
    await hotline.revive()
    await hotline.waits(3)
    await hotline.dial_code("101", "*1")
    for at, call in enumerate(calls, 1):
        talk = await operator.rung()
        assert talk.caller_number == f"7701000000{at}"
        await talk.until_hears(440)
        await talk.hang_up()
        await rate(call, "5")
    for story in (await hotline.stories(3)).values():
        answered(story, ["101"], [5])
        assert story.record.segments[1].via == "router"
        arrived_ms, waited_from_ms = story.record.call.arrived_ms, story.record.segments[1].rank_ms
        assert waited_from_ms == arrived_ms, "the arrival was not kept"
        recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])


@scene()
async def test_operators_stay_as_they_said_even_what_they_said_meanwhile(hotline: Mortal) -> None:
    await hotline.operator("101")
    await hotline.operator("102", ready=False)
    await hotline.operator("103")
    await hotline.dial_code("103", "*23")
    before = await reasons(hotline)
    assert before["103"] == ("paused", "reason-3")
    await hotline.kill()
    await hotline.dial_code("101", "*2")
    await hotline.dial_code("102", "*1")
    await hotline.revive()
    after = await reasons(hotline)
    assert after["101"] == ("paused", "break")
    assert after["102"][0] == "ready"
    assert after["103"] == before["103"]


@scene()
async def test_a_stuck_controller_is_killed_and_callers_are_served_meanwhile(hotline: Mortal) -> None:
    operator = await hotline.operator("101", ready=False)
    waiting = await hotline.caller("77010000001", "1", "1")
    await hotline.waits(1)
    old = hotline.up.supervisor.pid
    stopped_at = await hotline.kill(signal.SIGSTOP)
    newcomer = await hotline.caller("77010000002")
    await hotline.dial_code("101", "*1")
    talk = await operator.rung()
    assert time.time() - stopped_at <= 6.0
    await waiting.until_hears(1000)
    await until(lambda: hotline.up.supervisor.pid != old, 10)
    assert 5 <= time.time() - stopped_at <= 9
    await hotline.revive()
    assert (await hotline.states())["101"] == "talking"
    await asyncio.sleep(1)
    await newcomer.press("1")
    await asyncio.sleep(1.5)
    await newcomer.press("1")
    await talk.hang_up()
    await rate(waiting, "5")
    talk = await operator.rung()
    await talk.until_hears(440)
    await talk.hang_up()
    await rate(newcomer, "4")
    stories = await hotline.stories(2)
    answered(stories["77010000001"], ["101"], [5])
    answered(stories["77010000002"], ["101"], [4])


@scene()
async def test_during_the_encoding_of_a_recording(hotline: Mortal) -> None:
    await dies_when_there_is(".pending/*.flac*", hotline)


@scene()
async def test_between_the_receipt_of_a_recording_and_the_archive(hotline: Mortal) -> None:
    await dies_when_there_is(".pending/*.json", hotline)


@scene()
async def test_between_the_archive_and_the_ledgers_row_of_a_recording(hotline: Mortal) -> None:
    await dies_when_there_is("2*/**/*.flac.enc", hotline)


async def dies_when_there_is(at: str, hotline: Mortal) -> None:
    """The talk ends, and the controller dies at that step of finishing its recording."""
    operator = await hotline.operator("101")
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await talk.until_hears(440)
    await call.listen(3)  # long enough that encoding it takes a while
    archive, supervisor = hotline.up.places.archive, hotline.up.supervisor
    await talk.hang_up()
    pid = supervisor.pid
    assert pid is not None
    await asyncio.to_thread(kill_when_there_is, archive, at, pid)
    await hotline.revive()
    await rate(call, "5")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [5])
    recorded(story, archive, hotline.up.places.spool, 440, [1000])
    assert len(list(archive.rglob("*.flac.enc"))) == 1


async def reasons(hotline: Mortal) -> dict[str, tuple[str, str]]:
    """Each operator's state and reason, as the controller says."""
    rows = (await ask(hotline.up.places.control, "GET /operators"))["operators"]
    return {row["operator"]: (row["state"], row["reason"]) for row in rows}


async def in_queue(hotline: Mortal, count: int) -> bool:
    """Whether so many callers are in the safety net."""
    lines = (await hotline.console("core show channels concise")).splitlines()
    return sum("!Queue!" in line for line in lines) == count


def kill_when_there_is(folder: Path, pattern: str, pid: int) -> None:
    """Kill the process the very moment that such a file is there. Raises TimeoutError."""
    until_s = time.monotonic() + 15
    while time.monotonic() < until_s:
        if any(folder.glob(pattern)):
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.0005)  # the phones live in this process, too
    raise TimeoutError(f"no {pattern}")
