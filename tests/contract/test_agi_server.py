"""What reaches the FastAGI port besides calls, and that one session never disturbs another."""

from __future__ import annotations

import asyncio
import time

import pytest
from fake_asterisk import HEADER, FakeCall

from telephony.agi import AgiServer, Handler
from telephony.agi_line import AgiLine


class Serving:
    """An AGI server under test."""

    def __init__(self, handler: Handler) -> None:
        self.server = AgiServer("127.0.0.1", 0, handler)

    async def __aenter__(self) -> AgiServer:
        await self.server.start()
        return self.server

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()


async def greet(line: AgiLine) -> None:
    assert await line.get_variable("NAME") == line.variables["agi_arg_1"]
    await line.set_variable("GREETED", line.call_id)


async def served(server: AgiServer, name: str = "kk") -> bool:
    async with FakeCall(server.port, agi_uniqueid=f"hl1-{name}", agi_arg_1=name) as call:
        await call.expect('GET VARIABLE "NAME"', f"200 result=1 ({name})")
        await call.expect('SET VARIABLE "GREETED" "hl1-' + name + '"', "200 result=1")
        return await call.over()


async def test_health_check_that_connects_and_closes_costs_nothing() -> None:
    """Trap 1: it takes panoramisk's loop for good, at 100 % CPU."""
    async with Serving(greet) as server:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.close()
            await writer.wait_closed()
        assert await served(server)
        began = time.process_time()
        await asyncio.sleep(0.2)
        assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    "wire",
    [
        b"\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\n\n",
        b"agi_network: yes\nagi_network_script: menu\n\n",
        b"agi_uniqueid: \n\n",
    ],
)
async def test_noise_is_closed(wire: bytes) -> None:
    async with Serving(greet) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(wire)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        assert await served(server)


async def test_half_a_header_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.agi.HEADER_S", 0.1)
    async with Serving(greet) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network: yes\nagi_uni")
        assert await served(server)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_header_of_a_megabyte_is_closed() -> None:
    async with Serving(greet) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            for _ in range(64):
                writer.write(b"agi_calleridname: " + b"x" * 16384 + b"\n")
                await writer.drain()
            await reader.readexactly(1)
        writer.close()
        assert await served(server)


async def test_name_of_the_caller_cannot_forge_the_call_id() -> None:
    ids: list[str] = []

    async def note(line: AgiLine) -> None:
        ids.append(line.call_id)

    async with Serving(note) as server, FakeCall(server.port, agi_calleridname="x\nagi_uniqueid: forged") as call:
        assert await call.over()
    assert ids == [HEADER["agi_uniqueid"]]


async def test_failed_session_is_logged_with_its_call_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def fail_or_greet(line: AgiLine) -> None:
        if line.variables["agi_arg_1"] == "bad":
            raise KeyError("the reason")
        await greet(line)

    async with Serving(fail_or_greet) as server:
        async with FakeCall(server.port, agi_uniqueid="hl1-7.7", agi_arg_1="bad") as call:
            assert await call.over()
        assert await served(server)
    told = [line for line in capsys.readouterr().out.splitlines() if "session failed" in line]
    assert len(told) == 1
    assert "hl1-7.7" in told[0]


async def test_a_hundred_calls_at_once() -> None:
    async with Serving(greet) as server:
        assert all(await asyncio.gather(*(served(server, f"caller{n}") for n in range(100))))


async def test_keys_are_counted_and_never_printed(capsys: pytest.CaptureFixture[str]) -> None:
    async def rate(line: AgiLine) -> None:
        assert await line.play("rate", "12345") == "5"
        assert await line.wait_key(1) == "5"

    async with Serving(rate) as server, FakeCall(server.port, agi_uniqueid="hl1-call") as call:
        await call.expect('STREAM FILE "bailanys/rate" "12345"', "200 result=53 endpos=1")
        await call.expect('WAIT FOR DIGIT "1000"', "200 result=53")
        assert await call.over()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "session over" in line]
    assert "keys=2" in line


async def test_close_ends_the_sessions_and_frees_the_port() -> None:
    ended = asyncio.Event()

    async def wait(line: AgiLine) -> None:
        try:
            await line.play("music", "")
        finally:
            ended.set()

    async with Serving(wait) as server, FakeCall(server.port) as call:
        await call.command()
        port = server.port
        await server.close()
        assert ended.is_set()
        assert await call.over()
        again = AgiServer("127.0.0.1", port, wait)
        await again.start()
        await again.close()


async def test_port_in_use_is_an_error_at_the_start() -> None:
    async with Serving(greet) as server:
        other = AgiServer("127.0.0.1", server.port, greet)
        with pytest.raises(OSError, match="in use"):
            await other.start()
        await other.close()
