"""Every way in which SIP can join, take, move or watch a call, for a carrier and for an operator (see SECURITY.md)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from raw_sip import RawCall, RawCaller, raw_caller

from calls.journal import Fact
from phones.call import Call
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARRIER = b"<sip:77010000099@127.0.0.1>"
STRANGE = b"<sip:77010000098@127.0.0.1>"
OP102 = b"<sip:op102@127.0.0.1>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await rx(open_hotline.up.asterisk, open_hotline.up.places.asterisk_conf, "channel request hangup all")
    await open_hotline.closed_down()


@pytest_asyncio.fixture(loop_scope="module")
async def trunk(centre: Centre) -> AsyncIterator[RawCaller]:
    async with raw_caller(centre.port) as trunk:
        yield trunk


@pytest_asyncio.fixture(loop_scope="module")
async def other(centre: Centre) -> AsyncIterator[RawCaller]:
    """A second socket, for who wants what is on the first."""
    async with raw_caller(centre.port) as other:
        yield other


@pytest.mark.parametrize("sender", [STRANGE, CARRIER, OP102], ids=["trunk", "same caller", "operator"])
@pytest.mark.parametrize("early", ["", ";early-only"])
async def test_invite_with_replaces_is_refused(
    centre: Centre, trunk: RawCaller, other: RawCaller, sender: bytes, early: str
) -> None:
    """RFC 3891: Asterisk itself would let whoever knows a dialog take its place, and record none of it."""
    call = await _in_the_menu(centre, trunk)
    password = centre.up.secrets.operators["102"] if sender is OP102 else ""
    for name in ("Replaces", "rEPLACES"):
        taken = await other.invite(
            sender, f"{name}: {call.replaces}{early}".encode(), b"Supported: replaces", password=password
        )
        assert taken.status == 401, taken.answer
    await _goes_on(centre, call)


async def test_who_takes_a_talk_by_too_long_a_header_is_hung_up_and_told(
    centre: Centre, trunk: RawCaller, other: RawCaller
) -> None:
    """Asterisk's identification reads 4,096 bytes of a header."""
    call = await _in_the_menu(centre, trunk)
    phone = await centre.phone_of("101")
    for step in ("language-asked", "topic-asked"):
        await centre.journal.until(Fact.STEP, _newest(centre), 5, step=step)
        await _key(call)
    await centre.duty("101", ready=True)
    talk = await phone.rung()
    await centre.journal.until(Fact.TALKING, _newest(centre), 5)
    taken = await other.invite(STRANGE, f"Replaces: {call.replaces};x={'a' * 5000}".encode())
    assert taken.status == 200, taken.answer
    async with asyncio.timeout(5):
        while not (await other.receive()).startswith("BYE "):
            pass
    await talk.ended()
    await _alarmed(centre, "talk-taken-over")


async def test_join_with_a_call_that_is_not_ones_own_is_told(centre: Centre, trunk: RawCaller) -> None:
    """Asterisk does not ask whose the dialog is; who could know its tags is either of its ends."""
    visit, talk = await _talk(centre)
    call = await _in_the_menu(centre, trunk)
    uri = f"<sip:1414@127.0.0.1:{centre.port}?Replaces={quote(call.replaces, safe='')}>"
    assert await talk.refer(uri, timeout_s=5) == 200
    await _alarmed(centre, "dialog-not-own")
    assert not visit.call.over


async def test_invite_with_join_is_a_call_of_its_own(centre: Centre, trunk: RawCaller, other: RawCaller) -> None:
    """RFC 3911, which Asterisk does not know: a header to be passed over, unless it is required."""
    call = await _in_the_menu(centre, trunk)
    required = await other.invite(STRANGE, f"Join: {call.replaces}".encode(), b"Require: join")
    assert required.status == 420, required.answer
    joined = await other.invite(STRANGE, f"Join: {call.replaces}".encode())
    assert joined.status == 200, joined.answer
    await _calls(centre, 2)
    await joined.hang_up()
    await _goes_on(centre, call)


@pytest.mark.parametrize("more", [(), (b"Refer-Sub: false",), (b"Target-Dialog: x;local-tag=a;remote-tag=b",)])
async def test_carrier_cannot_transfer(
    centre: Centre, trunk: RawCaller, other: RawCaller, more: tuple[bytes, ...]
) -> None:
    call = await _in_the_menu(centre, trunk)
    second = await other.invite(STRANGE)
    for target in (
        "<sip:61@{server}>",
        "<sip:7102@{server}>",
        "<sip:1414@{server}>",
        f"<sip:1414@{{server}}?Replaces={quote(second.replaces, safe='')}>",
        f"<sip:1414@{{server}}?Replaces={quote(call.replaces, safe='')}>",
        "<tel:+77010000001>",
    ):
        for name in ("Refer-To", "r"):
            await call.ask("REFER", f"{name}: {target.format(server=f'127.0.0.1:{centre.port}')}".encode(), *more)
            assert call.status == 603, call.answer
    await second.hang_up()
    await _goes_on(centre, call)


async def test_nothing_but_a_call_is_taken_outside_of_a_call(centre: Centre, trunk: RawCaller) -> None:
    """For a carrier, for an operator, and with a dialog's identity."""
    call = await _in_the_menu(centre, trunk)
    async with raw_caller(centre.port) as phone:
        for sender, password in ((STRANGE, ""), (OP102, centre.up.secrets.operators["102"])):
            for method, target, more in (
                ("REFER", "op101", (f"Refer-To: <sip:1414@127.0.0.1:{centre.port}>".encode(),)),
                ("REFER", "1414", (f"Refer-To: <sip:61@127.0.0.1?Replaces={quote(call.replaces, safe='')}>".encode(),)),
                ("SUBSCRIBE", "op101", (b"Event: dialog", b"Expires: 60")),
                ("SUBSCRIBE", "101", (b"Event: dialog", b"Expires: 60", b"Accept: application/dialog-info+xml")),
                ("SUBSCRIBE", "7101", (b"Event: presence", b"Expires: 60")),
                ("SUBSCRIBE", "1414", (b"Event: message-summary", b"Expires: 60")),
                ("SUBSCRIBE", "1414", (b"Event: refer", b"Expires: 60")),
                ("SUBSCRIBE", "1414", (b"Event: conference", b"Expires: 60")),
                ("PUBLISH", "op101", (b"Event: presence", b"Expires: 60")),
                ("PUBLISH", "op101", (b"Event: dialog", b"Expires: 60")),
                ("MESSAGE", "1414", (b"Content-Type: text/plain",)),
                ("INFO", "1414", (b"Content-Type: application/dtmf-relay",)),
                ("NOTIFY", "1414", (b"Event: refer", b"Subscription-State: active")),
                ("UPDATE", "1414", ()),
                ("BYE", "1414", ()),
                ("PRACK", "1414", ()),
            ):
                asked = await phone.ask(method, target, sender, *more, password=password)
                assert 400 <= asked.status < 700, (method, sender, asked.answer)
                assert asked.status != 401 or not password, (method, asked.answer)
    await _goes_on(centre, call)


async def test_no_code_takes_a_call_that_rings_or_is_parked(centre: Centre, trunk: RawCaller) -> None:
    call = await _in_the_menu(centre, trunk)
    async with raw_caller(centre.port) as phone:
        for sender, password in ((STRANGE, ""), (OP102, centre.up.secrets.operators["102"])):
            for code in (
                "*8",
                "*8101",
                "*97",
                "700",
                "701",
                "**101",
                "#1",
                "*",
                "s",
                "h",
                "i",
                "t",
                "external_replaces",
            ):
                dialled = await phone.invite(sender, dialled=quote(code, safe="*"), password=password)
                assert dialled.status == 404, (sender, code, dialled.answer)
    await _goes_on(centre, call)


async def test_what_stands_in_a_call_of_ones_own_reaches_no_other(centre: Centre, trunk: RawCaller) -> None:
    """3PCC re-INVITE (RFC 3725), in-dialog Replaces, SUBSCRIBE, MESSAGE, UPDATE; and BYE with Also, of before REFER."""
    visit, talk = await _talk(centre)
    call = await _in_the_menu(centre, trunk)
    await call.send("SUBSCRIBE", b"Event: dialog", b"Expires: 60")  # Asterisk does not even answer these two
    await call.send("MESSAGE", b"Content-Type: text/plain", body=b"1")
    elsewhere = b"v=0\r\no=- 1 2 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4002 RTP/AVP 8\r\n"
    moved = await call.ask("INVITE", b"Content-Type: application/sdp", body=elsewhere)
    await call.send("ACK")
    assert call.status == 200
    assert "c=IN IP4 127.0.0.1" in moved  # the voice goes by us whoever is at the other end
    await call.send("BYE", f"Also: <sip:1414@127.0.0.1:{centre.port}>".encode())
    await _talk_goes_on(centre, visit, talk)
    assert [row["call"] for row in (await centre.asked("GET /calls"))["calls"]] == [visit.id]


async def test_re_invite_that_replaces_takes_nothing(centre: Centre, trunk: RawCaller) -> None:
    """Asterisk hangs up who sends one within a call; the call that it names goes on as it was."""
    async with raw_caller(centre.port) as other:
        call = await _in_the_menu(centre, trunk)
        mine = await other.invite(STRANGE)
        await mine.ask("INVITE", f"Replaces: {call.replaces}".encode(), b"Content-Type: application/sdp", body=_SDP)
        await mine.send("ACK")
        async with asyncio.timeout(5):  # it is sent again until it is answered
            while not (await other.receive()).startswith("BYE "):
                pass
        await _calls(centre, 1)
        await _goes_on(centre, call)


async def test_requests_of_a_dialog_with_wrong_tags_are_nobodys(centre: Centre, trunk: RawCaller) -> None:
    """What is not exactly a dialog is none: 481, whoever sends it and whatever it asks."""
    call = await _in_the_menu(centre, trunk)
    async with raw_caller(centre.port) as other:
        for method in ("BYE", "INVITE", "REFER", "INFO", "UPDATE"):
            stranger = RawCall(other, "1414", STRANGE.replace(b">", b">;tag=other"), call.id, call.to)
            await stranger.ask(method, b"Refer-To: <sip:61@127.0.0.1>")
            assert stranger.status in (401, 403, 404, 481), (method, stranger.answer)
            if method == "INVITE":
                await stranger.send("ACK")
    await _goes_on(centre, call)


async def test_account_of_another_is_not_registered(centre: Centre) -> None:
    await centre.phone_of("101")
    async with raw_caller(centre.port) as phone:
        for sender, password in (
            (b"<sip:op102@127.0.0.1>", centre.up.secrets.operators["102"]),
            (STRANGE, ""),
        ):
            asked = await phone.ask("REGISTER", "op101", sender, b"Expires: 3600", password=password)
            assert 400 <= asked.status < 500, asked.answer
    visit, talk = await _talk(centre)  # it rings where 101 is
    await _talk_goes_on(centre, visit, talk)


_SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


async def _in_the_menu(centre: Centre, trunk: RawCaller) -> RawCall:
    """A call of the carrier's that the hotline has answered."""
    known = {seen.call for seen in centre.journal.facts(fact=Fact.STEP)}
    call = await trunk.invite(CARRIER)
    assert call.status == 200, call.answer
    async with asyncio.timeout(5):
        while not {seen.call for seen in centre.journal.facts(fact=Fact.STEP)} - known:
            await asyncio.sleep(0.02)
    return call


async def _goes_on(centre: Centre, call: RawCall) -> None:
    """The call is up, and takes keys."""
    await _key(call)
    await call.hang_up()


async def _key(call: RawCall) -> None:
    await call.ask("INFO", b"Content-Type: application/dtmf-relay", body=b"Signal=1\r\nDuration=100\r\n")
    assert call.status == 200, call.answer


async def _calls(centre: Centre, count: int) -> None:
    """So many calls are up; the controller hears of one a moment after it was answered."""
    up: list[object] = []
    try:
        async with asyncio.timeout(5):
            while len(up := (await centre.asked("GET /calls"))["calls"]) != count:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"{count} calls were meant to be up, and these are: {up}") from None


def _newest(centre: Centre) -> str:
    return list(centre.journal.facts(fact=Fact.ARRIVED))[-1].call


async def _alarmed(centre: Centre, kind: str) -> None:
    now_ms = time.time_ns() // 1_000_000
    async with asyncio.timeout(10):
        while kind not in [
            alarm.kind for alarm in await centre.ledger.alarms_between(centre.began_ms, now_ms + 60_000)
        ]:
            await asyncio.sleep(0.1)


async def _talk(centre: Centre) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    return visit, await centre.talk("101", visit)


async def _talk_goes_on(centre: Centre, visit: Visit, talk: Call) -> None:
    await asyncio.gather(talk.until_hears(visit.hz, for_s=0.25), visit.call.until_hears(OPERATOR_HZ["101"], for_s=0.25))
    assert [seen.fields["operator"] for seen in visit.facts(Fact.OFFERED)] == ["101"]
    assert visit.facts(Fact.TRANSFERRED) == []
