"""One call of a wire-level phone, placed or taken: the dialog, its voice, and when things happened to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from bench.voice import Clock, Voice
from bench.wire import Message, request, response, sdp_of, uri_of

AGAIN_S = 0.5
"""A request without any answer is sent again (RFC 3261's T1)."""
TIMES = 8


@dataclass(slots=True)
class Seen:
    """What the phone saw, in epoch seconds; None: it did not happen."""

    invited_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by_us: bool = False
    status: int = 0
    """The final status of the INVITE."""


class Leg:
    """A dialog. `send` puts a packet on the wire; `answered` and `over` are events to wait for."""

    def __init__(self, send: Callable[[bytes], None], address: str, port: int, clock: Clock, tone_hz: int) -> None:
        self.seen = Seen(time.time())
        self.answered = asyncio.Event()
        self.over = asyncio.Event()
        self.call_id = token_hex(12)
        self.voice: Voice | None = None
        self._send = send
        self._host = f"{address}:{port}"
        self._address = address
        self._clock = clock
        self._tone_hz = tone_hz
        self._tag = token_hex(6)
        self._ours = self._theirs = self._target = self._contact = ""
        self._cseq = 0
        self._invite: Message | None = None
        self._last = b""
        self._again: asyncio.TimerHandle | None = None

    # -- a call placed ---------------------------------------------------------------------------------------------

    def dial(self, user: str, number: str, server: str) -> None:
        """Send the INVITE."""
        self._ours = f"<sip:{user}@{self._host}>;tag={self._tag}"
        self._contact = f"<sip:{user}@{self._host}>"
        self._target = f"sip:{number}@{server}"
        self._theirs = f"<{self._target}>"
        self._request("INVITE", sdp_of(self._address, self._open_voice().port))

    def respond(self, message: Message) -> None:
        """Take a response to a request of ours."""
        if self._again is not None:
            self._again.cancel()
        if message.method != "INVITE" or message.status < 200:
            return
        if message.status >= 300:
            self._acknowledge(message, failed=True)
            self._end(message.status, by_us=False)
            return
        self._theirs = message.header("to")
        self._target = uri_of(message.header("contact")) or self._target
        self._acknowledge(message)
        self._begin(message)

    # -- a call taken ----------------------------------------------------------------------------------------------

    def ring(self, invite: Message, contact: str) -> None:
        """Take an INVITE and say that the phone rings."""
        self.call_id = invite.header("call-id")
        self._invite, self._contact = invite, contact
        self._ours, self._theirs = f"{invite.header('to')};tag={self._tag}", invite.header("from")
        self._target = uri_of(invite.header("contact"))
        self._reply(response(invite, 180, "Ringing", tag=self._tag, contact=contact))

    def answer(self) -> None:
        """Pick up; nothing happens if the caller is gone."""
        if self._invite is None or self.over.is_set():
            return
        sdp = sdp_of(self._address, self._open_voice().port)
        self._reply(response(self._invite, 200, "OK", tag=self._tag, contact=self._contact, sdp=sdp))
        self._begin(self._invite)

    def refuse(self, status: int = 486) -> None:
        """Say no; nothing happens if the caller is gone."""
        if self._invite is not None and not self.over.is_set():
            self._reply(response(self._invite, status, "Busy Here", tag=self._tag))
            self._end(status, by_us=True)

    def requested(self, message: Message) -> None:
        """Take a request of the other side within the call."""
        match message.method:
            case "INVITE" if self._invite is not None and message.header("cseq") == self._invite.header("cseq"):
                self._send(self._last)
            case "INVITE" if self.voice is not None:
                sdp = sdp_of(self._address, self.voice.port)
                self._send(response(message, 200, "OK", tag=self._tag, contact=self._contact, sdp=sdp))
            case "ACK":
                pass
            case "CANCEL" if self._invite is not None and not self.answered.is_set():
                self._send(response(message, 200, "OK", tag=self._tag))
                self._reply(response(self._invite, 487, "Request Terminated", tag=self._tag))
                self._end(487, by_us=False)
            case "BYE":
                self._send(response(message, 200, "OK"))
                self._end(self.seen.status, by_us=False)
            case _:
                self._send(response(message, 200, "OK", tag=self._tag))

    # -- both ------------------------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """Press a key."""
        if self.voice is not None:
            self.voice.press(key)

    def hang_up(self) -> None:
        """Send a BYE; nothing happens if the call is over or never was."""
        if self.answered.is_set() and not self.over.is_set():
            self._request("BYE")
            self._end(self.seen.status, by_us=True)

    def _request(self, method: str, sdp: str = "") -> None:
        self._cseq += 1
        self._transmit(request(self._target, method, self._headers(method, token_hex(8)), sdp), TIMES)

    def _acknowledge(self, message: Message, *, failed: bool = False) -> None:
        headers = self._headers("ACK", token_hex(8)) | {"to": message.header("to")}
        if failed:
            headers["via"] = message.header("via")
        self._send(request(self._target, "ACK", headers))

    def _headers(self, method: str, branch: str) -> dict[str, str]:
        return {
            "via": f"SIP/2.0/UDP {self._host};branch=z9hG4bK{branch};rport",
            "from": self._ours,
            "to": self._theirs,
            "call-id": self.call_id,
            "cseq": f"{self._cseq} {method}",
            "contact": self._contact,
            "max-forwards": "70",
        }

    def _transmit(self, packet: bytes, times: int) -> None:
        self._send(packet)
        if times > 1:
            self._again = asyncio.get_running_loop().call_later(AGAIN_S, self._transmit, packet, times - 1)

    def _reply(self, packet: bytes) -> None:
        self._last = packet
        self._send(packet)

    def _open_voice(self) -> Voice:
        self.voice = Voice(self._address, self._tone_hz)
        return self.voice

    def _begin(self, message: Message) -> None:
        if self.answered.is_set():
            return
        self.seen.answered_at, self.seen.status = time.time(), 200
        if self.voice is not None and message.media is not None:
            self.voice.talk_to(message.media)
            self._clock.voices.add(self.voice)
        self.answered.set()

    def _end(self, status: int, *, by_us: bool) -> None:
        if self.over.is_set():
            return
        self.seen.ended_at, self.seen.ended_by_us, self.seen.status = time.time(), by_us, status
        if self.voice is not None:
            self._clock.voices.discard(self.voice)
            self.voice.close()
        self.over.set()
