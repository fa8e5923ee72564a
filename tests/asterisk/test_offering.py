"""Waiting and offering: music and place, longest wait first, longest idle first, and phones that do not answer."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from calls.clock import MachineClock
from calls.journal import Fact
from dialplan import names
from dispatch.channels import seen_channel
from dispatch.redirect import Redirects
from phones import tones
from phones.call import Call
from phones.manners import Answer, Redirect, Refuse, Ring
from telephony.ami import AmiLink
from telephony.ami_event import AmiEvent, LinkItem, LinkUp
from telephony.commands import redirect, setvar

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE_S = 0.3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(waiting__announce_first_s=2, waiting__announce_every_s=30) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_waiting_caller_hears_music_and_the_place_until_an_offer_cuts_it(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    first, second = await centre.visit(), await centre.visit()
    await asyncio.gather(first.enters(language="ru"), second.enters(language="en"))
    waits = await first.until_prompt("please-wait", "ru")
    told = await first.until_prompt("position-1", "ru")
    place = await second.until_prompt("position-2", "en")
    samples, rate = tones.read(first.call.heard())
    music = samples[round((waits[1] + 0.2) * rate) : round((told[0] - 0.2) * rate)]
    assert tones.speech_or_music_present(music, rate, share=0.5)
    samples, rate = tones.read(second.call.heard())
    await second.call.listen(1.0)
    samples, rate = tones.read(second.call.heard())
    assert tones.speech_or_music_present(samples[round((place[1] + 0.2) * rate) :], rate, share=0.3)  # music again
    await centre.duty("101", ready=True)
    await (await centre.offered("101", first)).answer()
    await first.call.until_hears(OPERATOR_HZ["101"])
    (said,) = first.heard("position-1", "ru")
    assert said[1] - said[0] < 3.5  # of 4.0: the offer did not wait for the last word


async def test_a_caller_is_moved_at_the_very_moment_of_waiting_again(centre: Centre) -> None:
    """Right behind another move, and whatever step of the dialplan it falls into.

    Asterisk refuses the first, and what it takes may be lost in a Goto: then operators were idle beside the caller, or
    the caller was hung up, about once in a thousand offers.
    """
    inbox: asyncio.Queue[LinkItem] = asyncio.Queue()
    ports, secret = centre.up.settings.ports, centre.up.secrets.ami
    link = AmiLink("127.0.0.1", ports.ami, "bailanys", secret, inbox)
    redirects = Redirects(link, MachineClock())
    visit = await centre.visit()
    await visit.enters()
    channel = next(one.channel for one in centre.journal.entries if one.uniqueid == visit.id)
    back, announce = (redirect(channel, names.WAITING, exten) for exten in ("back", names.ANNOUNCE))
    await link.start()
    try:
        while not isinstance(await inbox.get(), LinkUp):
            pass
        await link.send(setvar(channel, names.SAY, "bailanys/position-1"))
        for nth in range(150):
            first = asyncio.create_task(link.send(back))
            while nth % 3:  # at once, or when it has come there
                said = await asyncio.wait_for(inbox.get(), 5)
                if isinstance(said, AmiEvent) and said.fields.get("UserEvent") == names.WAITING_EVENT:
                    break
            second = asyncio.create_task(redirects.moved(announce, lambda: not visit.call.over))
            await asyncio.gather(first, second)
            await asyncio.sleep(0.02)
            while not inbox.empty():
                inbox.get_nowait()
            seen = await seen_channel(link, channel)
            assert seen is not None, f"hung up by move {nth}"
            assert (seen.context, seen.extension) == (names.WAITING, names.ANNOUNCE), f"move {nth} was lost"
    finally:
        await link.close()


async def test_longest_wait_first_counted_from_the_arrival(centre: Centre) -> None:
    phone = await centre.phone_of("101", Ring())
    early = await centre.visit()
    late = await centre.visit()
    await late.enters()  # through the menu before the one who arrived first
    await early.enters()
    await centre.duty("101", ready=True)
    offer = await centre.offered("101", early)
    assert len([call for call in phone.calls if not call.over]) == 1
    await offer.answer()
    await early.call.until_hears(OPERATOR_HZ["101"])
    assert late.facts(Fact.OFFERED) == []
    await offer.hang_up()
    following = await centre.offered("101", late)
    ended, rung = offer.instants.ended, following.instants.invite
    assert ended is not None
    assert rung - ended < AT_ONCE_S


async def test_longest_idle_operator_first(centre: Centre) -> None:
    for operator in ("101", "102"):
        await centre.phone_of(operator, Answer())
        await centre.duty(operator, ready=True)
    served = []
    for _ in range(4):
        visit = await centre.visit()
        await visit.enters()
        served.append((await visit.fact(Fact.TALKING)).fields["operator"])
        await visit.call.hang_up()
        await centre.until_state(served[-1], "ready")
    assert served[:2] in (["101", "102"], ["102", "101"])
    assert served[2:] == served[:2]


async def test_caller_keeps_the_place_when_an_operator_does_not_answer(centre: Centre) -> None:
    silent = await centre.phone_of("101", Ring())
    first = await centre.visit()
    await centre.duty("101", ready=True)
    await first.enters()
    ringing = await centre.offered("101", first)
    second = await centre.visit()
    await second.enters()
    other = await centre.phone_of("102")
    await centre.duty("102", ready=True)
    await centre.offered("102", second)
    await centre.duty("102", ready=False)
    taken = [call for call in other.calls if call.caller_number == second.number]
    await ringing.ended()
    assert ringing.instants.ended is not None
    assert ringing.instants.ended - ringing.instants.invite == pytest.approx(2.0, abs=0.5)  # offers.ring_s
    assert await centre.until_state("101", "paused") == "missed-call"
    third = await centre.visit()
    await third.enters()
    await centre.duty("102", ready=True)
    await taken[0].hang_up()
    await centre.talk("102", first)  # and not the third, who came later
    assert not silent.calls[-1].keys_heard
    assert third.facts(Fact.OFFERED) == []
    story = await first.story(lambda story: bool(story.record.call.answered_ms))
    assert [(offer.operator_id, offer.status) for offer in story.record.offers.values()] == [
        ("101", "NOANSWER"),
        ("102", "ANSWER"),
    ]


async def test_refused_call_goes_to_the_next_operator_at_once(centre: Centre) -> None:
    visit, refused = await _first_101_then_102(centre, Refuse(486, 0.3))
    assert await centre.until_state("101", "paused") == "refused"
    assert refused.status == 486
    assert await _alarms(centre, "101") == []
    story = await visit.story(lambda story: bool(story.record.call.answered_ms))
    assert [offer.status for offer in story.record.offers.values()] == ["BUSY", "ANSWER"]
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings  # of the talk alone: the refused offer left nothing
    assert (recording.status, recording.offer) == ("ok", 2)


async def test_every_way_to_refuse_rests_the_operator_without_an_alarm(centre: Centre) -> None:
    phone = await centre.phone_of("105")
    visit = await centre.visit()
    await visit.enters("ict")
    sent_on = [Redirect(f"sip:1414@127.0.0.1:{centre.port}", 0.1, status) for status in (300, 302, 305)]
    for manner in (*(Refuse(status, 0.1) for status in (480, 486, 600, 603)), *sent_on):
        await phone.behave(manner)
        await centre.asked("POST /operators/{number}/ready", "105")
        await (await centre.offered("105", visit)).ended()
        assert await centre.until_state("105", "paused") == "refused", manner
    assert await _alarms(centre, "105") == []
    assert not visit.call.over


async def test_forwarded_call_is_not_followed_but_offered_to_the_next_operator(centre: Centre) -> None:
    elsewhere = await centre.phone_of("103")
    before = len(elsewhere.calls)
    visit, _ = await _first_101_then_102(centre, Redirect(f"sip:op103@{elsewhere.address}", 0.3))
    assert len(elsewhere.calls) == before
    assert await centre.state("101") == ("paused", "refused")
    assert [seen.fields["status"] for seen in visit.facts(Fact.OFFER_ENDED)] == ["BUSY"]
    assert await _alarms(centre, "101") == []


async def test_failing_phone_is_put_away_with_an_alarm_and_the_caller_offered_at_once(centre: Centre) -> None:
    phone = await centre.phone_of("105")
    visit = await centre.visit()
    await visit.enters("ict")
    for status in (404, 408, 415, 488, 500, 503):
        await phone.behave(Refuse(status))
        await centre.asked("POST /operators/{number}/ready", "105")
        await (await centre.offered("105", visit)).ended()
        assert await centre.until_state("105", "unreachable") == "phone failed", status
        await centre.duty("105", ready=False)
    assert len(await _alarms(centre, "105")) >= 6
    await visit.call.hang_up()
    visit, _ = await _first_101_then_102(centre, Refuse(488, 0.3))
    assert [seen.fields["status"] for seen in visit.facts(Fact.OFFER_ENDED)] == ["CHANUNAVAIL"]


async def test_back_off_of_a_phone_that_goes_on_failing_doubles(centre: Centre) -> None:
    phone = await centre.phone_of("105", Refuse(488))
    visit = await centre.visit()
    await visit.enters("ict")
    await centre.asked("POST /operators/{number}/ready", "105")
    rings = [await centre.offered("105", visit) for _ in range(3)]
    gaps = [after.instants.invite - before.instants.invite for before, after in itertools.pairwise(rings)]
    assert gaps == [pytest.approx(1.0, abs=0.3), pytest.approx(2.0, abs=0.3)]
    assert len(await _alarms(centre, "105")) == 3
    await phone.behave(Answer())
    await centre.talk("105", visit)  # it comes back by itself


async def test_operator_whose_phone_is_gone_is_not_offered_anything(centre: Centre) -> None:
    await centre.phone_of("102")
    leaver = await centre.phone_of("101")
    for operator in ("101", "102"):
        await centre.duty(operator, ready=True)
    await leaver.unregister()
    assert await centre.until_state("101", "unreachable") == "not registered"
    visit = await centre.visit()
    await visit.enters()
    await centre.talk("102", visit)
    assert [seen.fields["operator"] for seen in visit.facts(Fact.OFFERED)] == ["102"]
    await leaver.register()
    await centre.until_state("101", "ready")


async def test_phone_that_vanished_without_a_word_costs_one_ringing_time(centre: Centre) -> None:
    await centre.phone_of("105")
    vanished = await centre.phone_of("106")
    for operator in ("105", "106"):
        await centre.duty(operator, ready=operator == "106")
    await vanished.die()
    del centre.operators["106"]
    visit = await centre.visit()
    await visit.enters("ict")
    await visit.fact(Fact.OFFERED, operator="106")
    await centre.duty("105", ready=True)
    failed = await visit.fact(Fact.OFFER_ENDED, operator="106")
    talk = await centre.talk("105", visit)
    assert talk.instants.invite - failed.at_ms / 1000 < AT_ONCE_S
    assert (await centre.state("106"))[0] in ("paused", "unreachable")


async def test_two_callers_and_one_operator(centre: Centre) -> None:
    phone = await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    visits = await asyncio.gather(centre.visit(), centre.visit())
    await asyncio.gather(*(visit.enters() for visit in visits))
    ringing = await phone.rung()
    await ringing.answer()
    first = next(visit for visit in visits if visit.number == ringing.caller_number)
    second = next(visit for visit in visits if visit is not first)
    await first.call.until_hears(OPERATOR_HZ["101"])
    assert not second.facts(Fact.OFFERED)
    assert len([call for call in phone.calls if not call.over]) == 1
    await first.call.hang_up()
    await (await centre.offered("101", second)).answer()
    await second.call.until_hears(OPERATOR_HZ["101"])


async def test_caller_who_hangs_up_during_an_offer_frees_the_operator_at_once(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    ringing = await centre.offered("101", visit)
    await ringing.ringing()
    await visit.call.hang_up()
    left = visit.call.instants.ended
    assert await ringing.ended(1.0) == 487
    assert await centre.until_state("101", "ready", timeout_s=1) == ""
    stopped = ringing.instants.ended
    assert left is not None
    assert stopped is not None
    assert stopped - left < AT_ONCE_S
    call = (await visit.story()).record
    assert call.call.result == "abandoned_waiting"
    assert [offer.status for offer in call.offers.values()] == ["CANCEL"]


async def test_operator_who_hangs_up_in_the_announcement_costs_the_caller_nothing(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    ringing = await centre.offered("101", visit)
    await ringing.answer()
    await visit.until_prompt("operator")
    await ringing.hang_up()
    await centre.phone_of("102")
    await centre.duty("102", ready=True)
    await centre.talk("102", visit)


async def _first_101_then_102(centre: Centre, manner: Refuse | Redirect) -> tuple[Visit, Call]:
    """101 does not take a call, and 102 has it at once; returns the caller, and 101's side."""
    await centre.phone_of("101", manner)
    await centre.phone_of("102")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    refused = await centre.offered("101", visit)
    await centre.duty("102", ready=True)
    talk = await centre.talk("102", visit)
    assert refused.instants.ended is not None
    assert talk.instants.invite - refused.instants.ended < AT_ONCE_S
    assert [seen.fields["operator"] for seen in visit.facts(Fact.OFFERED)] == ["101", "102"]
    return visit, refused


async def _alarms(centre: Centre, operator: str) -> list[str]:
    """Alarms on this operator's phone in the ledger, once nothing more is on its way there."""
    await asyncio.sleep(0.4)  # PROJECT_EVERY_S of the controller, and a little
    alarms = await centre.ledger.alarms_between(centre.began_ms, 1 << 50)
    return [alarm.detail for alarm in alarms if f"operator {operator}" in alarm.detail]
