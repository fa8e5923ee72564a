"""A phone behind a router, by hand: it knows only its private address, and all it says of itself is useless outside."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass, field
from typing import cast

from phones.sip_text import header

PRIVATE = "192.168.1.77"
VOICE_BYTES = 160
"""20 ms of A-law."""


@dataclass
class HomePhone(asyncio.DatagramProtocol):
    """Answers every call at once. `address`: what the router makes of its own."""

    address: str
    invited: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    talking: asyncio.Event = field(default_factory=asyncio.Event)
    heard: int = 0
    """Packets of voice."""
    _sip: asyncio.DatagramTransport | None = None
    _voice: socket.socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the socket."""
        self._sip = cast("asyncio.DatagramTransport", transport)  # asyncio's own is none by its type

    def datagram_received(self, packet: bytes, sender: tuple[str, int]) -> None:
        """Answer as a phone does."""
        text = packet.decode(errors="replace")
        if text.startswith("ACK"):
            self.talking.set()
        elif text.startswith("INVITE"):
            if not self.invited.done():
                self.invited.set_result(text)
            self._answer(text, sender, self._sdp())
        elif not text.startswith("SIP/2.0"):
            self._answer(text, sender, "")

    async def talk(self, server: str, packets: int = 200) -> None:
        """Send voice to the port that the INVITE named, and count what comes back."""
        named = re.search(r"m=audio (\d+)", await self.invited)
        assert named is not None
        voice = self._voice
        assert voice is not None
        for nth in range(packets):
            head = bytes([0x80, 8]) + nth.to_bytes(2, "big") + (nth * VOICE_BYTES).to_bytes(4, "big") + b"home"
            voice.sendto(head + b"\xd5" * VOICE_BYTES, (server, int(named[1])))
            await asyncio.sleep(0.02)
            while True:
                try:
                    self.heard += len(voice.recv(2048)) > VOICE_BYTES
                except BlockingIOError:
                    break

    def close(self) -> None:
        """Take the sockets away."""
        if self._sip is not None:
            self._sip.close()
        if self._voice is not None:
            self._voice.close()

    def _sdp(self) -> str:
        if self._voice is None:
            self._voice = socket.socket(type=socket.SOCK_DGRAM)
            self._voice.setblocking(False)
            self._voice.bind((self.address, 0))
        return (
            f"v=0\r\no=- 1 1 IN IP4 {PRIVATE}\r\ns=-\r\nc=IN IP4 {PRIVATE}\r\nt=0 0\r\n"
            "m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
        )

    def _answer(self, request: str, sender: tuple[str, int], body: str) -> None:
        lines = ["SIP/2.0 200 OK"]
        lines += [line for line in request.split("\r\n") if line.lower().startswith(("via:", "record-route:"))]
        to = header(request, "To") or ""
        lines += [f"{name}: {header(request, name)}" for name in ("From", "Call-ID", "CSeq")]
        lines += [f"To: {to}" + ("" if ";tag=" in to else ";tag=home"), f"Contact: <sip:home@{PRIVATE}:5060>"]
        lines += ["Content-Type: application/sdp"] if body else []
        message = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        assert self._sip is not None
        self._sip.sendto(message.encode(), sender)
