"""Attended transfers while the controller is dead (rule 11): told all the same, and nobody dropped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import LOOK_EVERY_S, OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones.call import Call
from phones.manners import Ring
from phones.phone import PhoneError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(offers__ring_s=20) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await _revived(open_hotline)
    await open_hotline.closed_down()


async def test_caller_joined_while_the_controller_is_dead_is_told_all_the_same(centre: Centre) -> None:
    visit, talk, consult, asked = await _consulting(centre, "ru")
    await _killed(centre)
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.call.until_hears(OPERATOR_HZ["103"])
    await asked.until_hears(visit.hz)
    await visit.fact(Fact.NOTICE, seq="2", language="ru")
    (notice,) = visit.heard("transfer-notice", "ru")
    edge_s = 0.2  # a stretch is longer than its sound by most of a frame at either end
    assert not visit.call.hears(OPERATOR_HZ["103"], notice[0] + edge_s, notice[1] - edge_s)
    await asked.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    await _revived(centre)
    story = await visit.recorded(2)
    first, second = story.record.segments[1], story.record.segments[2]
    assert (first.operator_id, first.transfer_kind, first.transfer_to) == ("101", "attended", "portal")
    assert (second.operator_id, second.via, second.ended_by) == ("103", "consult", "operator")
    assert [recording.status for recording in story.recordings] == ["ok", "ok"]


async def test_talk_of_three_begins_and_ends_while_the_controller_is_dead(centre: Centre) -> None:
    visit, talk, consult, asked = await _consulting(centre, "en")
    await _killed(centre)
    await consult.press("*4")
    await talk.ended()
    for hz in (OPERATOR_HZ["101"], OPERATOR_HZ["103"]):
        await visit.call.until_hears(hz)
    await asked.until_hears(visit.hz)
    assert visit.heard("three-way-notice", "en")
    await _revived(centre)
    assert (await centre.state("101"))[0] == "talking"
    await consult.hang_up()
    await visit.fact(Fact.LEFT, operator="101", stays="103")
    await visit.call.until_hears(OPERATOR_HZ["103"])
    await centre.until_state("101", "ready")
    async with asyncio.timeout(5):
        while await centre.state("103") != ("talking", visit.id):
            await asyncio.sleep(LOOK_EVERY_S)
    await asked.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")


async def test_caller_joined_after_the_controller_came_back_in_the_middle_is_told(centre: Centre) -> None:
    visit, talk, consult, asked = await _consulting(centre, "kk")
    await _killed(centre)
    await _revived(centre)
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.fact(Fact.NOTICE, seq="2", language="kk")
    await visit.call.until_hears(OPERATOR_HZ["103"])
    assert await centre.state("103") == ("talking", visit.id)
    await asked.hang_up()
    await centre.until_state("103", "ready")
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")


async def test_caller_left_to_an_unanswered_consultation_is_served_while_the_controller_is_dead(
    centre: Centre,
) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", "ru")
    talk = await centre.talk("101", visit)
    await centre.phone_of("103")
    await centre.duty("103", ready=False)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    await consult.answered()
    await visit.call.listen(0.5)
    await _killed(centre)
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.fact(Fact.NOTICE, seq="2", language="ru")
    code = await centre.operators["103"].dial("*1")
    await code.ended()
    await centre.talk("103", visit, 30.0)
    assert len(visit.heard("transfer-notice", "ru")) == 1


@pytest.mark.parametrize("alive", [False, True])
async def test_caller_left_to_a_ringing_colleague_is_told_though_that_one_answers_first(
    centre: Centre, alive: bool
) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", "ru")
    talk = await centre.talk("101", visit)
    await centre.phone_of("103", Ring())
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await centre.phone_of("103")  # answers what comes next
    if not alive:
        await _killed(centre)
    assert await talk.refer_to_call(consult) // 100 == 2
    with contextlib.suppress(PhoneError):  # the ringing was ended already
        await asked.answer()
    second = await centre.talk("103", visit, 30.0)
    assert len(visit.heard("transfer-notice", "ru")) == 1
    assert len(visit.facts(Fact.NOTICE)) == 1
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")


async def _consulting(centre: Centre, language: str) -> tuple[Visit, Call, Call, Call]:
    """101 has the caller on hold and talks with 103."""
    for operator in ("101", "103"):
        await centre.phone_of(operator)
        await centre.duty(operator, ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", language)
    talk = await centre.talk("101", visit)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asyncio.gather(asked.until_hears(OPERATOR_HZ["101"]), consult.until_hears(OPERATOR_HZ["103"]))
    return visit, talk, consult, asked


async def _killed(centre: Centre) -> None:
    """The controller dies, and stays dead until it is revived."""
    pid = centre.up.supervisor.pid
    assert pid is not None
    centre.up.supervisor.may_start.clear()
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        while centre.up.supervisor.pid == pid:
            await asyncio.sleep(0.02)


async def _revived(centre: Centre) -> None:
    centre.up.supervisor.may_start.set()
    await controller_ready(centre.up.places)
