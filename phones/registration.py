"""Registering accounts whose calls another program takes: SIPp answers calls, it cannot register and answer at once.

The REGISTERs leave from the very port SIPp will listen on, since a server may rewrite a contact to where it came from.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
from collections.abc import Mapping
from secrets import token_hex

from phones import sip_text

_ANSWER_S = 3.0


class RegistrationError(Exception):
    """The server refused an account, or did not answer."""


def digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """Answer a `WWW-Authenticate: Digest` challenge (RFC 2617, MD5, with or without qop). Raises KeyError."""
    asked = {name.lower(): text for name, text in re.findall(r'(\w+)="?([^",]+)"?', challenge)}
    realm, nonce = asked["realm"], asked["nonce"]
    secret, what = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    said = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "opaque" in asked:
        said += f', opaque="{asked["opaque"]}"'
    if "qop" not in asked:
        return f'{said}, response="{_md5(f"{secret}:{nonce}:{what}")}"'
    own = token_hex(8)
    response = _md5(f"{secret}:{nonce}:00000001:{own}:auth:{what}")
    return f'{said}, qop=auth, nc=00000001, cnonce="{own}", response="{response}"'


async def register(
    accounts: Mapping[str, str],
    server_port: int,
    port: int,
    *,
    address: str = "127.0.0.1",
    believed: str = "",
    expires_s: int = 7200,
) -> None:
    """Register accounts (user -> password) at 127.0.0.1 with `address:port` as their contact; 0 s takes it back.

    `believed`: the address that a phone behind a router takes for its own, and names as its contact.
    Raises RegistrationError, OSError if the port is taken.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        line.bind((address, port))
        for user, password in accounts.items():
            await _register(loop, line, server_port, user, password, believed, expires_s)


async def _register(
    loop: asyncio.AbstractEventLoop,
    line: socket.socket,
    server_port: int,
    user: str,
    password: str,
    believed: str,
    expires_s: int,
) -> None:
    host, port = line.getsockname()
    host = believed or host
    uri, call_id, credentials = f"sip:127.0.0.1:{server_port}", token_hex(8), ""
    for cseq in (1, 2):
        lines = [
            f"REGISTER {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{token_hex(8)};rport",
            f"From: <sip:{user}@127.0.0.1>;tag={call_id}",
            f"To: <sip:{user}@127.0.0.1>",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} REGISTER",
            f"Contact: <sip:{user}@{host}:{port}>",
            f"Expires: {expires_s}",
            "Max-Forwards: 70",
            *([f"Authorization: {credentials}"] if credentials else []),
            "Content-Length: 0",
        ]
        await loop.sock_sendto(line, "\r\n".join([*lines, "", ""]).encode(), ("127.0.0.1", server_port))
        answer = await _answer(loop, line, call_id, cseq)
        challenge = sip_text.header(answer, "WWW-Authenticate")
        if answer.startswith("SIP/2.0 200 "):
            return
        if challenge is None or credentials:
            raise RegistrationError(f"{user}: {answer.splitlines()[0]}")
        credentials = digest(challenge, "REGISTER", uri, user, password)
    raise RegistrationError(f"{user}: asked for credentials again and again")


async def _answer(loop: asyncio.AbstractEventLoop, line: socket.socket, call_id: str, cseq: int) -> str:
    try:
        async with asyncio.timeout(_ANSWER_S):
            while True:
                message = (await loop.sock_recv(line, 65536)).decode(errors="replace")
                ours = sip_text.header(message, "Call-ID") == call_id and not message.startswith("SIP/2.0 1")
                if ours and sip_text.header(message, "CSeq") == f"{cseq} REGISTER":
                    return message
    except TimeoutError as error:
        raise RegistrationError(f"no answer in {_ANSWER_S:g} s") from error


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
