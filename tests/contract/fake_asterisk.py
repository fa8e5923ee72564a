"""Asterisk's side of an AGI session, driven line by line over real TCP."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

HEADER = {
    "agi_network": "yes",
    "agi_network_script": "menu",
    "agi_request": "agi://127.0.0.1/menu",
    "agi_channel": "PJSIP/carrier-00000001",
    "agi_language": "kk",
    "agi_uniqueid": "hl1-1764000000.12",
    "agi_callerid": "+77011234567",
    "agi_calleridname": "Қайрат",
    "agi_arg_1": "kk",
}


class FakeCall:
    """One call that Asterisk brings to the AGI server."""

    def __init__(self, port: int, **header: str) -> None:
        self._port = port
        self._header = HEADER | header

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.say("".join(f"{name}: {value}\n" for name, value in self._header.items()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def say(self, line: str | bytes) -> None:
        self.writer.write((line.encode() if isinstance(line, str) else line) + b"\n")

    async def command(self) -> str:
        """Return the next command; empty when the session is closed."""
        return (await asyncio.wait_for(self.reader.readline(), 5)).decode().removesuffix("\n")

    async def expect(self, command: str, answer: str | bytes) -> None:
        assert await self.command() == command
        self.say(answer)

    async def over(self) -> bool:
        """Wait until the server closes the session."""
        return await asyncio.wait_for(self.reader.read(), 5) == b""
