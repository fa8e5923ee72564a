"""Callbacks where nobody is on duty, outside the hours, in the safety net; listed and cancelled by a supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import LOOK_EVERY_S, OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from calls.local_day import local_time
from phones.fleet import Fleet
from phones.manners import Answer, Ring
from phones.phone import Phone

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER, HZ = "77017654322", 700
NOBODY_CALLS_S = 3.0
"""So long is watched that a phone does not ring: the line is looked at every second."""


@dataclass
class Scene:
    centre: Centre
    caller: Phone

    async def asks(self, said_last: str) -> Visit:
        """The caller hears that nobody is there, takes the callback that is offered, and hears what is promised."""
        visit = await self.centre.dial(self.caller, NUMBER, HZ)
        await visit.enters(language="ru")
        nobody = await visit.until_prompt("nobody-now", "ru")
        await visit.until_prompt("callback-offer", "ru", nobody[0])
        await visit.call.press("1")
        await visit.until_prompt("callback-confirm", "ru")
        await visit.call.press("1")
        await visit.until_prompt(said_last, "ru")
        await visit.call.ended()
        await visit.story()
        return visit

    async def dies(self) -> None:
        """The controller is killed, and stays dead."""
        self.centre.up.supervisor.may_start.clear()
        pid = self.centre.up.supervisor.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(5):
            while self.centre.up.supervisor.pid == pid:
                await asyncio.sleep(LOOK_EVERY_S)

    async def revives(self) -> None:
        self.centre.up.supervisor.may_start.set()
        await controller_ready(self.centre.up.places)

    async def is_not_called(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(NOBODY_CALLS_S):
                await self.caller.rung()


def closed_hours() -> dict[str, int]:
    """An hour in which people may be called that is neither this one nor the next."""
    now = local_time(time.time_ns() // 1_000_000, "Asia/Almaty").hour
    opens = 22 if 2 <= now < 20 else 11
    return {"callback__from_hour": opens, "callback__until_hour": opens + 1, "callback__keep_hours": 48}


OPEN_HOURS = {"callback__from_hour": 0, "callback__until_hour": 24}


@pytest_asyncio.fixture(loop_scope="module")
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with Fleet() as outside:
        caller = await outside.caller(NUMBER, tone_hz=HZ)
        async with open_centre(
            waiting__announce_first_s=1,
            callback__outbound=caller.address,
            callback__after_s=600,
            callback__retry_s=1,
            callback__ring_s=10,
            menu__answer_s=3,  # a busy machine hears late
            **request.param,
        ) as centre:
            yield Scene(centre, caller)


@pytest.mark.parametrize("scene", [closed_hours()], indirect=True, ids=["closed"])
async def test_who_asks_where_nobody_is_and_at_night_is_called_when_the_hours_begin(scene: Scene) -> None:
    centre = scene.centre
    await scene.caller.behave(Answer())
    visit = await scene.asks("callback-later")
    await centre.phone_of("101", Answer())
    await centre.duty("101", ready=True)
    await scene.is_not_called()
    (owed,) = (await centre.asked("GET /callbacks"))["callbacks"]
    assert (owed["call"], owed["state"], owed["place"]) == (visit.id, "later", None)
    opens = local_time(owed["not_before_ms"], "Asia/Almaty")
    assert (opens.hour, opens.minute, opens.second) == (closed_hours()["callback__from_hour"], 0, 0)
    await scene.dies()
    for key, value in OPEN_HOURS.items():
        centre.env[f"BAILANYS_{key.upper()}"] = str(value)
    await scene.revives()
    async with asyncio.timeout(20):
        ringing = await scene.caller.rung()
    await ringing.until_hears(OPERATOR_HZ["101"])


@pytest.mark.parametrize("scene", [OPEN_HOURS], indirect=True, ids=["open"])
async def test_a_supervisor_sees_a_callback_and_cancels_it_for_good(scene: Scene) -> None:
    centre = scene.centre
    visit = await scene.asks("callback-kept")
    (owed,) = (await bailanys("callbacks", "list", "--json", env=centre.env)).answer
    assert (owed["call"], owed["number"], owed["tried"]) == (visit.id, f"+{NUMBER}", 0)
    assert (owed["state"], owed["place"], owed["group"], owed["language"]) == ("waiting", 1, "state-services", "ru")
    said = await bailanys("callbacks", "cancel", visit.id, env=centre.env)
    assert (said.status, said.out.strip()) == (0, f"Callback of {visit.id}: cancelled")
    again = await bailanys("callbacks", "cancel", visit.id, env=centre.env)
    assert (again.status, again.err.strip()) == (1, f"no callback is owed for {visit.id}")
    assert (await bailanys("callbacks", "list", env=centre.env)).out.strip() == "Nobody is to be called back."
    operator = await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    await scene.is_not_called()
    await scene.dies()
    await scene.revives()
    assert await centre.ledger.owed_callbacks(2, 24) == []  # all that a new controller knows of callbacks
    await scene.is_not_called()
    assert [call for call in operator.calls if call.message] == []


@pytest.mark.parametrize("scene", [OPEN_HOURS], indirect=True, ids=["open"])
async def test_a_callback_goes_on_in_the_safety_net_when_the_controller_dies(scene: Scene) -> None:
    centre = scene.centre
    await scene.caller.behave(Answer())
    first = await centre.phone_of("101", Ring())
    await centre.phone_of("102", Answer())
    visit = await scene.asks("callback-kept")
    await centre.duty("101", ready=True)
    offer = await first.rung()
    await centre.duty("102", ready=True)
    await scene.dies()
    await first.behave(Answer())
    await offer.refuse(486)  # the stand-in falls back into the wait, where nobody cares for it
    async with asyncio.timeout(20):
        ringing = await scene.caller.rung()
    await ringing.until_hears(OPERATOR_HZ["102" if first.calls[-1] is offer else "101"])
    tried = [seen for seen in centre.journal.facts(fact=Fact.CALLBACK_TRIED) if seen.fields["of"] == visit.id]
    assert [seen.fields["status"] for seen in tried] == ["ANSWER"]
    await scene.revives()
    await ringing.hang_up()
    story = await centre.ledger_shows(tried[0].call, lambda story: story.record.call.ended_ms is not None)
    assert (story.record.call.callback_of, story.record.call.callback_status) == (visit.id, "ANSWER")
    assert story.record.call.callback_reached_ms is not None
    await scene.is_not_called()
    assert (await centre.asked("GET /callbacks"))["callbacks"] == []
