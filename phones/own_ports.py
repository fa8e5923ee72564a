"""Ports that this process has for itself on this machine, whatever other tests, demos and benchmarks run beside it.

A port that is free when one looks may be another's before it is used: so processes do not look in the same places. Each
has a number of its own, and with it ranges. The number is leased by a name in Linux's abstract socket namespace, which
is one for all users of the machine, and free again as soon as the process has ended, however it ends.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

_NUMBERS = 30
_SERVERS, _SERVERS_EACH = 20_000, 100
_VOICE, _VOICE_EACH = 23_000, 300
_ASTERISK, _ASTERISK_EACH = 30_000, 1_000
"""The first and second are under the system's own ports (32768 to 60999): no outgoing connection takes one."""
_A_PHONE = 20
"""A phone has few calls; pjsua itself goes on where a port is taken."""


@dataclass(eq=False)
class OwnPorts:
    """The ranges of one number, and what of them comes next."""

    number: int
    lease: socket.socket | None
    """None where every number is taken: it is then shared with another process, as far as its ports are free."""
    _servers: Iterator[int] = field(init=False)
    _voice: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        first, voice = _SERVERS + self.number * _SERVERS_EACH, _VOICE + self.number * _VOICE_EACH
        self._servers = itertools.cycle(range(first, first + _SERVERS_EACH))
        self._voice = itertools.cycle(range(voice, voice + _VOICE_EACH, _A_PHONE))

    def server(self, address: str = "127.0.0.1") -> int:
        """A port that is free for UDP and TCP; it comes again only when all others of the range have."""
        for port in itertools.islice(self._servers, _SERVERS_EACH):
            if _is_free(address, port):
                return port
        raise OSError(f"no port of {address} is free in the range of this process")

    def voice(self) -> int:
        """Where the next phone's RTP begins."""
        return next(self._voice)

    @property
    def asterisk(self) -> range:
        """RTP of this process's Asterisks: each looks for a free port in it for every call."""
        first = _ASTERISK + self.number * _ASTERISK_EACH
        return range(first, first + _ASTERISK_EACH)


@cache
def own_ports() -> OwnPorts:
    """The ports of this process, for as long as it lives."""
    begin = os.getpid() % _NUMBERS
    for number in (*range(begin, _NUMBERS), *range(begin)):
        lease = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(OSError):
            lease.bind(f"\0bailanys-ports-{number}")
            return OwnPorts(number, lease)
        lease.close()
    return OwnPorts(begin, None)


def _is_free(address: str, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as trial:
            try:
                trial.bind((address, port))
            except OSError:
                return False
    return True
