"""The phones against a real Asterisk: what they claim to do and to hear is so."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from exchange import PASSWORD, Exchange, exchange

from phones import tones
from phones.call import CallEndedError
from phones.fleet import Fleet
from phones.manners import Answer, Redirect, Refuse, Ring
from phones.phone import Phone, PhoneError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Exchange]:
    async with exchange() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def fleet() -> AsyncIterator[Fleet]:
    async with Fleet() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def operator(fleet: Fleet, server: Exchange) -> Phone:
    return await fleet.operator("101", PASSWORD, server.port)


@pytest_asyncio.fixture(loop_scope="module")
async def caller(fleet: Fleet) -> Phone:
    return await fleet.caller("77011234567", display="Anna")


async def test_registration_is_taken_taken_back_and_refused(fleet: Fleet, server: Exchange, operator: Phone) -> None:
    assert operator.address in await server.console("pjsip show contacts")
    await operator.unregister()
    assert operator.address not in await server.console("pjsip show contacts")
    await operator.register()
    assert operator.address in await server.console("pjsip show contacts")
    with pytest.raises(PhoneError, match=r"401|403"):
        await fleet.operator("102", "wrong", server.port)


async def test_each_side_hears_the_others_tone(server: Exchange, operator: Phone, caller: Phone) -> None:
    call = await caller.dial("1414", server.port)
    offer = await operator.rung()
    assert (offer.caller_number, offer.caller_name) == ("77011234567", "Anna")
    await call.answered()
    await call.until_hears(1000)
    await offer.until_hears(440)
    assert not call.hears(440)
    assert not offer.hears(1000)
    await offer.hang_up()
    assert await call.ended() == 200
    for side, hz in ((call, 1000), (offer, 440)):
        samples, rate = tones.read(side.heard())
        assert tones.tones_in(samples, rate, (hz,))[hz] == pytest.approx(-12, abs=1.5)
        started, ended = side.instants.media, side.instants.ended
        assert started is not None
        assert ended is not None
        assert len(samples) / rate == pytest.approx(ended - started, abs=0.1)
    first = call.first_audio_at()
    assert first is not None
    assert first - call.instants.invite < 1.0


@pytest.mark.parametrize("by_info", [False, True])
async def test_keys_reach_the_dialplan(server: Exchange, caller: Phone, *, by_info: bool) -> None:
    call = await caller.dial("keys", server.port)
    await call.answered()
    await call.press("19*0" if by_info else "74*2", by_info=by_info)
    assert await call.ended() == 200
    assert await server.remembered("KEYS") == ("19*0" if by_info else "74*2")


async def test_keys_pass_through_to_the_other_phone(server: Exchange, operator: Phone, caller: Phone) -> None:
    call = await caller.dial("1414", server.port)
    offer = await operator.rung()
    await call.answered()
    await call.press("1")
    await call.press("2")
    await offer.until_keys("12")
    await call.hang_up()
    assert await offer.ended() == 200


async def test_refer_hands_the_caller_over_and_a_bad_one_does_not(
    fleet: Fleet, server: Exchange, operator: Phone, caller: Phone
) -> None:
    second = await fleet.operator("102", PASSWORD, server.port, tone_hz=1500)
    call = await caller.dial("1414", server.port)
    offer = await operator.rung()
    await call.until_hears(1000)
    assert await offer.refer("999") == 404
    assert not offer.over
    assert await offer.refer("62") == 200
    assert offer.over
    taken = await second.rung()
    await call.until_hears(1500)
    await taken.until_hears(440)
    assert not call.over
    await call.hang_up()
    await taken.ended()


async def test_hold_stops_the_operators_tone_for_the_caller(server: Exchange, operator: Phone, caller: Phone) -> None:
    call = await caller.dial("1414", server.port)
    offer = await operator.rung()
    await call.until_hears(1000)
    await offer.hold()
    _, end = await call.listen(2)
    assert not call.hears(1000, end - 1)
    await offer.resume()
    await call.until_hears(1000)
    await call.hang_up()


@pytest.mark.parametrize(
    ("status", "fate", "seen"), [(486, "BUSY", 486), (603, "CHANUNAVAIL", 403), (480, "NOANSWER", 480)]
)
async def test_refusal_is_told_to_asterisk(
    server: Exchange, operator: Phone, caller: Phone, status: int, fate: str, seen: int
) -> None:
    await operator.behave(Refuse(status))
    call = await caller.dial("1414", server.port)
    assert (await call.ended(), await server.remembered("FATE")) == (seen, fate)
    with pytest.raises(CallEndedError, match=str(seen)):
        await call.answered()


async def test_redirect_is_followed_by_asterisk(fleet: Fleet, server: Exchange, operator: Phone, caller: Phone) -> None:
    second = await fleet.operator("102", PASSWORD, server.port, tone_hz=1500)
    await operator.behave(Redirect(f"sip:102@127.0.0.1:{server.port}"))
    call = await caller.dial("1414", server.port)
    assert await (await operator.rung()).ended() == 302
    taken = await second.rung()
    await call.until_hears(1500)
    await taken.hang_up()
    assert await call.ended() == 200


async def test_operator_answers_late_and_hangs_up_after_the_talk(
    server: Exchange, operator: Phone, caller: Phone
) -> None:
    await operator.behave(Answer(after_s=0.5, talk_s=1.0))
    call = await caller.dial("1414", server.port)
    await call.ended()
    answered, ended = call.instants.answered, call.instants.ended
    assert answered is not None
    assert ended is not None
    assert answered - call.instants.invite == pytest.approx(0.5, abs=0.1)
    assert ended - answered == pytest.approx(1.0, abs=0.1)


async def test_caller_gives_up_on_a_phone_that_rings(server: Exchange, operator: Phone, caller: Phone) -> None:
    await operator.behave(Ring())
    call = await caller.dial("1414", server.port)
    offer = await operator.rung()
    await call.ringing()
    await call.hang_up()
    assert call.status == 487
    assert await offer.ended() == 487
    with pytest.raises(PhoneError, match="over"):
        await offer.answer()


async def test_feature_code_is_dialled_by_the_operator(server: Exchange, operator: Phone) -> None:
    call = await operator.dial("*1")
    assert await call.ended() == 200
    assert await server.remembered("CODE") == "101"


async def test_number_that_nobody_has_is_404(server: Exchange, caller: Phone) -> None:
    call = await caller.dial("999", server.port)
    assert await call.ended() == 404


async def test_caller_from_an_unknown_address_gets_nowhere(fleet: Fleet, server: Exchange) -> None:
    stranger = await fleet.caller(source_address="127.0.0.9")
    call = await stranger.dial("1414", server.port)
    assert await call.ended() in (401, 403)


async def test_dead_phone_says_no_word(server: Exchange, operator: Phone, caller: Phone) -> None:
    call = await caller.dial("1414", server.port)
    offer = await operator.rung()
    await call.until_hears(1000)
    await operator.die()
    assert (offer.over, offer.status, operator.alive) == (True, 0, False)
    _, end = await call.listen(2)
    assert not call.over
    assert not call.hears(1000, end - 1)
    assert operator.address in await server.console("pjsip show contacts")
    with pytest.raises(PhoneError, match="dead"):
        await operator.dial("*1")
    await call.hang_up()


async def test_audio_that_comes_late_is_timed(server: Exchange, caller: Phone) -> None:
    call = await caller.dial("late", server.port)
    await call.until_hears(1300)
    await call.hang_up()
    first = call.first_audio_at()
    assert first is not None
    assert first - call.instants.invite == pytest.approx(0.8, abs=0.15)


async def test_fleet_leaves_no_process_behind(server: Exchange) -> None:
    async with Fleet() as fleet:
        phones = [await fleet.operator("101", PASSWORD, server.port), await fleet.caller()]
        call = await phones[1].dial("1414", server.port)
        await call.answered()
        pids = [phone.pid for phone in phones]
        contact = phones[0].address
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert contact not in await server.console("pjsip show contacts")
    assert call.over
