"""Tells the service manager how we are: the datagrams of sd_notify(3), nothing at all without one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


@dataclass(frozen=True, slots=True)
class Manager:
    """The service manager that started us, if one did."""

    address: str = ""
    """Of its socket; empty: nobody listens. A first `@` stands for the abstract name space."""
    watchdog_s: float | None = None
    """How long we may be silent; None: for ever."""

    def tell(self, *lines: str) -> None:
        """Say it, without waiting; that nobody hears it any more is no error."""
        if not self.address:
            return
        path = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as way,
        ):
            way.sendto("\n".join(lines).encode(), path)

    async def keep_alive(self) -> None:
        """Say that we are alive for as long as the event loop turns, twice as often as must be; until cancelled."""
        if self.watchdog_s is None:
            return
        while True:
            self.tell(ALIVE)
            await asyncio.sleep(self.watchdog_s / 2)


def manager_of(env: MutableMapping[str, str]) -> Manager:
    """Read what the service manager says in the environment, and take it out: Asterisk would answer in our place."""
    address, pid = env.pop("NOTIFY_SOCKET", ""), env.pop("WATCHDOG_PID", "")
    watchdog_us = env.pop("WATCHDOG_USEC", "")
    for_us = not pid or pid == str(os.getpid())
    watched = watchdog_us.isdecimal() and int(watchdog_us) > 0 and for_us
    return Manager(address, int(watchdog_us) / 1e6 if watched else None)
