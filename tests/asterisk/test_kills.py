"""`kill -9` of the controller at every stage of a call: the caller goes on, and the ledger has it all, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from mortal import Mortal, rate
from reckoning import answered, recorded
from scenes import Played, perform, scene

from phones import manners

NET_S = 6.0
"""A waiting caller is served so soon after the controller's death."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    async with perform(request) as scenes:
        yield scenes


@scene()
async def test_in_the_menu_the_caller_keeps_the_language_and_is_served_by_the_net(hotline: Mortal) -> None:
    operator = await hotline.operator("101")
    call = await hotline.caller("77010000001", "2")
    await asyncio.sleep(0.6)
    await hotline.kill()
    await asyncio.sleep(1.0)
    await call.press("1")
    talk = await operator.rung()
    await talk.until_hears(440)
    await call.until_hears(1000)
    await hotline.revive()
    await talk.hang_up()
    await rate(call, "4")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [4])
    assert story.record.call.language == "ru"
    assert story.record.segments[1].via == "net"
    recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])


@scene()
async def test_in_the_wait_callers_fall_into_the_net_one_by_one_within_six_seconds(hotline: Mortal) -> None:
    operator = await hotline.operator("101", ready=False)
    numbers = [f"7701000000{at}" for at in range(1, 7)]
    calls = dict(
        zip(numbers, await asyncio.gather(*(hotline.caller(number, "1", "1") for number in numbers)), strict=True)
    )
    await hotline.waits(6)
    killed_at = await hotline.kill()
    await hotline.dial_code("101", "*1")
    talk = await operator.rung()
    await talk.answered()
    assert time.time() - killed_at <= NET_S
    served = calls.pop(talk.caller_number)
    await served.until_hears(1000)
    await talk.until_hears(440)
    await asyncio.sleep(killed_at + NET_S - time.time())  # by then they all have fallen in
    await asyncio.gather(*(call.hang_up() for call in calls.values()))
    await talk.hang_up()
    await rate(served, "5")
    await hotline.revive()
    stories = await hotline.stories(6)
    answered(stories[talk.caller_number], ["101"], [5])
    recorded(stories[talk.caller_number], hotline.up.places.archive, hotline.up.places.spool, 440, [1000])
    for number in calls:
        assert stories[number].record.call.result == "abandoned_waiting"
        assert [offer.status for offer in stories[number].record.offers.values()] == ["CANCEL"]
    fallen_in_ms = [min(offer.offered_ms or 0 for offer in story.record.offers.values()) for story in stories.values()]
    assert max(fallen_in_ms) <= (killed_at + NET_S) * 1000
    assert max(fallen_in_ms) - min(fallen_in_ms) >= 100, "all fell in at once"


@scene()
async def test_during_an_offer_the_phone_goes_on_ringing(hotline: Mortal) -> None:
    operator = await hotline.operator("101", manners.Ring())
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await hotline.kill()
    await asyncio.sleep(1)
    await talk.answer()
    await talk.until_hears(440)
    await hotline.revive()
    await hotline.until_state("101", "talking")
    await talk.hang_up()
    await rate(call, "3")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [3])
    assert len(story.record.offers) == 1


@scene()
async def test_in_the_net_all_groups_of_an_operator_know_of_the_last_talk(hotline: Mortal) -> None:
    operator = await hotline.operator("103", ready=False)
    call = await hotline.caller("77010000001", "1", "1")
    await hotline.waits()
    await hotline.kill()
    await hotline.dial_code("103", "*1")
    talk = await operator.rung()
    await talk.until_hears(440)
    await talk.hang_up()
    await rate(call, "5")
    for group in ("state-services", "portal"):  # else the wrap-up would hold in one of them only
        members = (await hotline.console(f"queue show {group}")).splitlines()
        assert "has taken 1 calls" in next(line for line in members if "PJSIP/op103" in line)
    await hotline.revive()
    answered((await hotline.stories(1))["77010000001"], ["103"], [5])


@scene()
async def test_during_an_offer_that_is_refused_the_net_finds_another(hotline: Mortal) -> None:
    first = await hotline.operator("101", manners.Ring())
    call = await hotline.caller("77010000001", "1", "1")
    ringing = await first.rung()
    second = await hotline.operator("103")
    await hotline.kill()
    await ringing.refuse()
    await first.behave(manners.Refuse())
    talk = await second.rung()
    await talk.until_hears(440)
    await hotline.revive()
    await talk.hang_up()
    await rate(call, "3")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["103"], [3])
    assert story.record.segments[1].via == "net"


@scene()
async def test_an_offer_from_before_a_restart_that_is_refused_goes_to_the_next_at_once(hotline: Mortal) -> None:
    first = await hotline.operator("101", manners.Ring())
    call = await hotline.caller("77010000001", "1", "1")
    ringing = await first.rung()
    second = await hotline.operator("103")
    await hotline.kill(stay_dead=False)
    await hotline.revive()
    assert (await hotline.states())["101"] == "offered"
    await ringing.refuse()
    talk = await second.rung(2)
    await talk.until_hears(440)
    await talk.hang_up()
    await rate(call, "3")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["103"], [3])
    assert [offer.status for offer in story.record.offers.values()] == ["BUSY", "ANSWER"]


@scene()
async def test_during_the_announcement_of_the_operator(hotline: Mortal) -> None:
    operator = await hotline.operator("101")
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await talk.answered()
    await hotline.kill()
    await call.until_hears(1000)
    await talk.until_hears(440)
    await hotline.revive()
    await talk.hang_up()
    await rate(call, "2")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [2])
    recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])


@scene()
async def test_in_the_talk_nobody_hears_it_and_no_second_call_is_offered(hotline: Mortal) -> None:
    operator = await hotline.operator("101")
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await call.until_hears(1000)
    await talk.until_hears(440)
    begin_s = call.heard_s()
    await hotline.kill()
    next_call = await hotline.caller("77010000002", "1", "1", hz=520)
    await hotline.revive()
    await hotline.until_state("101", "talking")
    await hotline.waits(1)
    end_s = call.heard_s()
    assert call.hears(1000, begin_s - 0.5, end_s - 0.25, share=1.0), "a gap in the talk"
    assert len([one for one in operator.calls if one.message]) == 1, "a second call was offered"
    await talk.hang_up()
    await rate(call, "5")
    second = await operator.rung()
    await second.until_hears(520)
    await second.hang_up()
    await rate(next_call, "1")
    stories = await hotline.stories(2)
    answered(stories["77010000001"], ["101"], [5])
    answered(stories["77010000002"], ["101"], [1])
    places = hotline.up.places
    recorded(stories["77010000001"], places.archive, places.spool, 440, [1000])
    recorded(stories["77010000002"], places.archive, places.spool, 520, [1000])


@scene()
async def test_in_the_notice_of_a_transfer(hotline: Mortal) -> None:
    first = await hotline.operator("101")
    second = await hotline.operator("102")
    call = await hotline.caller("77010000001", "1", "1")
    talk = await first.rung()
    await talk.until_hears(440)
    await call.until_hears(1000)
    await talk.refer("62")
    await hotline.kill()
    talk = await second.rung()
    await talk.until_hears(440)
    await call.until_hears(1200)
    await hotline.revive()
    await talk.hang_up()
    await rate(call, "5")
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101", "102"], [5])
    assert story.record.segments[2].notice_ms is not None
    recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000, 1200])


@scene()
async def test_in_the_rating(hotline: Mortal) -> None:
    operator = await hotline.operator("101")
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await talk.until_hears(440)
    await talk.hang_up()
    await hotline.kill()
    await rate(call, "5")
    await hotline.revive()
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [5])
    recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])
