"""A carrier's line by hand, SIP and voice: with or without events, an offer that comes late, silence, death."""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import soundfile

from phones.sip_text import header
from phones.tones import Samples

FRAME = 160
"""Samples of one packet: 20 ms at 8 kHz."""
_DTMF_HZ = {
    key: (low, high)
    for low, keys in ((697, "123"), (770, "456"), (852, "789"), (941, "*0#"))
    for key, high in zip(keys, (1209, 1336, 1477), strict=True)
}


def keys_as_sound(keys: str, ms: int = 100, gap_ms: int = 100, dbfs: float = -10.0) -> Samples:
    """The tones that a telephone makes of these keys (ITU-T Q.23)."""
    parts = []
    for key in keys:
        at = np.arange(8 * ms) / 8000
        both = sum(np.sin(2 * np.pi * hz * at) for hz in _DTMF_HZ[key])
        parts += [10 ** (dbfs / 20) * both / 2, np.zeros(8 * gap_ms)]
    return np.concatenate(parts)


def as_alaw(samples: Samples) -> bytes:
    """Samples as RFC 3551's PCMA, padded to whole packets."""
    padded = np.concatenate([samples, np.zeros(-len(samples) % FRAME)])
    out = io.BytesIO()
    soundfile.write(out, padded, 8000, format="RAW", subtype="ALAW")
    return out.getvalue()


@dataclass(eq=False)
class Line:
    """One line at an address: places calls, or takes them as `on_invite` says."""

    sip: socket.socket
    voice: socket.socket
    server: tuple[str, int]
    alive: bool = True
    """Whether requests of the other side are answered, and voice is sent."""
    calls: list[Dialog] = field(default_factory=list)
    """Those that were answered."""
    requests: list[str] = field(default_factory=list)
    """What the other side asked, methods in order."""
    heard: bytearray = field(default_factory=bytearray)
    refuses: dict[str, str] = field(default_factory=dict)
    """Methods that it answers otherwise than by 200."""
    on_invite: Callable[[str], Awaitable[None]] | None = None
    _answers: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _sequence: int = 0
    _stamp: int = 0
    _to: tuple[str, int] | None = None

    @property
    def address(self) -> str:
        """Host and port of its SIP."""
        host, port = self.sip.getsockname()
        return f"{host}:{port}"

    async def call(
        self,
        uri: str = "",
        *more: str,
        events: bool = True,
        late_s: float | None = None,
        number: str = "+77015550001",
        timeout_s: float = 5.0,
    ) -> Dialog:
        """Send an INVITE, wait for the final answer, acknowledge it.

        Without `events` no telephone-event is offered; with `late_s` there is no offer but the one of the answer, and
        the ACK answers it so many seconds later.
        """
        uri = (uri or "sip:1414@{server}").format(server=f"{self.server[0]}:{self.server[1]}")
        dialog = Dialog(self, uri, f"<sip:{number}@{self.address}>;tag={secrets.token_hex(4)}", f"<{uri}>")
        sdp = self.sdp(events=events)
        await dialog.send("INVITE", *more, body="" if late_s is not None else sdp)
        async with asyncio.timeout(timeout_s):
            while dialog.status < 200:
                dialog.answer = await self.answer_of(dialog, "INVITE")
                dialog.status = _status(dialog.answer)
        dialog.remote = header(dialog.answer, "To") or ""
        if dialog.status < 300:
            self.calls.append(dialog)
        if found := re.search(r"m=audio (\d+)", dialog.answer):
            self._to = (self.server[0], int(found[1]))
        if late_s is not None:
            await asyncio.sleep(late_s)
        await dialog.send("ACK", body=sdp if late_s is not None else "")
        return dialog

    async def ask(self, method: str, uri: str) -> int:
        """Send a request outside a call, and return the status of its answer."""
        uri = uri.format(server=f"{self.server[0]}:{self.server[1]}")
        asked = Dialog(self, uri, f"<sip:carrier@{self.address}>;tag={secrets.token_hex(4)}", f"<{uri}>")
        await asked.send(method)
        return await asked.answered(method)

    async def answer_of(self, dialog: Dialog, method: str) -> str:
        """The next answer to the last request of a call, provisional ones, too."""
        while True:
            answer = await self._answers.get()
            if header(answer, "Call-ID") == dialog.id and header(answer, "CSeq") == f"{dialog.cseq} {method}":
                return answer

    def sdp(self, *, events: bool = True) -> str:
        """What this line can do."""
        host, port = self.voice.getsockname()
        rows = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
        rows += [f"m=audio {port} RTP/AVP 8{' 101' if events else ''}", "a=rtpmap:8 PCMA/8000"]
        rows += ["a=rtpmap:101 telephone-event/8000"] * events
        return "\r\n".join([*rows, "a=sendrecv", ""])

    async def say(self, samples: Samples, *, every_s: float = 0.02) -> None:
        """Send sound, a packet each `every_s`."""
        sound = as_alaw(samples)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for nth, at in enumerate(range(0, len(sound), FRAME)):
            self._packet(8, sound[at : at + FRAME], FRAME)
            await asyncio.sleep(max(0.0, began + (nth + 1) * every_s - loop.time()))

    async def press(self, key: str, ms: int = 120) -> None:
        """Press a key by RFC 4733, and by nothing else."""
        event = "0123456789*#".index(key)
        steps = ms // 20
        self._stamp += 100 * FRAME  # each event has an instant of its own
        for nth in range(steps + 3):
            over = nth >= steps
            self._packet(101, struct.pack("!BBH", event, 0x8A if over else 0x0A, min(nth + 1, steps) * FRAME), 0)
            await asyncio.sleep(0 if over else 0.02)

    def _packet(self, payload_type: int, payload: bytes, samples: int) -> None:
        self._sequence += 1
        self._stamp += samples
        head = struct.pack("!BBHII", 0x80, payload_type, self._sequence & 0xFFFF, self._stamp, 0x1414)
        if self._to is not None and self.alive:
            self.voice.sendto(head + payload, self._to)

    async def put(self, message: str) -> None:
        """Send text as it is."""
        await asyncio.get_running_loop().sock_sendto(self.sip, message.encode(), self.server)

    async def answer(self, request: str, status: str, *more: str, body: str = "") -> None:
        """Answer a request of the other side."""
        copied = [row for row in request.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq):", row)]
        to = header(request, "To") or ""
        tag = "" if "tag=" in to else ";tag=line"
        rows = [f"SIP/2.0 {status}", *copied, f"To: {to}{tag}", f"Contact: <sip:line@{self.address}>", *more]
        rows += ["Content-Type: application/sdp"] * bool(body)
        await self.put("\r\n".join([*rows, f"Content-Length: {len(body)}", "", body]))

    async def listen(self) -> None:
        """Hear voice and serve what the other side asks, until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._hear())
            both.create_task(self._serve())

    async def _hear(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            packet = await loop.sock_recv(self.voice, 4096)
            if packet[1] & 0x7F == 8:
                self.heard += packet[12:]

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            text = (await loop.sock_recv(self.sip, 65535)).decode(errors="replace")
            if text.startswith("SIP/2.0 "):
                self._answers.put_nowait(text)
                continue
            method = text.split(" ", 1)[0]
            self.requests.append(method)
            if not self.alive or method == "ACK":
                continue
            if method == "INVITE" and self.on_invite is not None:
                await self.on_invite(text)
            else:
                offered = "application/sdp" in text and method not in self.refuses
                await self.answer(text, self.refuses.get(method, "200 OK"), body=self.sdp() if offered else "")


@dataclass(eq=False)
class Dialog:
    """A call of a line, or a request apart."""

    line: Line
    uri: str
    local: str
    remote: str
    id: str = field(default_factory=lambda: f"{secrets.token_hex(8)}@carrier")
    status: int = 0
    answer: str = ""
    cseq: int = 0

    async def send(self, method: str, *more: str, body: str = "", branch: str = "", again: bool = False) -> None:
        """Send a request of this call; `again`: the same one by another way."""
        if method != "ACK" and not again:
            self.cseq += 1
        rows = [
            f"{method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.line.address};branch=z9hG4bK{branch or secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: {self.local}",
            f"To: {self.remote}",
            f"Call-ID: {self.id}",
            f"CSeq: {self.cseq} {method}",
            f"Contact: <sip:line@{self.line.address}>",
            *more,
        ]
        if body and not any(row.startswith("Content-Type") for row in more):
            rows.append("Content-Type: application/sdp")
        await self.line.put("\r\n".join([*rows, f"Content-Length: {len(body)}", "", body]))

    async def answered(self, method: str, timeout_s: float = 5.0) -> int:
        """Wait for the final answer to the last request, and return its status."""
        async with asyncio.timeout(timeout_s):
            while (status := _status(await self.line.answer_of(self, method))) < 200:
                pass
        return status

    async def hang_up(self) -> None:
        """Say goodbye and wait for the answer."""
        await self.send("BYE")
        await self.answered("BYE")


@asynccontextmanager
async def carrier_line(
    server_port: int, address: str = "127.0.0.1", on_invite: Callable[[str], Awaitable[None]] | None = None
) -> AsyncIterator[Line]:
    """A line that serves what the hotline asks of it until it is left, its calls with it."""
    with socket.socket(type=socket.SOCK_DGRAM) as sip, socket.socket(type=socket.SOCK_DGRAM) as voice:
        for sock in (sip, voice):
            sock.setblocking(False)
            sock.bind((address, 0))
        line = Line(sip, voice, ("127.0.0.1", server_port), on_invite=on_invite)
        serving = asyncio.create_task(line.listen())
        try:
            yield line
        finally:
            for call in line.calls:
                await call.send("BYE")  # once more for who has hung up: 481, and nobody minds
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def _status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])
