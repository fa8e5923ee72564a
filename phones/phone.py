"""A test phone as the test holds it: its process, its registration, its calls."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from phones import manners, sip_text
from phones.call import GONE_STATUS, Call

LINE_LIMIT = 1 << 20  # an INVITE may be big: tests send 10 kB names
_STOP_S = 5.0  # a phone says goodbye in 2


class PhoneError(Exception):
    """The phone could not do what it was told, or is dead."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a phone sends its requests."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Phone:
    """One softphone process and the calls in it. Made by `Fleet`."""

    def __init__(self, process: asyncio.subprocess.Process, user: str, server: Server | None) -> None:
        self.user = user
        self.registered = False
        self.status = -1
        """Status of the last REGISTER's answer, -1 before any."""
        self.calls: list[Call] = []
        """Every call of this phone, first to last."""
        self.address = ""
        """Where the phone listens for SIP, `127.0.0.1:40123`."""
        self._process = process
        self._server = server
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._calls: dict[int, Call] = {}
        self._rung: asyncio.Queue[Call] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name=f"phone {user}")

    @property
    def alive(self) -> bool:
        """Whether the phone's process runs."""
        return not self._reader.done()

    @property
    def pid(self) -> int:
        """The pid of the phone's process, for tests that stop it where it stands."""
        return self._process.pid

    async def up(self, timeout_s: float = 10.0) -> None:
        """Wait until the phone has started. Raises PhoneError, TimeoutError."""
        await self._until(lambda: bool(self.address), timeout_s)

    async def until_registered(self, timeout_s: float = 10.0) -> None:
        """Wait until the server has taken the registration. Raises PhoneError if it refuses, TimeoutError."""
        await self._until(lambda: self.registered or self.status >= 300, timeout_s)
        if not self.registered:
            raise PhoneError(f"{self.user} is not registered: {self.status}")

    async def dial(self, number: str, server_port: int | None = None) -> Call:
        """Call a number (`1414`, `*1`); the INVITE has been sent when this returns. Raises PhoneError."""
        server = Server("127.0.0.1", server_port) if server_port is not None else self._server
        if server is None:
            raise PhoneError("a caller who is not registered needs the port to dial to")
        at = time.time()
        made = await self._order("dial", uri=f"sip:{sip_text.quoted_user(number)}@{server}")
        call = self._calls.get(made["call"]) or self._new_call(made["call"], at, server)
        call.instants = replace(call.instants, invite=made["at"])
        return call

    async def rung(self, timeout_s: float = 30.0) -> Call:
        """Wait for the next incoming call, in order, each once. Raises PhoneError, TimeoutError."""
        async with asyncio.timeout(timeout_s):
            waiting = asyncio.create_task(self._rung.get())
            try:
                await asyncio.wait((waiting, self._reader), return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    return waiting.result()
            finally:
                waiting.cancel()  # left alone it would take the next call away from whoever waits then
            raise PhoneError(f"{self.user} is dead")

    async def behave(self, manner: manners.Manner) -> None:
        """Meet calls from now on in another manner. Raises PhoneError."""
        await self._order("manner", manner=manners.written(manner))

    async def register(self) -> None:
        """Register again and wait. Raises PhoneError, TimeoutError."""
        self.registered, self.status = False, -1
        await self._order("register", renew=True)
        await self.until_registered()

    async def unregister(self) -> None:
        """Take the registration back and wait until the server knows. Raises PhoneError, TimeoutError."""
        await self._order("register", renew=False)
        await self._until(lambda: not self.registered, 10.0)

    async def die(self) -> None:
        """Vanish without a word: no BYE, no un-REGISTER, the port closed."""
        if self.alive:
            self._process.kill()
        await self._reader

    async def stop(self) -> None:
        """Hang up, unregister and end; killed if that takes too long. Does nothing to a dead phone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await asyncio.shield(self._reader)
        except TimeoutError:
            await self.die()

    async def _order(self, do: str, **fields: object) -> dict[str, Any]:
        if not self.alive or self._process.stdin is None:
            raise PhoneError(f"{self.user} is dead")
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"id": number, "do": do, **fields}).encode() + b"\n")
        answered: dict[str, Any] = await answer
        if "error" in answered:
            raise PhoneError(f"{self.user}: {do}: {answered['error']}")
        return answered

    async def _read(self) -> None:
        stdout = self._process.stdout
        while stdout is not None and (line := await stdout.readline()):
            self._take(json.loads(line))
        await self._process.wait()
        self.registered = False
        for call in self._calls.values():
            if not call.over:
                call.take({"event": "ended", "at": time.time(), "status": GONE_STATUS, "reason": "the phone is dead"})
        for answer in self._answers.values():
            answer.set_result({"error": "the phone is dead"})
        self._answers.clear()
        self._changed.set()

    def _take(self, line: dict[str, Any]) -> None:
        if "re" in line:
            answer = self._answers.pop(line["re"])
            if not answer.done():
                answer.set_result(line)
            return
        match line["event"]:
            case "up":
                self.address = line["address"]
            case "registration":
                self.registered, self.status = line["registered"], line["status"]
            case "incoming":
                self._rung.put_nowait(self._new_call(line["call"], line["at"], self._server, line["message"]))
            case _:
                call = self._calls.get(line["call"]) or self._new_call(line["call"], line["at"], self._server)
                call.take(line)
        self._changed.set()

    def _new_call(self, number: int, at: float, server: Server | None, message: str = "") -> Call:
        call = self._calls[number] = Call(number, at, self._order, str(server), message)
        self.calls.append(call)
        return call

    async def _until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while not holds():
                if not self.alive:
                    raise PhoneError(f"{self.user} is dead")
                self._changed.clear()
                await self._changed.wait()
