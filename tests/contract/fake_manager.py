"""A manager interface of Asterisk that does what a test says, over real TCP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Self

Action = dict[str, str]
Answerer = Callable[[Action], str | None]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def message(*lines: str) -> str:
    """Join headers to one message as Asterisk writes it."""
    return "\r\n".join(lines) + "\r\n\r\n"


class FakeManager:
    """Answers log-ins and pings; everything else by `answer`, or not at all."""

    def __init__(self, answer: Answerer | None = None, *, secret: str = "right") -> None:
        self.answer = answer
        self.secret = secret
        self.silent = False
        self.mute_pings = False
        self.at_login = b""
        self.received: list[Action] = []
        self.raw = b""
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._arrivals: asyncio.Queue[Action] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self.hang_up()
            await self._server.wait_closed()
            self._server = None

    async def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self._writers.clear()

    def write(self, data: str | bytes) -> None:
        """Write to the newest connection."""
        self._writers[-1].write(data.encode() if isinstance(data, str) else data)

    async def next_action(self, name: str) -> Action:
        """Wait for the next action of this name."""
        while True:
            action = await asyncio.wait_for(self._arrivals.get(), 5)
            if action["Action"] == name:
                return action

    def actions(self, name: str) -> list[Action]:
        return [action for action in self.received if action["Action"] == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        if not self.silent:
            writer.write(BANNER)
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                self.raw += block
                action = dict(line.split(": ", 1) for line in block.decode().strip().split("\r\n"))
                self.received.append(action)
                self._arrivals.put_nowait(action)
                if not self.silent:
                    self._reply(action, writer)
        writer.close()

    def _reply(self, action: Action, writer: asyncio.StreamWriter) -> None:
        number = f"ActionID: {action['ActionID']}"
        if action["Action"] == "Login":
            if action["Secret"] == self.secret:
                writer.write(message("Response: Success", number, "Message: Authentication accepted").encode())
                writer.write(self.at_login)
            else:
                writer.write(message("Response: Error", number, "Message: Authentication failed").encode())
                writer.close()
        elif action["Action"] == "Ping":
            if not self.mute_pings:
                writer.write(message("Response: Success", number, "Ping: Pong").encode())
        elif self.answer is not None:
            text = self.answer(action)
            if text is not None:
                writer.write(text.encode())
