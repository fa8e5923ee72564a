"""The callback that keeps the place: asked for while waiting, the operator rung first, then the caller."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones.call import Call
from phones.fleet import Fleet
from phones.manners import Answer, Redirect, Refuse, Ring
from phones.phone import Phone
from storage.ledger import CallStory
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER, HZ = "77017654321", 700


@dataclass
class Scene:
    centre: Centre
    caller: Phone

    async def begins_to_ask(self, *, known: bool = False) -> Visit:
        """The caller comes, hears the offer at the first announcement, and is asked whether the number is right."""
        visit = await self.centre.dial(self.caller, NUMBER, HZ)
        await (visit.picks("state-services") if known else visit.enters(language="ru"))
        await visit.until_prompt("callback-offer", "ru")
        await visit.call.press("1")
        await visit.until_prompt("callback-confirm", "ru")
        return visit

    async def asks(self, *, known: bool = False) -> Visit:
        """The caller asks for a callback and confirms the number shown; a known one is not asked the language."""
        visit = await self.begins_to_ask(known=known)
        await visit.call.press("1")
        asked = await visit.fact(Fact.CALLBACK_ASKED)
        assert asked.fields["number"] == NUMBER
        await visit.until_prompt("callback-kept", "ru")
        await visit.call.ended()
        return visit

    async def asks_for(self, number: str) -> Visit:
        """The same caller, asking to be called at another number."""
        visit = await self.begins_to_ask(known=True)
        await visit.call.press("2")
        asked_s = visit.call.heard_s()
        await visit.call.press(f"{number}#")
        await visit.until_prompt("callback-confirm", "ru", asked_s)
        await visit.call.press("1")
        await visit.fact(Fact.CALLBACK_ASKED, number=number)
        await visit.call.ended()
        return visit

    async def called(self, timeout_s: float = 15.0) -> Call:
        """The caller's phone rings."""
        async with asyncio.timeout(timeout_s):
            return await self.caller.rung()

    async def made_for(self, visit: Visit, timeout_s: float = 15.0) -> str:
        """The id of the call made for the callback."""
        async with asyncio.timeout(timeout_s):
            while True:
                for seen in self.centre.journal.facts(fact=Fact.ARRIVED):
                    if seen.fields.get("callback_of") == visit.id:
                        return seen.call
                await asyncio.sleep(0.05)

    async def story(self, call: str, wanted: Callable[[CallStory], bool]) -> CallStory:
        return await self.centre.ledger_shows(call, wanted)


@pytest_asyncio.fixture(loop_scope="module")
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with Fleet() as outside:
        caller = await outside.caller(NUMBER, tone_hz=HZ)
        usual: dict[str, object] = {
            "waiting__announce_first_s": 1,
            "callback__outbound": caller.address,
            "callback__after_s": 0,
            "callback__from_hour": 0,
            "callback__until_hour": 24,
            "callback__retry_s": 1,
            "callback__ring_s": 5,
            "menu__answer_s": 3,  # a busy machine hears late
        }
        async with open_centre(**{**usual, **getattr(request, "param", {})}) as centre:
            yield Scene(centre, caller)


async def killed(centre: Centre) -> None:
    """The controller dies, and another comes up."""
    before = centre.up.supervisor.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(20):
        while centre.up.supervisor.pid in (None, before):
            await asyncio.sleep(0.05)
    await controller_ready(centre.up.places)


def over(story: CallStory) -> bool:
    return story.record.call.ended_ms is not None


async def test_caller_hangs_up_keeps_the_place_and_is_called_when_it_comes_up(scene: Scene) -> None:
    centre = scene.centre
    await centre.phone_of("101", Ring())
    await centre.phone_of("102", Ring())
    await scene.caller.behave(Ring())
    visit = await scene.asks()
    later = await centre.visit()
    await later.enters()
    await centre.duty("101", ready=True)  # the callback came first: it keeps its place before the later caller
    offer = await centre.operators["101"].rung()
    assert offer.caller_number == NUMBER
    assert [call for call in scene.caller.calls if call.message] == []  # the operator is rung first
    await offer.answer()
    made = await scene.made_for(visit)
    ringing = await scene.called()
    await ringing.answer()
    await asyncio.gather(ringing.until_hears(OPERATOR_HZ["101"]), offer.until_hears(HZ))
    await centre.journal.until(Fact.CALLBACK_TRIED, made, status="ANSWER", of=visit.id)
    for stands in (signal.SIGSTOP, signal.SIGCONT):  # neither phone sends a packet for a while
        for phone in (scene.caller, centre.operators["101"]):
            os.kill(phone.pid, stands)
        await asyncio.sleep(2.8)
    await offer.hang_up()
    await centre.journal.until(Fact.RATING_OFFERED, made, operator="101")
    await ringing.press("5")
    await centre.journal.until(Fact.RATED, made, score="5")
    story = await scene.story(made, lambda story: over(story) and bool(story.recordings))
    (recording,) = story.recordings
    assert abs(recording.duration_ms - (recording.bridged_ms or 0)) < 1000  # the silence is in its place
    assert story.record.call.callback_of == visit.id
    assert story.record.call.callback_status == "ANSWER"
    assert story.record.call.caller_key == f"+{NUMBER}"
    first = await scene.story(visit.id, over)
    assert first.record.call.result == "callback"
    await (await centre.offered("101", later)).answer()


@pytest.mark.parametrize("scene", [{"waiting__announce_every_s": 6}], indirect=True)
async def test_next_announcement_does_not_cut_the_question_for_the_number(scene: Scene) -> None:
    visit = await scene.begins_to_ask()
    began_s = time.monotonic()
    while time.monotonic() < began_s + 4:  # the question waits five seconds for an answer
        assert not visit.call.over
        await asyncio.sleep(0.1)
    await visit.call.press("1")
    await visit.fact(Fact.CALLBACK_ASKED, number=NUMBER)
    assert len(visit.heard("callback-offer", "ru")) == 1


async def test_caller_who_does_not_answer_is_tried_twice_and_the_operator_is_told(scene: Scene) -> None:
    centre = scene.centre
    operator = await centre.phone_of("101", Answer())
    await scene.caller.behave(Refuse(486))
    visit = await scene.asks()
    await centre.duty("101", ready=True)
    for nth in range(2):
        await operator.rung()
        async with asyncio.timeout(20):
            while (
                len([one for one in centre.journal.facts(fact=Fact.CALLBACK_TRIED) if one.fields["of"] == visit.id])
                <= nth
            ):
                await asyncio.sleep(0.05)
    await centre.until_state("101", "ready")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(8):
            await operator.rung()
    tried = [one for one in centre.journal.facts(fact=Fact.CALLBACK_TRIED) if one.fields["of"] == visit.id]
    assert [one.fields["status"] for one in tried] == ["BUSY", "BUSY"]


async def test_a_callback_that_is_sent_elsewhere_is_not_followed_and_the_caller_is_tried_again(scene: Scene) -> None:
    """A phone's or a carrier's 3xx would lead into our own dialplan, or anywhere at the hotline's cost."""
    centre = scene.centre
    operator = await centre.phone_of("101", Answer())
    elsewhere = await centre.fleet.caller("77010000999")
    await elsewhere.behave(Answer())
    await scene.caller.behave(Redirect(f"sip:1414@127.0.0.1:{centre.port}", status=302))
    visit = await scene.asks()
    arrivals = len(list(centre.journal.facts(fact=Fact.ARRIVED)))
    await centre.duty("101", ready=True)
    await scene.called()
    await scene.caller.behave(Redirect(f"sip:77010000999@{elsewhere.address}", status=300))
    await operator.rung()
    await scene.called(20)
    async with asyncio.timeout(20):
        while len(tried := _tries(centre, visit)) < 2:
            await asyncio.sleep(0.05)
    assert tried == ["BUSY", "BUSY"]
    assert elsewhere.calls == []
    assert len(list(centre.journal.facts(fact=Fact.ARRIVED))) == arrivals + 2  # the two calls out, nobody else's
    story = await scene.story(visit.id, over)
    assert (story.record.call.result, story.record.call.caller_key) == ("callback", f"+{NUMBER}")


def _tries(centre: Centre, visit: Visit) -> list[str]:
    tried = [one for one in centre.journal.facts(fact=Fact.CALLBACK_TRIED) if one.fields["of"] == visit.id]
    return [one.fields["status"] for one in tried]


async def test_callback_survives_the_death_of_the_controller(scene: Scene) -> None:
    centre = scene.centre
    await centre.phone_of("101", Answer())
    await scene.caller.behave(Answer())
    visit = await scene.asks()
    await scene.story(visit.id, over)
    await killed(centre)
    await centre.duty("101", ready=True)
    ringing = await scene.called(30)
    await ringing.until_hears(OPERATOR_HZ["101"])


@pytest.mark.parametrize("scene", [{"callback__ring_s": 20}], indirect=True)  # a controller comes up meanwhile
async def test_a_controller_that_dies_while_the_caller_rings_neither_breaks_the_talk_nor_calls_twice(
    scene: Scene,
) -> None:
    centre = scene.centre
    operator = await centre.phone_of("101", Answer())
    await scene.caller.behave(Ring())
    visit = await scene.asks()
    await centre.duty("101", ready=True)
    ringing = await scene.called()
    await killed(centre)
    await ringing.answer()
    await ringing.until_hears(OPERATOR_HZ["101"])
    made = await scene.made_for(visit)
    await centre.journal.until(Fact.CALLBACK_TRIED, made, status="ANSWER")
    await ringing.hang_up()
    await scene.story(made, over)
    (first,) = operator.calls
    assert first.over or await first.ended() is not None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await scene.caller.rung()


async def test_never_more_calls_in_flight_than_operators_are_free(scene: Scene) -> None:
    centre = scene.centre
    await centre.phone_of("101", Answer())
    await scene.caller.behave(Ring())
    first_asked = await scene.asks()
    await scene.story(first_asked.id, over)  # the ledger knows the caller's language now
    await scene.asks_for("77017654399")
    await centre.duty("101", ready=True)
    first = await scene.called()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await scene.caller.rung()
    await first.answer()
    await first.until_hears(OPERATOR_HZ["101"])
    await first.hang_up()
    second = await scene.called()
    await second.answer()
    await second.until_hears(OPERATOR_HZ["101"])


async def test_an_operator_who_leaves_before_the_caller_answers_stops_the_ringing_and_costs_no_try(
    scene: Scene,
) -> None:
    centre = scene.centre
    operator = await centre.phone_of("101", Answer())
    await scene.caller.behave(Ring())
    visit = await scene.asks()
    await centre.duty("101", ready=True)
    ringing = await scene.called()
    await operator.calls[-1].hang_up()
    await ringing.ended(5)
    again = await scene.called(20)
    await again.answer()
    await again.until_hears(OPERATOR_HZ["101"])
    tried = [one for one in centre.journal.facts(fact=Fact.CALLBACK_TRIED) if one.fields["of"] == visit.id]
    assert [one.fields["status"] for one in tried] == ["ANSWER"]


async def test_an_operator_who_becomes_free_while_the_number_is_confirmed_takes_the_caller_at_once(
    scene: Scene,
) -> None:
    centre = scene.centre
    await centre.phone_of("101", Answer())
    visit = await scene.begins_to_ask()
    await centre.duty("101", ready=True)
    await centre.talk("101", visit)
    assert visit.facts(Fact.CALLBACK_ASKED) == []


async def test_nobody_is_called_after_hours_however_long_the_operator_takes(scene: Scene) -> None:
    """The hours are over while the operator's phone rings: told so, and the caller's phone stays silent."""
    centre = scene.centre
    operator = await centre.phone_of("101", Ring())
    await scene.caller.behave(Ring())
    visit = await scene.asks()
    await centre.duty("101", ready=True)
    offer = await operator.rung()
    made = await scene.made_for(visit)
    for half in await channels_named(centre, "Local/s@callback-leg"):
        await centre_console(centre, f"dialplan set chanvar {half} BLN_CALLBACK_UNTIL {int(time.time())}")
    await offer.answer()
    await offer.ended()
    assert [call for call in scene.caller.calls if call.message] == []
    assert list(centre.journal.facts(made, Fact.CALLBACK_TRIED)) == []  # no try: it is owed still


@pytest.mark.parametrize("scene", [{"callback__most_per_number": 2}], indirect=True)
async def test_a_reached_caller_is_not_called_again_by_a_controller_whose_ledger_was_away(scene: Scene) -> None:
    centre = scene.centre
    operator = await centre.phone_of("101", Answer())
    await scene.caller.behave(Answer())
    visit = await scene.asks()
    await scene.story(visit.id, over)  # the ledger knows that it was asked, and then nothing more
    with locked(centre.up.places.state / "ledger.db"):
        await centre.duty("101", ready=True)
        talk = await scene.called()
        await talk.until_hears(OPERATOR_HZ["101"])
        made = await scene.made_for(visit)
        await operator.calls[-1].hang_up()
        await talk.hang_up()
        await killed(centre)
        with pytest.raises(TimeoutError):
            await scene.called(7)
    story = await scene.story(made, over)
    assert story.record.call.callback_of == visit.id
    with pytest.raises(TimeoutError):
        await scene.called(7)
    await centre.duty("101", ready=False)
    again = await scene.asks(known=True)  # a second call to this number is within its limit
    await centre.duty("101", ready=True)
    second = await scene.called()
    assert await scene.made_for(again) != made
    await centre.duty("101", ready=False)
    await second.hang_up()
    refused = await centre.dial(scene.caller, NUMBER, HZ)
    await refused.picks("state-services")
    await refused.until_prompt("callback-offer", "ru")
    await refused.call.press("1")
    await refused.until_prompt("callback-wrong", "ru")  # a third is not promised


async def channels_named(centre: Centre, prefix: str) -> list[str]:
    listed = await centre_console(centre, "core show channels concise")
    return [line.split("!")[0] for line in listed.splitlines() if line.startswith(prefix)]


async def centre_console(centre: Centre, command: str) -> str:
    return await rx(centre.up.asterisk, centre.up.places.asterisk_conf, command)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the database's write lock: whatever is to be written waits, and is given up."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=5)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()
