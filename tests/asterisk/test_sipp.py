"""SIPp under our hand against a real Asterisk: exact arrivals, keys, talks, traces."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from exchange import CACHE, PASSWORD, Exchange, exchange

from phones.legs import call_number
from phones.load import Arrival, Press, callers, operators
from phones.registration import RegistrationError, register
from phones.sipp import SippError, SippRun
from telephony.embedded import find_sipp

pytestmark = pytest.mark.asyncio(loop_scope="module")
ACCOUNTS = {"op101": PASSWORD, "op102": PASSWORD}
SIPP = find_sipp(CACHE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Exchange]:
    async with exchange() as started:
        yield started


async def test_callers_follow_the_trace_and_operators_their_talks(server: Exchange) -> None:
    trace = [Arrival(at / 8, f"7701000000{at}") for at in range(9)]
    desk = SippRun(
        SIPP, operators(talk_s=0.5, talks={"77010000004": 1.0}), server.port, rtp_first=31000, rtp_last=31998
    )
    await register(ACCOUNTS, server.port, desk.port)
    begin_at = time.time() + 0.5
    async with desk, SippRun(SIPP, callers(trace, begin_at), server.port) as line:
        await line.done(30)
        calls, talks = line.legs(), desk.legs()
        assert desk.errors() == line.errors() == ""
    assert [call_number(leg.call_id) for leg in calls] == list(range(1, 10))
    late_s = [leg.invite_at - begin_at - one.at_s for leg, one in zip(calls, trace, strict=True)]
    assert all(0 <= late < 0.02 for late in late_s), late_s
    assert {leg.user for leg in talks} == {"op101"}
    assert [leg.talk_s for leg in talks] == pytest.approx([1.0 if at == 4 else 0.5 for at in range(9)], abs=0.05)
    assert all(leg.ended_by_us for leg in talks)
    assert not any(leg.ended_by_us for leg in calls)


async def test_keys_arrive_as_pressed_the_same_one_twice(server: Exchange) -> None:
    presses = [Press(0.1, "1"), Press(0.4, "0"), Press(0.6, "0"), Press(0.9, "*")]
    for tone_hz in (440, None):
        load = callers([Arrival(0, "77010000001", "keys")], time.time() + 0.2, presses=presses, tone_hz=tone_hz)
        async with SippRun(SIPP, load, server.port) as line:
            await line.done(30)
        assert await server.remembered("KEYS") == "100*"


async def test_refusals_are_told_and_are_no_failure(server: Exchange) -> None:
    async with SippRun(SIPP, callers([Arrival(0, "77010000001", "999")], time.time()), server.port) as line:
        await line.done(30)
        (leg,) = line.legs()
    assert (leg.status, leg.answered_at, leg.ended_by_us) == (404, None, False)


async def test_patience_ends_a_wait_with_cancel_and_a_talk_with_bye(server: Exchange) -> None:
    desk = SippRun(SIPP, operators(talk_s=60, answer_after_s=0.6), server.port, rtp_first=31000, rtp_last=31998)
    await register(ACCOUNTS, server.port, desk.port)
    async with desk:
        for patience_s, status in ((0.3, 487), (1.0, 200)):
            load = callers([Arrival(0, "77010000001")], time.time(), patience_s=patience_s)
            async with SippRun(SIPP, load, server.port) as line:
                await line.done(30)
                (leg,) = line.legs()
            assert (leg.status, leg.ended_by_us) == (status, True)
            assert (desk.legs()[-1].status, desk.legs()[-1].ended_by_us) == (status, False)
        assert desk.errors() == ""


async def test_run_that_is_not_over_is_ended_with_its_context(server: Exchange) -> None:
    async with SippRun(SIPP, callers([Arrival(60, "77010000001")], time.time()), server.port) as line:
        with pytest.raises(TimeoutError):
            await line.done(0.3)
        pid = line.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_broken_run_says_why(server: Exchange) -> None:
    load = callers([Arrival(0, "77010000001")], time.time())
    broken = replace(load, files={**load.files, "caller.xml": b"<scenario>"})
    async with SippRun(SIPP, broken, server.port) as line:
        with pytest.raises(SippError, match=r"caller\.xml"):
            await line.done(10)


async def test_wrong_password_is_not_registered(server: Exchange) -> None:
    with pytest.raises(RegistrationError, match=r"op101: SIP/2\.0 401"):
        await register({"op101": "wrong"}, server.port, 0)
