"""SIP by hand over a bare socket: for what no phone would send."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import re
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
        self,
        caller: bytes,
        *more: bytes,
        dialled: str = "1414",
        srtp: bool = False,
        password: str = "",
        timeout_s: float = 5.0,
    ) -> RawCall:
        """Send an INVITE with this From (or what stands after `From: `), wait for the final answer, acknowledge it.

        `srtp`: encrypted voice is offered, with its key. `password`: of the account in From, told when asked for.
        """
        host, port = self.sock.getsockname()
        call = RawCall(self, dialled, caller, f"{next(_TICKET)}-{secrets.token_hex(6)}@{host}")
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port + 1 if port < 65535 else 4000} RTP/{'SAVP' if srtp else 'AVP'} 8 101\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
            f"{_CRYPTO if srtp else ''}"
        ).encode()
        content = b"Content-Type: application/sdp"
        await call.send("INVITE", *more, content, body=body)
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
                    if call.status != 401 or not password:
                        return call
                    call.to, proof = "", call.proof("INVITE", password)
                    password = ""
                    await call.send("INVITE", *more, proof, content, body=body)

    async def cancelled(self, caller: bytes, after_s: float, dialled: str = "1414") -> int:
        """Send an INVITE and so soon afterwards its CANCEL; return the INVITE's final status."""
        host, _ = self.sock.getsockname()
        call = RawCall(self, dialled, caller, f"{next(_TICKET)}-{secrets.token_hex(6)}@{host}")
        branch = secrets.token_hex(8)
        await call.send("INVITE", branch=branch)
        await asyncio.sleep(after_s)
        await call.send("CANCEL", branch=branch)
        async with asyncio.timeout(5):
            while True:
                answer = await self.receive()
                status = int(answer.split(" ", 2)[1]) if answer.startswith("SIP/2.0 ") else 0
                if status >= 200 and header(answer, "CSeq") == "1 INVITE" and header(answer, "Call-ID") == call.id:
                    call.to = header(answer, "To") or ""
                    await call.send("ACK", branch=branch)
                    if status == 200:  # it was answered before the CANCEL came
                        await call.hang_up()
                    return status

    async def ask(self, method: str, target: str, sender: bytes, *more: bytes, password: str = "") -> RawCall:
        """Send a request outside of any call and wait for its final answer."""
        host, _ = self.sock.getsockname()
        call = RawCall(self, target, sender, f"{next(_TICKET)}-{secrets.token_hex(6)}@{host}")
        await call.ask(method, *more)
        if call.status == 401 and password:
            await call.ask(method, *more, call.proof(method, password))
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

    async def ask(self, method: str, *more: bytes, body: bytes = b"", timeout_s: float = 5.0) -> str:
        """Send a request of this call and return its final answer."""
        await self.send(method, *more, body=body)
        async with asyncio.timeout(timeout_s):
            while True:
                answer = await self.caller.receive()
                if answer.startswith("SIP/2.0 ") and header(answer, "CSeq") == f"{self._cseq} {method}":
                    self.status, self.answer = int(answer.split(" ", 2)[1]), answer
                    if self.status >= 200:
                        return answer

    def proof(self, method: str, password: str) -> bytes:
        """The header that answers the challenge in the last answer (RFC 2617, MD5)."""
        asked = dict(re.findall(r'(\w+)="?([^",]+)', header(self.answer, "WWW-Authenticate") or ""))
        user = re.search(rb"sip:([^@>]+)", self.sender)
        assert user is not None
        account, uri, nc, cnonce = user[1].decode(), self.uri, "00000001", "raw"
        who = _md5(f"{account}:{asked['realm']}:{password}")
        what = _md5(f"{method}:{uri}")
        answer = _md5(f"{who}:{asked['nonce']}:{nc}:{cnonce}:auth:{what}")
        return (
            f'Authorization: Digest username="{account}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", '
            f'uri="{uri}", response="{answer}", algorithm=MD5, qop=auth, nc={nc}, cnonce="{cnonce}"'
            + (f', opaque="{asked["opaque"]}"' if "opaque" in asked else "")
        ).encode()

    @property
    def uri(self) -> str:
        """What is dialled, as the request names it."""
        host, port = self.caller.server
        return f"sip:{self.dialled}@{host}:{port}"

    @property
    def replaces(self) -> str:
        """This call, as a Replaces header names it: the hotline's tag, then ours."""
        theirs, ours = re.search(r";tag=([^;]+)", self.to), re.search(rb";tag=([^;]+)", self.sender)
        assert theirs is not None
        return f"{self.id};to-tag={theirs[1]};from-tag={ours[1].decode() if ours else 'raw'}"

    async def send(self, method: str, *more: bytes, body: bytes = b"", branch: str = "") -> None:
        """Send a request of this call. `branch`: of the transaction that it belongs to, if not to one of its own."""
        if method not in ("ACK", "CANCEL"):
            self._cseq += 1
        host, port = self.caller.sock.getsockname()
        server = f"{self.caller.server[0]}:{self.caller.server[1]}"
        branch = branch or secrets.token_hex(8)
        tag = b"" if b";tag=" in self.sender else b";tag=raw"
        lines = [
            f"{method} {self.uri} SIP/2.0".encode(),
            f"Via: SIP/2.0/{self.caller.transport} {host}:{port};branch=z9hG4bK{branch};rport".encode(),
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


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


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
