"""A transfer that fails gives the caller back to the first operator (rule 11), told so and with the place kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from idle_alarms import idle_alarms

from calls.journal import Fact
from phones.call import Call
from phones.manners import Manner, Refuse, Ring

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(offers__wrap_up_s=3) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@pytest.mark.parametrize("manner", [Refuse(603), Ring()])
async def test_caller_comes_back_when_the_named_operator_does_not_take_the_call(centre: Centre, manner: Manner) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("106", manner)
    await centre.duty("106", ready=True)
    assert await talk.refer("7106") // 100 == 2
    again = await centre.talk("101", visit, 20.0)
    assert again is not talk
    (notice,) = visit.heard("transfer-notice", "ru")
    (told,) = visit.heard("given-back", "ru")
    assert notice[0] + 0.5 < told[0]
    assert told[1] - told[0] > 0.5
    assert not visit.call.hears(OPERATOR_HZ["101"], told[0], told[1])
    await again.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="3", operator="101")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    first, named, last = (story.record.segments[seq] for seq in (1, 2, 3))
    assert (first.operator_id, first.transfer_kind, first.transfer_to) == ("101", "blind", "ict")
    assert (named.operator_id, named.group_id, named.transfer_kind) == (None, "ict", "given-back")
    assert (last.operator_id, last.group_id, last.queued_via) == ("101", "state-services", "given-back")
    assert named.rank_ms == last.rank_ms
    assert last.notice_ms is not None and last.talking_ms is not None and last.notice_ms <= last.talking_ms
    assert [recording.status for recording in story.recordings] == ["ok", "ok"]
    assert [(rating.seq, rating.operator_id) for rating in story.record.ratings.values()] == [(3, "101")]


async def test_operator_who_is_kept_free_while_the_caller_is_told_is_not_idle_beside_them(centre: Centre) -> None:
    for operator in ("105", "106"):
        await centre.phone_of(operator, Ring() if operator == "106" else None)
    await centre.duty("105", ready=True)
    visit = await centre.visit()
    await visit.enters("ict")
    talk = await centre.talk("105", visit)
    await centre.duty("106", ready=True)
    assert await talk.refer("7106") // 100 == 2
    await centre.offered("106", visit)
    await centre.asked("POST /operators/{number}/ready", "105")  # which ends the wrap-up: idle but for this caller
    await centre.talk("105", visit, 20.0)
    assert visit.heard("given-back", "kk")
    assert idle_alarms(centre.up, centre.began_ms) == []


async def test_group_follows_when_the_first_operator_is_not_free_any_more(centre: Centre) -> None:
    visit, _ = await _talk_with_101(centre, "kk")
    await centre.phone_of("106", Refuse(486))
    await centre.phone_of("105")
    for operator in ("106", "105"):
        await centre.duty(operator, ready=True)
    await centre.duty("101", ready=False)
    await centre.asked("POST /calls/{id}/transfer", visit.id, to="106")
    second = await centre.talk("105", visit)
    assert not visit.heard("given-back", "kk")
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="105")


async def test_group_follows_when_the_first_operator_does_not_take_the_caller_back(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "en")
    await centre.phone_of("106", Refuse(603))
    await centre.duty("106", ready=True)
    await centre.phone_of("101", Refuse(603))
    await talk.refer("7106")
    await visit.fact(Fact.TRANSFERRED, seq="3", kind="given-on")
    await centre.phone_of("105")
    await centre.duty("105", ready=True)
    second = await centre.talk("105", visit)
    await second.hang_up()
    await visit.call.hang_up()
    story = await visit.recorded(2)
    segments = story.record.segments
    assert [(s.group_id, s.operator_id, s.transfer_kind) for s in segments.values()] == [
        ("state-services", "101", "blind"),
        ("ict", None, "given-back"),
        ("state-services", None, "given-on"),
        ("ict", "105", None),
    ]


async def test_colleague_who_hangs_up_during_the_notice_leaves_the_caller_to_the_first(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    assert await talk.refer_to_call(consult) // 100 == 2
    await visit.fact(Fact.QUEUED, seq="2")
    await asked.hang_up()
    again = await centre.talk("101", visit)
    await again.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="3", operator="101")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    assert [(s.operator_id, s.transfer_kind, s.queued_via) for s in story.record.segments.values()] == [
        ("101", "attended", "menu"),
        (None, "given-back", "transfer"),
        ("101", None, "given-back"),
    ]
    assert (await centre.state("103"))[0] in ("wrap-up", "ready")


async def _talk_with_101(centre: Centre, language: str) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", language)
    return visit, await centre.talk("101", visit)
