"""Listening, and what happens when that cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from console import server
from console.app import api_app
from console.gate import Gate
from console.ports import Office
from console.token_file import TokenFile
from tests.unit.console.paper import PaperBooks, PaperDesk, PaperListening, PaperSupervision
from tests.unit.console.paper_demands import PaperDemands


def taken_port() -> socket.socket:
    """A port that somebody has."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    return holder


@contextlib.asynccontextmanager
async def serving(folder: Path, port: int, alarms: list[tuple[str, str]]) -> AsyncIterator[str]:
    office = Office(desk := PaperDesk(), desk, PaperSupervision(), PaperBooks(), PaperDemands(), PaperListening())
    app = api_app(office, Gate(TokenFile(folder / "tokens.json")))
    task = asyncio.create_task(server.serve(app, "127.0.0.1", port, lambda *told: alarms.append(told)))
    try:
        yield f"http://127.0.0.1:{port}/api/v1/health"
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until_up(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.01)


async def test_a_taken_port_is_one_alarm_and_then_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "AGAIN_S", 0.01)
    alarms: list[tuple[str, str]] = []
    with taken_port() as holder:
        port = holder.getsockname()[1]
        async with serving(tmp_path, port, alarms) as url, aiohttp.ClientSession() as session:
            async with asyncio.timeout(5):
                while not alarms:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # several more tries
            assert [kind for kind, _ in alarms] == ["api"]
            assert str(port) in alarms[0][1]
            holder.close()
            await until_up(session, url)
    assert len(alarms) == 1


async def test_connections_are_counted_and_the_rest_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    with taken_port() as holder:
        port = holder.getsockname()[1]
    async with serving(tmp_path, port, []) as url, aiohttp.ClientSession() as session:
        await until_up(session, url)  # and keeps its connection
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        async with asyncio.timeout(5):
            assert [await reader.read() for reader, _ in silent[2:]] == [b"", b""]
        assert not silent[0][0].at_eof()
        async with session.get(url) as response:
            assert response.status == 200
        for _, writer in silent:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_what_is_no_http_is_refused_and_fills_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with taken_port() as holder:
        port = holder.getsockname()[1]
    async with serving(tmp_path, port, []) as url, aiohttp.ClientSession() as session:
        await until_up(session, url)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Odd: \x00\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"400"
        writer.close()
        await writer.wait_closed()
    assert caplog.records == []
