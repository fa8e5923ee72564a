"""A socket with many wire-level phones behind it: callers of the trunk, or operators' accounts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from bench.leg import Leg
from bench.voice import Clock
from bench.wire import Message, read, response

Ringing = Callable[[str, str, Leg], None]
"""Told of an incoming call: the account that rings, the caller's number, the call."""

BUFFER_BYTES = 4 << 20


class Switchboard(asyncio.DatagramProtocol):
    """Tells calls apart by their Call-ID; calls nobody waits for are refused."""

    def __init__(self, address: str, server: tuple[str, int], clock: Clock, ringing: Ringing | None = None) -> None:
        self._address = address
        self._server = server
        self._clock = clock
        self._ringing = ringing
        self._port = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._legs: dict[str, Leg] = {}

    def dial(self, user: str, number: str, tone_hz: int) -> Leg:
        """Place a call."""
        leg = self._leg(tone_hz)
        self._legs[leg.call_id] = leg
        leg.dial(user, number, f"{self._server[0]}:{self._server[1]}")
        return leg

    def forget(self, leg: Leg) -> None:
        """A call that is over and will be asked about no more."""
        self._legs.pop(leg.call_id, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is no subclass of it
        self._port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, _addr: tuple[str | int, int]) -> None:
        """Hand a message to its call."""
        message = read(data)
        leg = self._legs.get(message.header("call-id"))
        if message.status:
            if leg is not None:
                leg.respond(message)
        elif leg is not None:
            leg.requested(message)
        elif message.method == "INVITE" and self._ringing is not None:
            self._take(message, self._ringing)
        elif message.method != "ACK":
            known = message.method == "OPTIONS"
            self._send(response(message, 200 if known else 481, "OK" if known else "Call Does Not Exist", tag="none"))

    def _take(self, invite: Message, ringing: Ringing) -> None:
        account, caller = user_of(invite.uri), user_of(invite.header("from"))
        leg = self._leg(1000)
        self._legs[invite.header("call-id")] = leg
        leg.ring(invite, f"<sip:{account}@{self._address}:{self._port}>")
        ringing(account, caller, leg)

    def _leg(self, tone_hz: int) -> Leg:
        return Leg(self._send, self._address, self._port, self._clock, tone_hz)

    def _send(self, packet: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(packet, self._server)


@asynccontextmanager
async def switchboard(
    address: str, server: tuple[str, int], clock: Clock, port: int = 0, ringing: Ringing | None = None
) -> AsyncIterator[Switchboard]:
    """Open one on `port` (0: any free one). Raises OSError."""
    made = Switchboard(address, server, clock, ringing)
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    line.bind((address, port))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, sock=line)
    try:
        yield made
    finally:
        transport.close()


def user_of(address: str) -> str:
    """The user of a SIP address."""
    return address.partition("sip:")[2].partition("@")[0]
