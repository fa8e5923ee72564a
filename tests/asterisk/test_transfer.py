"""Transfer to another group (rule 11): the notice first, the waited time kept, both segments in the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.control import ControlError
from calls.journal import Fact
from phones.call import Call
from phones.manners import Ring

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_refer_takes_the_caller_to_the_other_group_and_tells_them_first(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "ru")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    status = await talk.refer("62")
    assert status // 100 == 2
    await centre.until_state("101", "ready")
    second = await centre.talk("103", visit)
    await visit.call.listen(0.5)
    (notice,) = visit.heard("transfer-notice", "ru")
    (told,) = visit.heard("operator", "ru", notice[1])
    assert notice[1] - notice[0] > 0.5  # to its end, though an operator was free
    assert notice[1] <= told[0] + 0.1
    assert not second.hears(OPERATOR_HZ["101"])
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await visit.call.hang_up()
    story = await visit.recorded(2)
    first_part, second_part = story.record.segments[1], story.record.segments[2]
    assert (first_part.group_id, first_part.operator_id, first_part.ended_by) == ("state-services", "101", "transfer")
    assert (first_part.transfer_kind, first_part.transfer_to) == ("blind", "portal")
    assert (second_part.group_id, second_part.operator_id, second_part.ended_by) == ("portal", "103", "operator")
    assert (second_part.queued_via, second_part.language) == ("transfer", "ru")
    assert second_part.notice_ms is not None
    assert second_part.answered_ms is not None
    assert first_part.transferred_ms is not None
    assert first_part.transferred_ms <= second_part.notice_ms <= second_part.answered_ms


async def test_transferred_caller_keeps_the_waited_time(centre: Centre) -> None:
    """Behind who has waited longer in all, ahead of who came to the other group while the talk went on."""
    longest = await centre.visit()
    await longest.enters("portal")
    moved = await centre.visit()
    await moved.enters("state-services")
    await moved.call.listen(1.0)  # the wait before the talk
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    talk = await centre.talk("101", moved)
    newcomer = await centre.visit()
    await newcomer.enters("portal")
    await talk.refer("62")
    queued = (await moved.fact(Fact.QUEUED, seq="2")).fields
    arrived, answered = moved.facts(Fact.ARRIVED)[0], moved.facts(Fact.TALKING)[0]
    waited_ms = answered.at_ms - int(arrived.fields["arrived_ms"])
    assert int(queued["rank_ms"]) == pytest.approx(int(queued["queued_ms"]) - waited_ms, abs=100)
    await moved.fact(Fact.NOTICE)
    rows = (await centre.asked("GET /calls"))["calls"]
    places = {row["call"]: row["place"] for row in rows}
    assert places == {longest.id: 1, moved.id: 2, newcomer.id: 3}
    phone = await centre.phone_of("103", Ring())
    await centre.duty("103", ready=True)
    for visit in (longest, moved, newcomer):
        ringing = await phone.rung()
        assert ringing.caller_number == visit.number
        await visit.call.hang_up()
        await ringing.ended()


async def test_transfer_by_command_does_the_same(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "en")
    await centre.phone_of("105")
    await centre.duty("105", ready=True)
    answer = await centre.asked("POST /calls/{id}/transfer", visit.id, to="ict")
    assert answer == {"call": visit.id, "to": "ict"}
    await talk.ended()
    await centre.until_state("101", "ready")
    second = await centre.talk("105", visit)
    (notice,) = visit.heard("transfer-notice", "en")
    (told,) = visit.heard("operator", "en", notice[1])
    assert notice[1] <= told[0] + 0.1
    await second.hang_up()
    await visit.call.hang_up()
    segments = (await visit.recorded(2)).record.segments
    assert (segments[1].transfer_kind, segments[1].transfer_to) == ("command", "ict")
    assert [segment.operator_id for segment in segments.values()] == ["101", "105"]


async def test_refer_to_an_operator_by_name_rings_that_operator(centre: Centre) -> None:
    """Though another of the group has been idle for longer."""
    visit, talk = await _talk_with_101(centre, "ru")
    for operator in ("105", "106"):
        await centre.phone_of(operator)
        await centre.duty(operator, ready=True)
    assert await talk.refer("7106") // 100 == 2
    second = await centre.talk("106", visit)
    (notice,) = visit.heard("transfer-notice", "ru")
    (told,) = visit.heard("operator", "ru", notice[1])
    assert notice[1] <= told[0] + 0.1
    await second.hang_up()
    await visit.fact(Fact.RATING_OFFERED, seq="2", operator="106")
    await visit.call.hang_up()
    segments = (await visit.recorded(2)).record.segments
    assert (segments[1].operator_id, segments[1].ended_by, segments[1].transfer_to) == ("101", "transfer", "ict")
    assert segments[1].wanted == "106"
    assert (segments[2].operator_id, segments[2].group_id) == ("106", "ict")
    assert segments[2].notice_ms is not None


async def test_named_operator_who_does_not_answer_is_followed_by_the_group_when_the_first_is_away(
    centre: Centre,
) -> None:
    visit, _ = await _talk_with_101(centre, "kk")
    await centre.duty("101", ready=False)
    await centre.phone_of("106", Ring())
    await centre.duty("106", ready=True)
    answer = await centre.asked("POST /calls/{id}/transfer", visit.id, to="106")
    assert answer == {"call": visit.id, "to": "106"}
    ringing = await centre.offered("106", visit)
    await centre.phone_of("105")
    await centre.duty("105", ready=True)
    await ringing.ended()
    await centre.talk("105", visit)


async def test_named_operator_who_is_busy_leaves_the_caller_to_the_group(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    await centre.phone_of("106")
    await centre.duty("106", ready=True)
    other = await centre.visit()
    await other.enters("ict")
    busy = await centre.talk("106", other)
    await talk.refer("7106")
    await visit.fact(Fact.NOTICE)
    calls = (await centre.asked("GET /calls"))["calls"]
    assert [(call["where"], call["group"]) for call in calls if call["call"] == visit.id] == [("waiting", "ict")]
    await busy.hang_up()
    await centre.talk("106", visit)


async def test_refer_to_a_number_that_is_no_group_leaves_the_talk_as_it_is(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    for target in ("69", "102", "1414", "*1", "sip:1414@192.0.2.1"):
        assert await talk.refer(target) >= 400, target
    heard = visit.call.heard_s()
    await visit.call.listen(1.0)
    assert visit.call.hears(OPERATOR_HZ["101"], heard + 0.2)
    assert talk.hears(visit.hz, talk.heard_s() - 1.0)
    assert not visit.facts(Fact.TRANSFERRED)
    assert (await centre.state("101"))[0] == "talking"
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, operator="101")


async def test_caller_cannot_transfer_the_operator_anywhere(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    for target in ("62", "1414", "sip:103@127.0.0.1"):
        assert await visit.call.refer(target) >= 400
    assert not talk.over
    begin, _ = await visit.call.listen(0.5)
    assert visit.call.hears(OPERATOR_HZ["101"], begin)
    assert not visit.facts(Fact.TRANSFERRED)


async def test_transfer_into_a_group_where_nobody_is_ready_waits_there(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre, "kk")
    await talk.hold()  # as many phones do before a REFER
    await _there_but_paused(centre, "105")
    await talk.refer("63")
    await visit.until_prompt("transfer-notice")
    await visit.fact(Fact.NOTICE)
    calls = (await centre.asked("GET /calls"))["calls"]
    assert [(call["where"], call["group"]) for call in calls] == [("waiting", "ict")]
    assert visit.facts(Fact.OFFERED)[-1].fields["seq"] == "1"
    await centre.phone_of("105")
    await centre.duty("105", ready=True)
    await centre.talk("105", visit)


async def test_group_where_nobody_is_logged_in_cannot_be_transferred_to(centre: Centre) -> None:
    """The phone hears 404, the command line says why, and the talk goes on."""
    visit, talk = await _talk_with_101(centre, "kk")
    await _nobody_in_ict(centre)
    with pytest.raises(ControlError, match="nobody is logged in who serves ict"):
        await centre.asked("POST /calls/{id}/transfer", visit.id, to="ict")
    for target in ("63", "7105"):
        assert await talk.refer(target) == 404, target
    begin = visit.call.heard_s()
    await visit.call.listen(0.7)
    assert visit.call.hears(OPERATOR_HZ["101"], begin + 0.2)
    assert not visit.facts(Fact.TRANSFERRED)
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, operator="101")


async def test_only_a_talk_can_be_transferred_by_command(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.enters("portal")
    for call, to, said in (
        (visit.id, "ict", "only a talk"),
        ("hl1-1.1", "ict", "no such call"),
        (visit.id, "69", "no group 69, nor an operator"),
    ):
        with pytest.raises(ControlError, match=said):
            await centre.asked("POST /calls/{id}/transfer", call, to=to)
    assert not visit.call.over


async def _there_but_paused(centre: Centre, operator: str) -> None:
    await centre.phone_of(operator)
    await centre.duty(operator, ready=False)
    await centre.until_state(operator, "paused")


async def _nobody_in_ict(centre: Centre) -> None:
    for operator in ("104", "105", "106"):
        if operator in centre.operators:
            await centre.operators.pop(operator).stop()
    for operator in ("104", "105", "106"):
        await centre.until_state(operator, "unreachable")


async def _talk_with_101(centre: Centre, language: str) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", language)
    return visit, await centre.talk("101", visit)
