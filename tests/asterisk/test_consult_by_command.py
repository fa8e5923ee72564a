"""An attended transfer by command (rule 11): ask a colleague with the caller on hold, then join them, or go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.control import ControlError
from calls.journal import Fact
from phones import tones
from phones.call import Call
from phones.manners import Ring
from recordings.vault.vault import Vault

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_caller_is_joined_with_the_colleague_whom_the_operator_asked(centre: Centre) -> None:
    visit, talk, asked = await _consulting(centre, "ru", "62")
    assert asked.caller_number == "101"
    begin = visit.call.heard_s()
    await visit.call.listen(1.0)
    assert not visit.call.hears(OPERATOR_HZ["101"], begin, share=0.1)
    assert (await centre.state("101"))[0] == "talking"
    await centre.asked("POST /calls/{id}/join", visit.id)
    await talk.ended()
    await centre.until_state("101", "ready")
    await visit.fact(Fact.TALKING, seq="2", operator="103")
    await _hear_each_other(centre, visit, asked, "103")
    assert await centre.state("103") == ("talking", visit.id)
    (notice,) = visit.heard("transfer-notice", "ru")
    assert not visit.call.hears(OPERATOR_HZ["103"], notice[0], notice[1])
    await centre.phone_of("101")
    await centre.asked("POST /calls/{id}/consult", visit.id, to="101")  # and from there on
    back = await centre.operators["101"].rung()
    await asyncio.gather(back.until_hears(OPERATOR_HZ["103"]), asked.until_hears(OPERATOR_HZ["101"]))
    await centre.asked("POST /calls/{id}/take-back", visit.id)
    await _hear_each_other(centre, visit, asked, "103")
    await asked.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    first, second = story.record.segments[1], story.record.segments[2]
    assert (first.operator_id, first.transfer_kind, first.wanted) == ("101", "attended", "103")
    assert (second.operator_id, second.group_id, second.via) == ("103", "portal", "consult")
    assert [recording.status for recording in story.recordings] == ["ok", "ok"]


async def test_operator_takes_the_caller_back_and_the_talk_and_its_recording_go_on(centre: Centre) -> None:
    visit, talk, asked = await _consulting(centre, "kk", "103")
    with pytest.raises(ControlError, match="already"):
        await centre.asked("POST /calls/{id}/consult", visit.id, to="62")
    assert (await centre.asked("POST /calls/{id}/take-back", visit.id))["operator"] == "101"
    await asked.ended()
    await _hear_each_other(centre, visit, talk, "101")
    with pytest.raises(ControlError, match="asks nobody"):
        await centre.asked("POST /calls/{id}/take-back", visit.id)
    with pytest.raises(ControlError, match="no colleague"):
        await centre.asked("POST /calls/{id}/join", visit.id)
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="1", operator="101")
    await visit.call.hang_up()
    story = await visit.recorded()
    assert not visit.facts(Fact.TRANSFERRED)
    path = Vault(centre.up.places).recording(story.recordings[0].path)
    assert tones.hears(path, visit.hz, channel=0)
    assert not tones.hears(path, OPERATOR_HZ["103"], channel=1, share=0.05)


async def test_colleague_who_hangs_up_leaves_the_caller_to_the_operator_who_may_ask_again(centre: Centre) -> None:
    visit, talk, asked = await _consulting(centre, "kk", "62")
    await asked.hang_up()
    await _hear_each_other(centre, visit, talk, "101")
    await centre.until_state("103", "ready")
    await centre.asked("POST /calls/{id}/consult", visit.id, to="62")
    again = await centre.operators["103"].rung()
    await again.until_hears(OPERATOR_HZ["101"])
    await centre.asked("POST /calls/{id}/three-way", visit.id)
    await asyncio.gather(
        visit.call.until_hears(OPERATOR_HZ["101"]),
        visit.call.until_hears(OPERATOR_HZ["103"]),
        talk.until_hears(visit.hz),
        talk.until_hears(OPERATOR_HZ["103"]),
        again.until_hears(visit.hz),
    )
    await talk.hang_up()
    await visit.fact(Fact.LEFT, operator="101", stays="103")
    await again.hang_up()  # before anything can have happened
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await centre.until_state("103", "ready")


async def test_operator_who_hangs_up_leaves_the_caller_to_the_colleague(centre: Centre) -> None:
    visit, talk, asked = await _consulting(centre, "en", "62")
    await talk.hang_up()
    await visit.until_prompt("transfer-notice", "en")
    await _hear_each_other(centre, visit, asked, "103")
    await asked.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")


async def test_operator_who_hangs_up_after_another_question_leaves_the_caller_to_the_first(centre: Centre) -> None:
    visit, talk, asked = await _consulting(centre, "en", "62")
    await centre.phone_of("102")
    await centre.duty("102", ready=True)
    second = await centre.operators["101"].dial("7102")
    other = await centre.operators["102"].rung()
    await other.until_hears(OPERATOR_HZ["101"])
    await second.hang_up()
    await other.ended()
    await talk.hang_up()
    await _hear_each_other(centre, visit, asked, "103")
    assert len(visit.heard("transfer-notice", "en")) == 1


async def test_operator_who_hangs_up_before_anybody_answered_leaves_the_caller_in_the_groups_line(
    centre: Centre,
) -> None:
    visit, talk = await _talk_with_101(centre, "en")
    await centre.phone_of("103", Ring())
    await centre.duty("103", ready=True)
    await centre.asked("POST /calls/{id}/consult", visit.id, to="62")
    await centre.operators["103"].rung()
    await centre.phone_of("103")  # the next call is answered
    await talk.hang_up()
    await visit.until_prompt("transfer-notice", "en")
    await centre.duty("103", ready=True)
    taken = await centre.talk("103", visit, 20.0)
    await taken.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    story = await visit.story()
    assert (story.record.segments[1].transfer_kind, story.record.segments[1].transfer_to) == ("attended", "portal")


async def test_consultation_on_a_second_line_is_joined_by_command_too(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    await centre.asked("POST /calls/{id}/join", visit.id)
    await asyncio.gather(talk.ended(), consult.ended())
    await _hear_each_other(centre, visit, asked, "103")
    await asked.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")


async def test_nobody_is_asked_where_nobody_is_logged_in(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    for nobody in ("63", "105"):
        with pytest.raises(ControlError, match="nobody is logged in"):
            await centre.asked("POST /calls/{id}/consult", visit.id, to=nobody)
    await talk.until_hears(visit.hz)


async def _talk_with_101(centre: Centre, language: str) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters(language=language)
    return visit, await centre.talk("101", visit)


async def _consulting(centre: Centre, language: str, to: str) -> tuple[Visit, Call, Call]:
    visit, talk = await _talk_with_101(centre, language)
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await centre.asked("POST /calls/{id}/consult", visit.id, to=to)
    asked = await centre.operators["103"].rung()
    await asyncio.gather(asked.until_hears(OPERATOR_HZ["101"]), talk.until_hears(OPERATOR_HZ["103"]))
    return visit, talk, asked


async def _hear_each_other(centre: Centre, visit: Visit, call: Call, operator: str) -> None:
    await asyncio.gather(visit.call.until_hears(OPERATOR_HZ[operator], 15.0), call.until_hears(visit.hz, 15.0))
