"""A caller on bare UDP sockets, who sees every packet: SIP and RTP with nothing between us and the wire.

A softphone's jitter buffer and SIPp's streams hide when a packet came; the figures of an answer are about exactly that.
"""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass, field
from secrets import randbits, token_hex
from typing import Self, cast

from bench.alaw import loudness_dbfs
from phones import sip_text

SOUND_DBFS = -50.0
"""A packet louder than this has sound in it; A-law's silence reads about -66."""

KEY_PACKETS = 6
_TICKS = 160  # of 8 kHz in a packet of 20 ms
_EVENT_PAYLOAD = 101
_SILENCE = b"\xd5" * _TICKS


class CallRefusedError(Exception):
    """The call was not answered; the message is the status line."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet of voice: when it came, epoch seconds, and its A-law bytes."""

    at_s: float
    payload: bytes


class _Socket(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[float, bytes, tuple[str, int]]] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.put_nowait((time.time(), data, addr))

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        assert self.transport is not None
        self.transport.sendto(data, to)

    @property
    def port(self) -> int:
        assert self.transport is not None
        port: int = self.transport.get_extra_info("sockname")[1]
        return port


@dataclass
class SipCaller:
    """One call to a number at 127.0.0.1; `async with SipCaller(port, "1414", "77010000001") as line`."""

    server_port: int
    number: str
    caller: str
    invite_at_s: float = 0.0
    """When the INVITE left, epoch seconds."""
    packets: list[Packet] = field(default_factory=list)
    """All packets of voice taken in so far."""
    _key: tuple[int, int, int] | None = None

    async def __aenter__(self) -> Self:
        """Open the sockets, call, and wait for the answer. Raises CallRefusedError, TimeoutError."""
        loop = asyncio.get_running_loop()
        _, self._sip = await loop.create_datagram_endpoint(_Socket, local_addr=("127.0.0.1", 0))
        _, self._rtp = await loop.create_datagram_endpoint(_Socket, local_addr=("127.0.0.1", 0))
        self._call_id, self._tag, self._to = token_hex(8), token_hex(4), f"<sip:{self.number}@127.0.0.1>"
        self._sequence, self._ticks, self._ssrc = 1, 0, randbits(32)
        self._over = asyncio.Event()
        try:
            async with asyncio.timeout(10):
                await self._invite()
        except BaseException:
            self._close()
            raise
        self._tasks = [loop.create_task(self._serve()), loop.create_task(self._speak())]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up and close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._over.is_set():
            self._send_sip(self._request("BYE", 2))
        self._close()

    async def next_packet(self, timeout_s: float = 10.0) -> Packet:
        """The next packet of voice. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            at_s, data, _ = await self._rtp.received.get()
        packet = Packet(at_s, data[12:])
        self.packets.append(packet)
        return packet

    async def first_sound(self, timeout_s: float = 10.0) -> Packet:
        """The first packet with sound in it. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                packet = await self.next_packet(timeout_s)
                if loudness_dbfs(packet.payload) > SOUND_DBFS:
                    return packet

    def press(self, key: str) -> None:
        """Press a key for 100 ms (RFC 4733), in the midst of what is sent."""
        self._key = ("0123456789*#".index(key), 0, self._ticks)

    async def until_over(self, timeout_s: float) -> None:
        """Wait until the other side hangs up. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._over.wait()

    async def _speak(self) -> None:
        """Send silence, or the key that is pressed, every 20 ms."""
        begun_s = time.monotonic()
        while True:
            kind, stamp, body = 8, self._ticks, _SILENCE
            if self._key is not None:
                event, number, stamp = self._key
                kind, body = _EVENT_PAYLOAD, _key_packet(event, number)
                self._key = (event, number + 1, stamp) if number < KEY_PACKETS + 1 else None  # the end is said thrice
            header = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, stamp, self._ssrc)
            self._rtp.send(header + body, self._media)
            self._sequence += 1
            self._ticks += _TICKS
            await asyncio.sleep(max(0.0, begun_s + self._ticks / 8000 - time.monotonic()))

    async def _invite(self) -> None:
        sdp = "\r\n".join(
            ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
             f"m=audio {self._rtp.port} RTP/AVP 8 {_EVENT_PAYLOAD}", "a=rtpmap:8 PCMA/8000",
             f"a=rtpmap:{_EVENT_PAYLOAD} telephone-event/8000", "a=sendrecv", ""]
        )  # fmt: skip
        self._uri = f"sip:{self.number}@127.0.0.1:{self.server_port}"
        self.invite_at_s = time.time()
        self._send_sip(self._request("INVITE", 1, sdp))
        while True:
            _, data, _ = await self._sip.received.get()
            answer = data.decode(errors="replace")
            if answer.startswith("SIP/2.0 1"):
                continue
            self._to = sip_text.header(answer, "To") or self._to
            if answer.startswith("SIP/2.0 200"):
                break
            self._send_sip(self._request("ACK", 1))
            raise CallRefusedError(answer.splitlines()[0])
        contact = sip_text.header(answer, "Contact") or f"<{self._uri}>"
        self._uri = contact.partition("<")[2].partition(">")[0]
        media = next(line for line in answer.splitlines() if line.startswith("m=audio "))
        self._media = ("127.0.0.1", int(media.split()[1]))
        self._send_sip(self._request("ACK", 1))

    async def _serve(self) -> None:
        """Answer what comes in the call: a BYE, and anything else with 200."""
        while True:
            _, data, _ = await self._sip.received.get()
            text = data.decode(errors="replace")
            if text.startswith("SIP/2.0 200") and " INVITE" in (sip_text.header(text, "CSeq") or ""):
                self._send_sip(self._request("ACK", 1))
            elif not text.startswith("SIP/2.0"):
                kept = [
                    line
                    for line in text.split("\r\n\r\n")[0].splitlines()[1:]
                    if line.partition(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")
                ]
                self._send_sip("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]))
                if text.startswith("BYE "):
                    self._over.set()

    def _request(self, method: str, cseq: int, body: str = "") -> str:
        lines = [
            f"{method} {self._uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._sip.port};branch=z9hG4bK{token_hex(8)};rport",
            f"From: <sip:{self.caller}@127.0.0.1>;tag={self._tag}",
            f"To: {self._to}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.caller}@127.0.0.1:{self._sip.port}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", body])

    def _send_sip(self, text: str) -> None:
        self._sip.send(text.encode(), ("127.0.0.1", self.server_port))

    def _close(self) -> None:
        for socket in (self._sip, self._rtp):
            if socket.transport is not None:
                socket.transport.close()


def _key_packet(event: int, number: int) -> bytes:
    """RFC 4733's four bytes of a key's packet, counted from 0; the last ones say that it ended."""
    last = KEY_PACKETS - 1
    return struct.pack("!BBH", event, 10 | (0x80 if number >= last else 0), _TICKS * (min(number, last) + 1))
