"""Presence: feature codes, the wrap-up, and what is kept when a part of the hotline is started anew."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from urllib.parse import quote

import pytest
import pytest_asyncio
from hotline import LOOK_EVERY_S, Centre, open_centre
from prompt_tones import heard_stretches, prompt_hz

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones.manners import Answer
from phones.phone import Phone

LUNCH = "түскі үзіліс, 100% дем"  # as centre.toml has it
TRAINING = 'оқу: жаңа қызметтер, "е-үкімет" (2 сағат), ${EXTEN} 100% '[:80].ljust(80, "ү")
"""As long as a reason may be, in Kazakh, with all that Asterisk could take for its own."""

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRAP_UP_S = 1.5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(offers__wrap_up_s=WRAP_UP_S) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_operator_says_ready_and_pause_by_codes_and_hears_that_it_is_so(centre: Centre) -> None:
    phone = await centre.phone_of("101")
    for code, said, reason, prompt in (
        ("*1", "ready", "", "ready-confirm"),
        ("*2", "paused", "break", "paused-confirm"),
        ("*23", "paused", "reason-3", "paused-confirm"),
        ("*28", "paused", LUNCH, "paused-confirm"),
        ("*1", "ready", "", "ready-confirm"),
    ):
        call = await phone.dial(code, centre.port)
        await call.ended()
        assert await centre.until_state("101", said) == reason
        assert heard_stretches(call.heard(), prompt_hz(prompt))
        await _ledger_shows(centre, "101", said, reason)
    states = [seen.fields for seen in centre.journal.facts(fact=Fact.PRESENCE) if seen.fields["operator"] == "101"]
    assert [(fields["state"], fields["reason"]) for fields in states][-5:] == [
        ("ready", ""),
        ("paused", "break"),
        ("paused", "reason-3"),
        ("paused", LUNCH),
        ("ready", ""),
    ]


async def test_operator_who_hangs_up_as_soon_as_a_code_is_answered_has_said_it(centre: Centre) -> None:
    phone = await centre.phone_of("101")
    for code, said in (("*2", "paused"), ("*1", "ready")) * 5:
        call = await phone.dial(code, centre.port)
        await call.answered()
        await call.hang_up()
        await call.ended()
        await centre.until_state("101", said)


async def test_code_that_is_none_changes_nothing(centre: Centre) -> None:
    phone = await centre.phone_of("101")
    await centre.duty("101", ready=True)
    for code in ("*9", "*", "101", "99", "*234"):
        call = await phone.dial(code, centre.port)
        assert await call.ended() in (404, 484), code
    assert (await centre.state("101"))[0] == "ready"


async def test_wrap_up_is_honoured(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    first, second = await centre.visit(), await centre.visit()
    await asyncio.gather(first.enters(), second.enters())
    served = await centre.talk("101", first) if not second.facts(Fact.OFFERED) else await centre.talk("101", second)
    waiting = second if served.caller_number == first.number else first
    await served.hang_up()
    await centre.until_state("101", "wrap-up", timeout_s=0.5)
    following = await centre.offered("101", waiting)
    assert served.instants.ended is not None
    assert following.instants.invite - served.instants.ended == pytest.approx(WRAP_UP_S, abs=0.3)


async def test_wrap_up_of_one_group_is_honoured_by_the_other(centre: Centre) -> None:
    """It belongs to the operator: who serves two groups is left alone by both."""
    await centre.phone_of("104")
    await centre.duty("104", ready=True)
    first = await centre.visit()
    await first.enters("portal")
    talk = await centre.talk("104", first)
    waiting = await centre.visit()
    await waiting.enters("ict")
    await talk.hang_up()
    await centre.until_state("104", "wrap-up", timeout_s=0.5)
    following = await centre.offered("104", waiting)
    assert talk.instants.ended is not None
    assert following.instants.invite - talk.instants.ended == pytest.approx(WRAP_UP_S, abs=0.3)


async def test_ready_code_ends_the_wrap_up(centre: Centre) -> None:
    phone = await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    talk = await centre.talk("101", visit)
    await talk.hang_up()
    await centre.until_state("101", "wrap-up", timeout_s=0.5)
    code = await phone.dial("*1", centre.port)
    await code.ended()
    assert talk.instants.ended is not None
    assert code.instants.ended is not None
    assert code.instants.ended - talk.instants.ended < WRAP_UP_S
    assert await centre.state("101") == ("ready", "")


async def test_operator_who_pauses_in_a_talk_finishes_it_and_gets_no_other(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    talk = await centre.talk("101", visit)
    await centre.asked("POST /operators/{number}/pause", "101", reason="lunch break!")
    begin, end = await talk.listen(0.5)
    assert talk.hears(visit.hz, begin, end)
    assert (await centre.state("101"))[0] == "talking"
    second = await centre.visit()
    await second.enters()
    await talk.hang_up()
    assert await centre.until_state("101", "paused") == "lunch break!"
    assert second.facts(Fact.OFFERED) == []


async def test_nobody_is_rung_while_the_phone_is_in_use(centre: Centre) -> None:
    phone = await centre.phone_of("101")
    await centre.duty("101", ready=True)
    own = await phone.dial("1414", centre.port)  # an operator may call the hotline, too
    await own.answered()
    rings = len(phone.calls)
    visit = await centre.visit()
    await visit.enters()
    await visit.call.listen(0.5)
    assert visit.facts(Fact.OFFERED) == []
    assert len(phone.calls) == rings
    await own.hang_up()
    await centre.talk("101", visit)


async def test_presence_is_kept_when_the_controller_is_killed(centre: Centre) -> None:
    await _three_operators(centre)
    pid = centre.up.supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await _new_controller(centre, pid)
    await _as_the_three_said(centre)


async def test_presence_is_kept_when_asterisk_is_killed(centre: Centre) -> None:
    """And nobody has to register again: calls are offered as soon as Asterisk is back."""
    phones = await _three_operators(centre)
    await _asterisk_has_written_down(centre, "paused:reason-5", f"paused:{quote(TRAINING, safe='')}", "ready:")
    before = centre.up.keeper.pid
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(20):
        while centre.up.keeper.pid == before or await centre.state("103") != ("ready", ""):
            await asyncio.sleep(LOOK_EVERY_S)
    await controller_ready(centre.up.places)
    await _as_the_three_said(centre)
    visit = await centre.visit()
    await visit.enters("portal")
    await phones[2].behave(Answer())
    await centre.talk("103", visit)


async def _three_operators(centre: Centre) -> list[Phone]:
    """101 paused for a reason by a code, 102 paused by command, 103 ready by a code."""
    phones = [await centre.phone_of(operator) for operator in ("101", "102", "103")]
    await (await phones[0].dial("*25", centre.port)).ended()
    await centre.asked("POST /operators/{number}/pause", "102", reason=TRAINING)
    await (await phones[2].dial("*1", centre.port)).ended()
    await _as_the_three_said(centre)
    return phones


async def _as_the_three_said(centre: Centre) -> None:
    for operator, said, reason in (("101", "paused", "reason-5"), ("102", "paused", TRAINING), ("103", "ready", "")):
        assert await centre.until_state(operator, said, timeout_s=20) == reason


async def _new_controller(centre: Centre, old_pid: int) -> None:
    async with asyncio.timeout(15):
        while centre.up.supervisor.pid in (None, old_pid):
            await asyncio.sleep(LOOK_EVERY_S)
    await controller_ready(centre.up.places)


async def _asterisk_has_written_down(centre: Centre, *said: str) -> None:
    """Asterisk writes its own database once a second: what is younger is lost when it is killed."""
    kept = centre.up.places.state / "lib" / "astdb.sqlite3"
    async with asyncio.timeout(5):
        while True:
            with closing(sqlite3.connect(f"{kept.as_uri()}?mode=ro", uri=True)) as database:
                rows = database.execute("SELECT value FROM astdb WHERE key LIKE '/bailanys/presence/%' ORDER BY key")
                if tuple(value for (value,) in rows)[: len(said)] == said:
                    return
            await asyncio.sleep(LOOK_EVERY_S)


async def _ledger_shows(centre: Centre, operator: str, state: str, reason: str) -> None:
    async with asyncio.timeout(5):
        while (operator, state, reason) not in [
            (row.operator_id, row.state, row.reason or "") for row in await centre.ledger.operators_now()
        ]:
            await asyncio.sleep(LOOK_EVERY_S)
