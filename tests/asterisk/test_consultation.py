"""Attended transfer (rule 11): the operator asks a colleague while the caller is on hold, then joins them or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from prompt_tones import heard_stretches, prompt_hz

from calls.journal import Fact
from phones import tones
from phones.call import Call
from phones.manners import Ring
from phones.phone import PhoneError
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


@pytest.mark.parametrize("refers_on", ["the caller's line", "the consultation"])
async def test_joined_caller_is_told_and_talks_with_the_colleague(centre: Centre, refers_on: str) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    assert asked.caller_number == "101"
    await asked.until_hears(OPERATOR_HZ["101"])
    await consult.until_hears(OPERATOR_HZ["103"])
    here, there = (talk, consult) if refers_on == "the caller's line" else (consult, talk)
    assert await here.refer_to_call(there) // 100 == 2
    await centre.until_state("101", "ready")
    await visit.fact(Fact.TALKING, seq="2", operator="103")
    await visit.call.until_hears(OPERATOR_HZ["103"])
    await asked.until_hears(visit.hz)
    assert await centre.state("103") == ("talking", visit.id)
    (row,) = (await centre.asked("GET /calls"))["calls"]
    assert (row["call"], row["where"], row["operator"]) == (visit.id, "talking", "103")
    (notice,) = visit.heard("transfer-notice", "ru")
    assert not visit.call.hears(OPERATOR_HZ["103"], notice[0], notice[1])
    await asked.hang_up()
    await centre.until_state("103", "ready")
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    first, second = story.record.segments[1], story.record.segments[2]
    assert (first.operator_id, first.ended_by, first.transfer_kind, first.transfer_to) == (
        "101", "transfer", "attended", "portal",
    )  # fmt: skip
    assert (second.operator_id, second.group_id, second.ended_by) == ("103", "portal", "operator")
    assert (second.queued_via, second.via) == ("transfer", "consult")
    assert second.notice_ms is not None and second.talking_ms is not None
    assert second.notice_ms <= second.talking_ms
    assert [recording.status for recording in story.recordings] == ["ok", "ok"]


async def test_operator_takes_the_caller_back_from_hold(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("7103")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    await consult.hang_up()
    await asked.ended()
    await centre.until_state("103", "ready")
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])
    await talk.until_hears(visit.hz)
    assert not visit.facts(Fact.TRANSFERRED)
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="1", operator="101")
    await visit.call.hang_up()
    story = await visit.recorded()
    (recording,) = story.recordings  # one, through hold and the colleague who was only asked
    assert (recording.status, recording.seq) == ("ok", 1)
    path = Vault(centre.up.places).recording(recording.path)
    assert tones.hears(path, visit.hz, channel=0, share=0.8)
    assert tones.hears(path, OPERATOR_HZ["101"], channel=1, share=0.1)
    assert not tones.hears(path, OPERATOR_HZ["103"], channel=1, share=0.01)


async def test_consultation_waits_its_turn_and_never_rings_a_phone_in_use(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    other = await centre.visit()
    await other.enters("portal")
    busy = await centre.talk("103", other)
    rings = len(centre.operators["103"].calls)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    await consult.answered()
    await visit.call.listen(1.0)
    assert len(centre.operators["103"].calls) == rings
    await busy.hang_up()
    asked = await centre.operators["103"].rung()
    await consult.until_hears(OPERATOR_HZ["103"])
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.call.until_hears(OPERATOR_HZ["103"], 15.0)
    await asked.until_hears(visit.hz)


async def test_operator_may_leave_the_caller_to_wait_before_anybody_answered(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103")
    await centre.duty("103", ready=False)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    await consult.answered()
    await visit.call.listen(0.5)
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.fact(Fact.NOTICE, seq="2", language="ru")
    await centre.until_state("101", "ready")
    await centre.duty("103", ready=True)
    second = await centre.talk("103", visit)
    assert len(visit.heard("transfer-notice", "ru")) == 1
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    first, second_part = story.record.segments[1], story.record.segments[2]
    assert (first.operator_id, first.transfer_kind, first.transfer_to) == ("101", "attended", "portal")
    assert (second_part.operator_id, second_part.group_id, second_part.via) == ("103", "portal", "router")
    assert [recording.status for recording in story.recordings] == ["ok", "ok"]


async def test_joining_while_the_colleague_still_rings_tells_the_caller_and_rings_on(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103", Ring())
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await centre.phone_of("103")  # answers what comes next
    assert await talk.refer_to_call(consult) // 100 == 2
    await asked.ended()  # a phone that would ring while the caller is told
    second = await centre.talk("103", visit)
    assert len(visit.heard("transfer-notice", "ru")) == 1
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    first, second_part = story.record.segments[1], story.record.segments[2]
    assert (first.operator_id, first.transfer_kind, first.transfer_to) == ("101", "attended", "portal")
    assert (second_part.operator_id, second_part.group_id) == ("103", "portal")
    assert second_part.notice_ms is not None and second_part.talking_ms is not None
    assert second_part.notice_ms <= second_part.talking_ms


async def test_join_that_asterisk_refuses_leaves_the_caller_with_the_operator(centre: Centre) -> None:
    """The colleague had hung up when the REFER came."""
    visit, talk = await _talk_with_101(centre, "kk")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    await asked.hang_up()
    await consult.ended()
    try:
        refused = await talk.refer_to_call(consult) >= 400
    except PhoneError:  # the phone itself may know that there is nobody to refer to
        refused = True
    assert refused
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])
    assert not visit.facts(Fact.TRANSFERRED)
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="1", operator="101")


async def test_caller_who_hangs_up_while_told_leaves_the_colleague_in_no_silence(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.fact(Fact.OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    await asked.ended(10)
    assert not visit.facts(Fact.NOTICE)


async def test_of_two_questions_the_one_that_is_left_is_joined(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    for operator in ("103", "104"):
        await centre.phone_of(operator)
        await centre.duty(operator, ready=True)
    await talk.hold()
    await centre.operators["101"].dial("7103")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    second = await centre.operators["101"].dial("7104")
    other = await centre.operators["104"].rung()
    await other.until_hears(OPERATOR_HZ["101"])
    await second.hang_up()
    await other.ended()
    await centre.asked("POST /calls/{id}/join", visit.id)
    await visit.fact(Fact.TALKING, seq="2", operator="103")
    await asked.until_hears(visit.hz)
    assert not visit.facts(Fact.TALK_ENDED)


async def test_caller_whose_talk_the_operator_joins_with_itself_is_told_and_waits_on(centre: Centre) -> None:
    """REFER with Replaces that names its own call: Asterisk takes the phone out, and says nothing to who is left."""
    visit, talk = await _talk_with_101(centre, "ru")
    assert await talk.refer_to_call(talk) // 100 == 2
    await visit.fact(Fact.TRANSFERRED, seq="1", kind="attended", operator="101", to="state-services")
    await visit.fact(Fact.NOTICE, seq="2", language="ru")
    await centre.talk("101", visit)


async def test_question_that_either_phone_joins_with_itself_leaves_nobody_in_silence(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    for by_colleague in (False, True):
        consult = await centre.operators["101"].dial("62")
        asked = await centre.operators["103"].rung()
        await asyncio.gather(asked.until_hears(OPERATOR_HZ["101"]), consult.until_hears(OPERATOR_HZ["103"]))
        joined, left = (asked, consult) if by_colleague else (consult, asked)
        assert await joined.refer_to_call(joined) // 100 == 2
        await left.ended(10)
        await centre.until_state("103", "ready")
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])
    assert not visit.facts(Fact.TRANSFERRED)


async def test_colleague_who_does_not_answer_is_missed_like_any_offer(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    await centre.phone_of("103", Ring())
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.ended()
    assert await centre.until_state("103", "paused") == "missed-call"
    assert not consult.over
    await consult.hang_up()
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])


async def test_operator_who_asks_where_nobody_is_logged_in_hears_so_in_their_own_language(centre: Centre) -> None:
    await centre.phone_of("104")
    await centre.duty("104", ready=True)
    visit = await centre.visit()
    await visit.enters("ict", "kk")
    talk = await centre.talk("104", visit)
    for operator in ("101", "102"):
        if operator in centre.operators:
            await centre.operators.pop(operator).stop()
        await centre.until_state(operator, "unreachable")
    await talk.hold()
    for number, prompt in (("61", "nobody-logged-in"), ("7105", "operator-not-logged-in")):
        consult = await centre.operators["104"].dial(number)
        await consult.ended()
        assert len(heard_stretches(consult.heard(), prompt_hz(prompt, "ru"))) == 1
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["104"])
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="1", operator="104")


async def _talk_with_101(centre: Centre, language: str) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", language)
    return visit, await centre.talk("101", visit)
