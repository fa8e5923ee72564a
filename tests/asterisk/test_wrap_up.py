"""The wrap-up on the wire: as long as its group has it, longer by `*3`, over by command, the same over restarts."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
import tomllib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import CONFIG, LOOK_EVERY_S, Centre, Visit, open_centre
from prompt_tones import heard_stretches, prompt_hz

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones.call import Call
from phones.manners import Ring
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")

USUAL_S, LONGER_S, MOST_S = 3.0, 2.0, 6.0
EXACT_S = 0.2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    groups = tomllib.loads(CONFIG.read_text())["groups"]
    next(group for group in groups if group["name"] == "state-services")["wrap_up_s"] = USUAL_S
    async with open_centre(
        offers__wrap_up_s=1,  # every other group's
        groups=json.dumps(groups),
        offers__wrap_up_extension_s=LONGER_S,
        offers__wrap_up_most_s=MOST_S,
        offers__missed_before_pause=2,
        offers__refusal_rest_s=1,
        waiting__net_after_s=5,  # it knows nothing of our wrap-up: a restart is to be over before it
        waiting__net_spread_s=0,
    ) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def wrapping_up(centre: Centre) -> tuple[Call, Visit]:
    """101 has just ended a talk, and another caller waits; returns the ended talk and the waiting caller."""
    await centre.phone_of("101")
    first, second = await centre.visit(), await centre.visit()
    await first.enters()
    await centre.duty("101", ready=True)
    talk = await centre.talk("101", first)
    await second.enters()
    await talk.hang_up()
    await centre.until_state("101", "wrap-up", timeout_s=0.5)
    return talk, second


async def lasted_s(centre: Centre, talk: Call, waiting: Visit) -> float:
    """From the operator's BYE to the next INVITE."""
    following = await centre.offered("101", waiting)
    assert talk.instants.ended is not None
    return following.instants.invite - talk.instants.ended


async def lasts_over_a_restart(centre: Centre, talk: Call, waiting: Visit, wanted_s: float) -> None:
    """Never shorter; longer only if a busy machine brings the new controller up after its end."""
    await controller_ready(centre.up.places)
    assert talk.instants.ended is not None
    back_s = time.time() - talk.instants.ended
    assert -EXACT_S < await lasted_s(centre, talk, waiting) - wanted_s < max(0.0, back_s - wanted_s) + EXACT_S


async def dials(centre: Centre, code: str, prompt: str) -> None:
    call = await centre.operators["101"].dial(code, centre.port)
    await call.ended()
    assert heard_stretches(call.heard(), prompt_hz(prompt)), prompt


async def on_console(centre: Centre, command: str) -> str:
    return await rx(centre.up.asterisk, centre.up.places.asterisk_conf, command)


def truths(centre: Centre) -> int:
    """How often the controller has rebuilt its truth."""
    return (centre.up.places.log / "controller.log").read_text().count("truth rebuilt")


async def until_ms(centre: Centre) -> int | None:
    rows = (await centre.asked("GET /operators"))["operators"]
    return next(row["until_ms"] for row in rows if row["operator"] == "101")


async def test_it_is_as_long_as_set_and_by_a_code_as_long_as_added_up_to_the_limit(centre: Centre) -> None:
    talk, waiting = await wrapping_up(centre)
    before = await until_ms(centre)
    await dials(centre, "*3", "wrap-up-longer")
    after = await until_ms(centre)
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(LONGER_S * 1000, abs=50)
    await dials(centre, "*3", "wrap-up-longer")
    await dials(centre, "*3", "wrap-up-no-longer")
    assert await lasted_s(centre, talk, waiting) == pytest.approx(MOST_S, abs=EXACT_S)


async def test_nobody_makes_longer_what_is_over(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    await dials(centre, "*3", "wrap-up-no-longer")
    assert await centre.state("101") == ("ready", "")
    said = await bailanys("operators", "wrap-up", "101", "--extend", env=centre.env)
    assert said.status == 1
    assert "no wrap-up" in said.err


async def test_a_supervisor_makes_it_longer_and_ends_it(centre: Centre) -> None:
    talk, waiting = await wrapping_up(centre)
    before = await until_ms(centre)
    longer = await centre.asked("POST /operators/{number}/wrap-up", "101", do="extend")
    assert before is not None
    assert longer["until_ms"] - before == LONGER_S * 1000
    said = await bailanys("operators", "wrap-up", "101", "--end", env=centre.env)
    assert said.status == 0, said.err
    assert await lasted_s(centre, talk, waiting) < USUAL_S + LONGER_S - EXACT_S


async def test_a_reload_and_a_lost_link_leave_it_as_it_is(centre: Centre) -> None:
    talk, waiting = await wrapping_up(centre)
    await on_console(centre, "core reload")
    before = truths(centre)
    (session,) = re.findall(
        r"^ *bailanys .* (\d+) +\d+ +\d+ +\d+ *$", await on_console(centre, "manager show connected"), re.M
    )
    await on_console(centre, f"manager kick session {session}")
    async with asyncio.timeout(2):
        while truths(centre) == before:
            await asyncio.sleep(LOOK_EVERY_S)
    assert await lasted_s(centre, talk, waiting) == pytest.approx(USUAL_S, abs=EXACT_S)


async def test_a_killed_controller_takes_it_up_where_it_was(centre: Centre) -> None:
    talk, waiting = await wrapping_up(centre)
    await dials(centre, "*3", "wrap-up-longer")
    pid = centre.up.supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await lasts_over_a_restart(centre, talk, waiting, USUAL_S + LONGER_S)


async def test_a_talk_that_ends_while_the_controller_is_dead_has_its_wrap_up_all_the_same(centre: Centre) -> None:
    await centre.phone_of("101")
    first, second = await centre.visit(), await centre.visit()
    await first.enters()
    await centre.duty("101", ready=True)
    talk = await centre.talk("101", first)
    await second.enters()
    pid = centre.up.supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await talk.hang_up()
    await lasts_over_a_restart(centre, talk, second, USUAL_S)


async def test_only_so_many_missed_offers_in_a_row_pause(centre: Centre) -> None:
    phone = await centre.phone_of("101", Ring())
    visit = await centre.visit()
    await visit.enters()
    await centre.duty("101", ready=True)
    await (await phone.rung()).ended()
    assert await centre.until_state("101", "paused") == "missed"
    await (await phone.rung()).ended()
    assert await centre.until_state("101", "paused") == "missed-call"
    assert await until_ms(centre) is None


async def test_a_phone_that_refuses_in_the_safety_net_is_rung_again_after_its_rest(centre: Centre) -> None:
    """One 486 paused an operator for good: `app_queue` takes it for a hang-up, whatever `autopausebusy` says."""
    phone = await centre.phone_of("101", Ring())
    visit = await centre.visit()
    await visit.enters()
    centre.up.supervisor.may_start.clear()
    pid = centre.up.supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await visit.fact(Fact.OFFERED, via="net")
    await said(centre, "*1")
    refused = await centre.offered("101", visit)
    await refused.refuse(486)
    again = await centre.offered("101", visit)
    assert refused.instants.ended is not None
    assert 1.0 <= again.instants.invite - refused.instants.ended < 5.0
    await again.refuse(603)
    await said(centre, "*2")  # in its rest
    async with asyncio.timeout(10):
        while "net-rest" in await on_console(centre, "core show channels concise"):
            await asyncio.sleep(LOOK_EVERY_S)
    assert "(paused" in next(line for line in (await on_console(centre, "queue show")).splitlines() if "op101" in line)
    await said(centre, "*1")
    talk = await centre.offered("101", visit)
    await talk.answer()
    await visit.fact(Fact.TALKING, operator="101")
    assert phone.alive
    await talk.hang_up()
    centre.up.supervisor.may_start.set()
    await controller_ready(centre.up.places)


async def said(centre: Centre, code: str) -> None:
    call = await centre.operators["101"].dial(code, centre.port)
    await call.ended()
