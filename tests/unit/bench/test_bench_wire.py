"""The benchmark's own phones, against each other over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bench.leg import Leg
from bench.switchboard import switchboard, user_of
from bench.voice import Clock, Voice
from bench.wire import read, request, response, sdp_of, uri_of

HERE = "127.0.0.1"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    made = Clock()
    ticking = asyncio.create_task(made.run())
    yield made
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking


def test_a_request_is_read_as_written() -> None:
    headers = {"via": "SIP/2.0/UDP h;branch=z9hG4bK1", "from": "<sip:77011234567@h>;tag=1", "to": "<sip:1414@s>"}
    message = read(request("sip:1414@s", "INVITE", headers | {"cseq": "1 INVITE"}, sdp_of("127.0.0.1", 4000)))
    assert (message.method, message.uri, message.status) == ("INVITE", "sip:1414@s", 0)
    assert message.media == ("127.0.0.1", 4000)
    assert user_of(message.header("from")) == "77011234567"
    assert uri_of('"Anna" <sip:1414@s>;tag=2') == "sip:1414@s"


def test_an_answer_copies_what_it_must_and_adds_the_tag_once() -> None:
    asked = read(request("sip:1@s", "BYE", {"v": "SIP/2.0/UDP h;branch=z9hG4bK1", "t": "<sip:1@s>", "cseq": "2 BYE"}))
    answered = read(response(asked, 200, "OK", tag="mine"))
    assert (answered.status, answered.method) == (200, "BYE")
    assert answered.header("via").endswith("z9hG4bK1")
    assert answered.header("to") == "<sip:1@s>;tag=mine"
    again = read(response(read(response(asked, 200, "OK", tag="mine")), 200, "OK", tag="other"))
    assert again.header("to") == "<sip:1@s>;tag=mine"


@pytest.mark.parametrize("noise", [b"", b"\r\n\r\n", b"\xff\xfe", b"SIP/2.0 200 OK", b"INVITE"])
def test_noise_is_read_without_an_error(noise: bytes) -> None:
    assert read(noise).media is None


async def test_two_phones_call_talk_and_hang_up(clock: Clock) -> None:
    rung: asyncio.Queue[tuple[str, str, Leg]] = asyncio.Queue()
    port, trunk = free_port(), free_port()
    async with (
        switchboard(HERE, (HERE, trunk), clock, port, lambda *call: rung.put_nowait(call)),
        switchboard(HERE, (HERE, port), clock, trunk) as callers,
    ):
        call = callers.dial("77011234567", "op101", 440)
        account, caller, talk = await asyncio.wait_for(rung.get(), 5)
        assert (account, caller) == ("op101", "77011234567")
        talk.answer()
        await asyncio.wait_for(call.answered.wait(), 5)
        talk.hang_up()
        await asyncio.wait_for(call.over.wait(), 5)
        assert (call.seen.status, call.seen.ended_by_us, talk.seen.ended_by_us) == (200, False, True)
        assert not clock.voices


async def test_a_refused_call_is_over_for_both(clock: Clock) -> None:
    rung: asyncio.Queue[Leg] = asyncio.Queue()
    port, trunk = free_port(), free_port()
    async with (
        switchboard(HERE, (HERE, trunk), clock, port, lambda _account, _caller, leg: rung.put_nowait(leg)),
        switchboard(HERE, (HERE, port), clock, trunk) as callers,
    ):
        call = callers.dial("77011234567", "op101", 440)
        (await asyncio.wait_for(rung.get(), 5)).refuse()
        await asyncio.wait_for(call.over.wait(), 5)
        assert call.seen.status == 486


async def test_voice_comes_every_twenty_milliseconds_and_a_key_in_its_place(clock: Clock) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setblocking(False)
        ear.bind((HERE, 0))
        voice = Voice(HERE, 440)
        voice.talk_to(ear.getsockname())
        clock.voices.add(voice)
        voice.press("5")
        loop = asyncio.get_running_loop()
        packets = [await asyncio.wait_for(loop.sock_recv(ear, 2048), 5) for _ in range(12)]
        clock.voices.discard(voice)
        voice.close()
    kinds = [packet[1] & 0x7F for packet in packets]
    assert kinds == [101] * 9 + [8] * 3
    assert [packet[12] for packet in packets[:9]] == [5] * 9
    assert [packet[13] & 0x80 for packet in packets[:9]] == [0] * 6 + [0x80] * 3
    assert len({packet[4:8] for packet in packets[:9]}) == 1, "an event keeps its timestamp"
    numbers = [int.from_bytes(packet[2:4], "big") for packet in packets]
    assert numbers == list(range(numbers[0], numbers[0] + 12))
    assert all(len(packet) == 172 for packet in packets[9:])
