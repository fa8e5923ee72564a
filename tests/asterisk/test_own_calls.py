"""An operator's own channel is never a caller's place, and only who arrived is a caller (rules 11, 14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from journal_watch import Seen

from calls.journal import Fact
from phones import tones
from phones.call import Call
from recordings.vault.vault import Vault
from storage.ledger import CallStory

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_caller_joined_with_the_operators_own_call_to_1414_goes_back_to_the_menu(centre: Centre) -> None:
    visit, talk = await _talk(centre, "ru")
    await _ready(centre, "103")
    await asyncio.sleep(1.0)
    await talk.hold()
    own = await centre.operators["101"].dial("1414")
    await own.answered()
    await asyncio.sleep(0.3)
    assert await talk.refer_to_call(own) // 100 == 2
    await visit.fact(Fact.TRANSFERRED, seq="1", kind="attended", operator="101")
    await visit.fact(Fact.NOTICE, seq="2", language="ru")
    await visit.call.press("2")  # the topic is asked at once
    second = await centre.talk("103", visit)
    await asyncio.sleep(1.0)
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    _told_apart(centre, visit, await visit.recorded(2))
    (operators_own,) = {seen.call for seen in centre.journal.facts(fact=Fact.ARRIVED) if seen.fields["caller"] == "101"}
    ended = await centre.ledger_shows(operators_own, lambda story: story.record.call.ended_ms is not None)
    assert ended.recordings == ()


async def test_caller_joined_with_the_operators_own_wait_at_1414_waits_there_as_a_caller(centre: Centre) -> None:
    visit, talk = await _talk(centre, "kk")
    await talk.hold()
    own = await centre.operators["101"].dial("1414")
    await own.answered()
    async with asyncio.timeout(20):  # no key: the default language and group
        while not any(seen.fields.get("seq") == "1" and seen.call != visit.id for seen in _queued(centre)):
            await asyncio.sleep(0.05)
    assert await own.refer_to_call(talk) // 100 == 2
    queued = await visit.fact(Fact.QUEUED, seq="2", group="state-services")
    assert int(queued.fields["rank_ms"]) >= int(visit.facts(Fact.ARRIVED)[0].fields["arrived_ms"])
    second = await centre.talk("101", visit)
    assert len(visit.heard("transfer-notice", "kk")) == 1
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="101")


async def test_caller_joined_with_whatever_code_the_phone_has_dialled_is_not_hung_up(centre: Centre) -> None:
    visit, talk = await _talk(centre, "en")
    await talk.hold()
    code = await centre.operators["101"].dial("*1")
    await code.answered()
    assert await talk.refer_to_call(code) // 100 == 2
    await visit.fact(Fact.TRANSFERRED, seq="1", operator="101")
    await visit.fact(Fact.NOTICE, seq="2", language="en")
    await visit.call.press("1")
    await visit.fact(Fact.QUEUED, seq="2", group="state-services")


async def test_question_is_no_caller_whom_either_phone_could_transfer(centre: Centre) -> None:
    visit, talk = await _talk(centre, "kk")
    await centre.phone_of("102")
    await centre.duty("102", ready=False)
    waiting = await centre.visit()
    await waiting.enters("state-services")
    await _ready(centre, "103")
    await talk.hold()
    question = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    assert await question.refer("61") == 404
    assert await asked.refer("61") == 404
    await question.until_hears(OPERATOR_HZ["103"])
    assert {row["call"] for row in (await centre.asked("GET /calls"))["calls"]} == {visit.id, waiting.id}
    await centre.duty("102", ready=True)
    await centre.talk("102", waiting)
    await question.hang_up()
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])


async def test_question_that_the_colleague_joins_with_1414_makes_no_call(centre: Centre) -> None:
    visit, talk = await _talk(centre, "kk")
    await _ready(centre, "103")
    await talk.hold()
    question = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    own = await centre.operators["103"].dial("1414")
    await own.answered()
    assert await asked.refer_to_call(own) // 100 == 2
    await question.ended(20)
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])
    arrived = {seen.call for seen in centre.journal.facts(fact=Fact.ARRIVED)}
    assert set(await centre.ledger.call_ids_between(0, 1 << 52)) <= arrived


async def test_caller_joined_once_and_then_left_to_a_question_is_moved_on(centre: Centre) -> None:
    visit, talk = await _talk(centre, "ru")
    await _ready(centre, "104")
    await talk.hold()
    question = await centre.operators["101"].dial("7104")
    asked = await centre.operators["104"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    assert await talk.refer_to_call(question) // 100 == 2
    await visit.call.until_hears(OPERATOR_HZ["104"])
    await asked.hold()
    await centre.duty("101", ready=False)
    unanswered = await centre.operators["104"].dial("61")
    await unanswered.answered()
    assert await asked.refer_to_call(unanswered) // 100 == 2
    await visit.fact(Fact.TRANSFERRED, seq="2", operator="104")
    await visit.fact(Fact.NOTICE, seq="3", language="ru")
    await centre.duty("101", ready=True)
    third = await centre.talk("101", visit)
    await asyncio.sleep(1.0)
    await third.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="3", operator="101")
    await visit.call.hang_up()
    story = await visit.recorded(3)
    assert [row.status for row in story.recordings] == ["ok"] * 3
    last = Vault(centre.up.places).recording(story.recordings[1].path)
    assert not tones.hears(last, OPERATOR_HZ["101"], channel=1, share=0.05)  # no talk in another's recording


async def test_caller_joined_with_the_operators_own_call_that_is_held_for_a_question_does_not_stay_there(
    centre: Centre,
) -> None:
    visit, talk = await _talk(centre, "ru")
    await talk.hold()
    for operator in ("103", "105"):
        await _ready(centre, operator)
    own = await centre.operators["101"].dial("1414")
    await own.answered()
    arrived = [seen for seen in centre.journal.facts(fact=Fact.ARRIVED) if seen.fields["caller"] == "101"][-1]
    await centre.journal.until(Fact.STEP, arrived.call, step="language-asked")
    await own.press("2")
    await centre.journal.until(Fact.STEP, arrived.call, step="topic-asked")
    await own.press("2")
    served = await centre.operators["103"].rung()
    await served.until_hears(OPERATOR_HZ["101"])
    await centre.asked("POST /calls/{id}/consult", arrived.call, to="63")
    asked = await centre.operators["105"].rung()
    await asked.until_hears(OPERATOR_HZ["103"])
    assert await talk.refer_to_call(own) // 100 == 2
    await visit.fact(Fact.TRANSFERRED, seq="1", kind="attended", operator="101", to="portal")
    await visit.fact(Fact.NOTICE, seq="2", language="ru")
    await asked.until_hears(OPERATOR_HZ["103"])  # their question goes on
    await served.hang_up()
    second = await centre.talk("103", visit)
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")


def _told_apart(centre: Centre, visit: Visit, story: CallStory) -> None:
    """Two segments, each with a recording of its own, in which that operator is heard and not the other."""
    segments = story.record.segments
    assert [(seq, segment.operator_id) for seq, segment in segments.items()] == [(1, "101"), (2, "103")]
    assert (segments[1].transfer_kind, segments[1].ended_by) == ("attended", "transfer")
    assert len({row.file for row in story.recordings}) == 2
    for row, own, other in zip(story.recordings, ("101", "103"), ("103", "101"), strict=True):
        sound = Vault(centre.up.places).recording(row.path)
        assert row.status == "ok"
        assert tones.hears(sound, visit.hz, channel=0, share=0.3)
        assert tones.hears(sound, OPERATOR_HZ[own], channel=1, share=0.3)
        assert not tones.hears(sound, OPERATOR_HZ[other], channel=1, share=0.05)


def _queued(centre: Centre) -> list[Seen]:
    return list(centre.journal.facts(fact=Fact.QUEUED))


async def _ready(centre: Centre, operator: str) -> None:
    await centre.phone_of(operator)
    await centre.duty(operator, ready=True)


async def _talk(centre: Centre, language: str) -> tuple[Visit, Call]:
    await _ready(centre, "101")
    visit = await centre.visit()
    await visit.enters("state-services", language)
    return visit, await centre.talk("101", visit)
