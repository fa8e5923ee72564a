"""Ends a hotline for good: no new call, those that are there come to their end, then Asterisk goes.

It needs no controller and no supervisor: both may be dead. While it drains it says each second that the hotline is
closed for a few seconds more, so that calls are taken again by themselves when it is ended half-way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from bailanys.control import ControlError, ask
from bailanys.processes.asterisk_keeper import AlreadyRunningError, alone, gone
from config.places import Places
from dialplan import names
from telephony.embedded import AsteriskInstall
from telephony.process import AsteriskSilentError, running_pid, rx, stop_asterisk

EVERY_S = 1.0
CLOSED_FOR_S = 5
"""How long one word holds: so soon after our death calls are taken again."""
ENDS_WITHIN_S = 40.0
"""The controller has 5 s, Asterisk three times as much."""


class NotStoppedError(Exception):
    """The hotline is still there."""

    error_id = "not-stopped"
    retryable = True


@dataclass(frozen=True, slots=True)
class Stopped:
    """How it ended."""

    was_running: bool
    cut: int = 0
    """Calls that were up at the end."""
    refused: int = 0
    """Calls that came while it drained."""


async def stop(
    places: Places, asterisk: AsteriskInstall, drain_s: float, tell: Callable[[str], None] = lambda _: None
) -> Stopped:
    """End the hotline of this state folder; its calls get `drain_s` seconds to end by themselves, 0 ends them now.

    `tell` hears how many calls are left whenever that changes. Raises NotStoppedError, OSError (another's hotline).
    """
    if not places.state.is_dir():
        return Stopped(was_running=False)
    console = _Console(places, asterisk)
    try:
        with alone(places.state):  # nobody takes it over meanwhile
            if console.pid is None:
                return Stopped(was_running=False)
            stopped = await _drained(console, drain_s, tell)
            await _end_asterisk(console)
            return stopped
    except AlreadyRunningError as error:
        if error.pid is None:
            raise NotStoppedError(f"{places.state}: the hotline is just starting; try again") from error
        supervisor = error.pid
    os.kill(supervisor, 0)  # may we? asked before anybody is refused
    stopped = await _drained(console, drain_s, tell)
    with contextlib.suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGINT)
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await gone(supervisor)
    except TimeoutError:
        raise NotStoppedError(f"`bailanys run` (pid {supervisor}) does not end: kill it, and stop again") from None
    with alone(places.state):
        await _end_asterisk(console)  # there still, if the supervisor was ended by something else in this moment
    return stopped


class _Console:
    """What is asked of the running Asterisk, through its own console."""

    def __init__(self, places: Places, asterisk: AsteriskInstall) -> None:
        self.places, self.asterisk = places, asterisk

    @property
    def pid(self) -> int | None:
        conf = self.places.asterisk_conf
        return running_pid(conf) if conf.exists() else None

    async def say(self, command: str) -> str:
        return await rx(self.asterisk, self.places.asterisk_conf, command)

    async def close_for(self, seconds: int) -> None:
        """Take no new call for so long; 0 opens the hotline."""
        until = int(time.time()) + seconds if seconds else 0
        await self.say(f"dialplan set global {names.CLOSED_UNTIL} {until}")
        with contextlib.suppress(ControlError):  # no callbacks either, if the controller lives
            await ask(self.places.control, "POST /callbacks/hold", body={"seconds": seconds}, timeout_s=EVERY_S)

    async def calls(self) -> int:
        """Calls that are up, whoever began them."""
        return calls_in(await self.say("core show channels concise"))

    async def refused(self) -> int:
        """Calls that were refused since Asterisk began."""
        for line in (await self.say("dialplan show globals")).splitlines():
            name, _, value = line.strip().partition("=")
            if name == names.REFUSED and value.isdecimal():
                return int(value)
        return 0


def calls_in(channels: str) -> int:
    """Calls among the channels, as Asterisk's console lists them: phones by the bridge they are in, or each alone.

    Channels of our own (a pause, a rest, the watch over silence) are nobody's call, and end by themselves.
    """
    fields = [line.split("!") for line in channels.splitlines() if line.startswith("PJSIP/") and line.count("!") >= 10]
    return len({line[-2] or line[-1] for line in fields})


async def _drained(console: _Console, drain_s: float, tell: Callable[[str], None]) -> Stopped:
    """Refuse new calls until those that are up have ended, or the time is over."""
    if console.pid is None:
        return Stopped(was_running=True)
    end_s, told = time.monotonic() + drain_s, -1
    try:
        before = await console.refused()
        try:
            while True:
                if drain_s > 0:
                    await console.close_for(CLOSED_FOR_S)
                left, left_s = await console.calls(), end_s - time.monotonic()
                if not left or left_s <= 0:
                    return Stopped(True, left, await console.refused() - before)
                if left != told:
                    tell(f"{_counted(left)} left, {left_s:.0f} s at most")
                    told = left
                await asyncio.sleep(min(EVERY_S, left_s))
        except BaseException:
            await console.close_for(0)  # it was thought better of: calls are taken again
            raise
    except AsteriskSilentError:
        if console.pid is not None:
            raise
        return Stopped(was_running=True)  # it died: nothing is left to wait for


async def _end_asterisk(console: _Console) -> None:
    if (pid := console.pid) is not None:
        await stop_asterisk(console.asterisk, console.places.asterisk_conf, pid)
        if console.pid is not None:
            raise NotStoppedError(f"Asterisk (pid {pid}) does not end: kill -9 {pid}")


def _counted(calls: int) -> str:
    return f"{calls} call{'' if calls == 1 else 's'}"
