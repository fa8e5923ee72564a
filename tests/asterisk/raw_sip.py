"""SIP by hand over a bare socket: for what no phone would send."""

from __future__ import annotations

import asyncio
import base64
import itertools
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from phones.sip_text import header

_TICKET = itertools.count(1)
_CRYPTO = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(bytes(range(30))).decode()}\r\n"


@dataclass
class RawCaller:
    """One socket, one call at a time."""

    sock: socket.socket
    transport: str
    server: tuple[str, int]
    _received: bytes = b""

    async def invite(
        self, caller: bytes, *more: bytes, dialled: str = "1414", srtp: bool = False, timeout_s: float = 5.0
    ) -> RawCall:
        """Send an INVITE with this From (or what stands after `From: `), wait for the final answer, acknowledge it.

        `srtp`: encrypted voice is offered, with its key.
        """
        host, port = self.sock.getsockname()
        call = RawCall(self, dialled, caller, f"{next(_TICKET)}-{secrets.token_hex(6)}@{host}")
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port + 1 if port < 65535 else 4000} RTP/{'SAVP' if srtp else 'AVP'} 8 101\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
            f"{_CRYPTO if srtp else ''}"
        ).encode()
        await call.send("INVITE", *more, b"Content-Type: application/sdp", body=body)
        async with asyncio.timeout(timeout_s):
            while True:
                answer = await self.receive()
                if not answer.startswith("SIP/2.0 ") or header(answer, "Call-ID") != call.id:
                    continue
                call.status = int(answer.split(" ", 2)[1])
                call.answer = answer
                if call.status >= 200:
                    call.to = header(answer, "To") or ""
                    await call.send("ACK")
                    return call

    async def put(self, message: bytes) -> None:
        """Send bytes as they are."""
        loop = asyncio.get_running_loop()
        if self.transport == "TCP":
            await loop.sock_sendall(self.sock, message)
        else:
            await loop.sock_sendto(self.sock, message, self.server)

    async def receive(self) -> str:
        """The next whole message."""
        loop = asyncio.get_running_loop()
        if self.transport == "UDP":
            return (await loop.sock_recv(self.sock, 65535)).decode(errors="replace")
        while True:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            text = head.decode(errors="replace")
            length = int(header(text, "Content-Length") or 0) if end else 0
            if end and len(rest) >= length:
                self._received = rest[length:]
                return text + "\r\n\r\n" + rest[:length].decode(errors="replace")
            read = await loop.sock_recv(self.sock, 65535)
            if not read:
                raise ConnectionResetError("the hotline closed the connection")
            self._received += read


@dataclass
class RawCall:
    """A call begun with `RawCaller.invite`."""

    caller: RawCaller
    dialled: str
    sender: bytes
    id: str
    to: str = ""
    status: int = 0
    answer: str = ""
    _cseq: int = 0

    async def hang_up(self) -> None:
        """Say goodbye and wait for the answer."""
        await self.send("BYE")
        async with asyncio.timeout(5):
            while "BYE" not in (header(await self.caller.receive(), "CSeq") or ""):
                pass

    async def send(self, method: str, *more: bytes, body: bytes = b"") -> None:
        """Send a request of this call."""
        if method != "ACK":
            self._cseq += 1
        host, port = self.caller.sock.getsockname()
        server = f"{self.caller.server[0]}:{self.caller.server[1]}"
        tag = b"" if b";tag=" in self.sender else b";tag=raw"
        lines = [
            f"{method} sip:{self.dialled}@{server} SIP/2.0".encode(),
            f"Via: SIP/2.0/{self.caller.transport} {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport".encode(),
            b"Max-Forwards: 70",
            b"From: " + self.sender + tag,
            f"To: {self.to or f'<sip:{self.dialled}@{server}>'}".encode(),
            f"Call-ID: {self.id}".encode(),
            f"CSeq: {self._cseq} {method}".encode(),
            f"Contact: <sip:raw@{host}:{port};transport={self.caller.transport.lower()}>".encode(),
            *more,
            f"Content-Length: {len(body)}".encode(),
        ]
        await self.caller.put(b"\r\n".join(lines) + b"\r\n\r\n" + body)


@asynccontextmanager
async def raw_caller(server_port: int, transport: str = "UDP", address: str = "127.0.0.1") -> AsyncIterator[RawCaller]:
    """A socket at an address, for SIP to the hotline."""
    kind = socket.SOCK_STREAM if transport == "TCP" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.setblocking(False)
        sock.bind((address, 0))
        server = ("127.0.0.1", server_port)
        if transport == "TCP":
            await asyncio.get_running_loop().sock_connect(sock, server)
        yield RawCaller(sock, transport, server)
