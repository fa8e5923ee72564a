"""What must hold whoever does what to whom: paused, silent, busy, leaving operators; transfers that nobody may make."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from calls.journal import Fact
from phones.call import Call
from phones.manners import Answer, Ring

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE_S = 0.3
LOOK_S = 0.6
"""So long a phone stays silent before we believe that it will: the router needs milliseconds to ring it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(routing__policy="longest_wait") as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_paused_operator_is_not_rung_though_callers_wait_and_all_others_talk(centre: Centre) -> None:
    paused, _ = await centre.phone_of("101"), await centre.phone_of("102")
    rings = len(paused.calls)
    await centre.duty("102", ready=True)
    first, second = await centre.visit(), await centre.visit()
    await first.enters()
    talk = await centre.talk("102", first)
    await (await paused.dial("*21", centre.port)).ended()
    assert await centre.until_state("101", "paused") == "reason-1"
    await second.enters()
    await second.call.listen(LOOK_S)
    await first.call.hang_up()
    await talk.ended()
    await centre.talk("102", second)
    assert [call for call in paused.calls[rings:] if call.message] == []
    assert [seen.fields["operator"] for seen in second.facts(Fact.OFFERED)] == ["102"]


async def test_nobody_answers_and_the_caller_goes_on_down_the_list_and_never_falls_out(centre: Centre) -> None:
    """Each who misses the call is paused and left alone; the caller keeps the place, and `*1` brings one back."""
    group = ("104", "105", "106")
    for operator in group:
        await centre.phone_of(operator, Ring())
        await centre.duty(operator, ready=True)
    visit = await centre.visit()
    await visit.enters("ict")
    rung: list[str] = []
    for nth in range(1, 4):
        offer = await visit.fact(Fact.OFFERED, offer=str(nth))
        rung.append(offer.fields["operator"])
        ended = await visit.fact(Fact.OFFER_ENDED, offer=str(nth))
        assert ended.fields["status"] == "NOANSWER"
        assert await centre.until_state(rung[-1], "paused") == "missed-call"
    assert sorted(rung) == list(group)
    begun = [seen.at_ms for seen in visit.facts(Fact.OFFERED)]
    over = [seen.at_ms for seen in visit.facts(Fact.OFFER_ENDED)]
    assert max(after - before for before, after in zip(over, begun[1:], strict=False)) < AT_ONCE_S * 1000
    later = await centre.visit()
    await later.enters("ict")
    await visit.call.listen(LOOK_S)
    assert await _places(centre) == {visit.id: ("waiting", 1), later.id: ("waiting", 2)}
    assert len(visit.facts(Fact.OFFERED)) == 3
    await centre.offered("105", visit)  # the ring that was missed
    await centre.operators["105"].behave(Answer())
    await (await centre.operators["105"].dial("*1", centre.port)).ended()
    await centre.talk("105", visit)
    assert later.facts(Fact.OFFERED) == []
    story = await visit.story(lambda story: bool(story.record.call.answered_ms))
    statuses = [offer.status for offer in story.record.offers.values()]
    assert statuses == ["NOANSWER", "NOANSWER", "NOANSWER", "ANSWER"]


async def test_operator_of_two_groups_in_a_talk_of_one_is_never_rung_for_the_other(centre: Centre) -> None:
    """Nor while the caller is on hold; the longest waiting of both groups is next."""
    phone = await centre.phone_of("104")
    await centre.duty("104", ready=True)
    visit = await centre.visit()
    await visit.enters("portal")
    talk = await centre.talk("104", visit)
    rings = len(phone.calls)
    ict, portal = await centre.visit(), await centre.visit()
    await portal.enters("portal")
    await ict.enters("ict")
    await talk.hold()
    await ict.call.listen(LOOK_S)
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["104"])
    assert len(phone.calls) == rings
    assert ict.facts(Fact.OFFERED) == portal.facts(Fact.OFFERED) == []
    await talk.hang_up()
    following = await centre.talk("104", ict)  # dialled first, though longest in the menu
    assert portal.facts(Fact.OFFERED) == []
    await following.hang_up()
    await centre.talk("104", portal)
    assert [call for call in phone.calls[rings:] if call.instants.answered is None] == []


async def test_operator_who_logs_out_in_a_talk_finishes_it_and_gets_no_other(centre: Centre) -> None:
    visit, talk = await _talk_with_101(centre)
    phone = centre.operators["101"]
    await phone.unregister()
    begin, _ = await talk.listen(0.5)
    assert talk.hears(visit.hz, begin)
    assert visit.call.hears(OPERATOR_HZ["101"], visit.call.heard_s() - 0.5)
    assert await centre.state("101") == ("talking", visit.id)
    second = await centre.visit()
    await second.enters()
    await talk.hang_up()
    assert await centre.until_state("101", "unreachable") == "not registered"
    await visit.fact(Fact.RATING_OFFERED, operator="101")
    await second.call.listen(LOOK_S)
    assert second.facts(Fact.OFFERED) == []
    assert await centre.ledger.alarms_between(centre.began_ms, 1 << 50) == []
    await phone.register()
    await centre.talk("101", second)


async def test_operator_who_says_pause_by_code_in_a_talk_gets_no_other(centre: Centre) -> None:
    """On the phone's second line, with the caller on hold; the supervisor sees the reason when the talk is over."""
    visit, talk = await _talk_with_101(centre)
    second = await centre.visit()
    await second.enters()
    await talk.hold()
    await (await centre.operators["101"].dial("*27", centre.port)).ended()
    await talk.resume()
    await talk.until_hears(visit.hz)
    assert await centre.state("101") == ("talking", visit.id)
    await talk.hang_up()
    assert await centre.until_state("101", "paused") == "reason-7"
    await second.call.listen(LOOK_S)
    assert second.facts(Fact.OFFERED) == []
    shown = await centre.ledger.operators_now()
    assert [(row.state, row.reason) for row in shown if row.operator_id == "101"] == [("paused", "reason-7")]


async def test_callers_side_can_neither_transfer_nor_join_calls(centre: Centre) -> None:
    """Neither blindly nor with a second call of its own; both talks go on as if nothing had been asked."""
    visit, talk = await _talk_with_101(centre)
    await visit.call.hold()
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    other = await centre.dial(visit.phone, visit.number, visit.hz)
    await other.picks("portal")
    second = await centre.talk("103", other)
    for target in ("62", "7103", "*1", "1414"):
        assert await visit.call.refer(target) >= 400, target
    assert await visit.call.refer_to_call(other.call) >= 400
    await visit.call.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])
    await other.call.until_hears(OPERATOR_HZ["103"])
    assert not talk.over and not second.over
    assert await centre.state("101") == ("talking", visit.id)
    assert await centre.state("103") == ("talking", other.id)
    assert visit.facts(Fact.TRANSFERRED) == other.facts(Fact.TRANSFERRED) == []


async def test_supervisor_redirects_a_talking_caller_even_from_hold(centre: Centre) -> None:
    """The first operator is free at once; of two supervisors at the same time one is told that it is too late."""
    visit, talk = await _talk_with_101(centre)
    await centre.phone_of("105", Ring())
    await centre.duty("105", ready=True)
    await talk.hold()
    moved = await asyncio.gather(
        *(centre.asked("POST /calls/{id}/transfer", visit.id, to="ict") for _ in range(2)), return_exceptions=True
    )
    assert {"call": visit.id, "to": "ict"} in moved
    assert sorted(type(one).__name__ for one in moved) == ["ControlError", "dict"]
    assert await talk.ended() == 200
    assert await centre.until_state("101", "ready", timeout_s=1) == ""
    await visit.fact(Fact.NOTICE)
    ringing = await centre.offered("105", visit)
    assert len(visit.facts(Fact.TRANSFERRED)) == 1
    assert len(visit.heard("transfer-notice")) == 1
    await ringing.answer()
    await visit.call.until_hears(OPERATOR_HZ["105"])
    await ringing.hang_up()
    await visit.fact(Fact.RATING_OFFERED, operator="105", seq="2")
    await visit.call.hang_up()
    segments = (await visit.recorded(2)).record.segments
    assert [(part.operator_id, part.transfer_kind) for part in segments.values()] == [("101", "command"), ("105", None)]


async def _places(centre: Centre) -> dict[str, tuple[str, int]]:
    rows = (await centre.asked("GET /calls"))["calls"]
    return {row["call"]: (row["where"], int(row["place"])) for row in rows}


async def _talk_with_101(centre: Centre) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    return visit, await centre.talk("101", visit)
