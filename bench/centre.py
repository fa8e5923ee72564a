"""A hotline of its own for a benchmark, with its operators' phones: up on loopback, gone at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bailanys.control import ask
from bailanys.processes.hotline import Hotline, hotline_up
from bailanys.site.free_ports import own_place
from bench.waits import Waited, read_waits
from calls.journal import Fact
from calls.journal_lines import parse_line
from config.load import load
from phones.load import Load
from phones.registration import register
from phones.sipp import SippRun, free_port
from telephony.embedded import find_sipp
from telephony.process import running_pid, rx

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
CONFIG = ROOT / "config" / "hotline.toml"
ARRIVAL = Path(__file__).with_name("arrival.conf")
"""The beginning of a call that comes in past the menu: `Gosub(bench-arrival,s,1(GROUP,LANGUAGE))`."""

_MEDIA_PORTS = 1_000  # each SIPp has a range of its own, under those of Asterisk's own place
_FIRST_MEDIA_PORT = 10_000
_MEDIA_RANGES = 9


class MediaPorts:
    """Hands out ranges of RTP ports for SIPp, one after the other."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> tuple[int, int]:
        """The first and last port of a range that no other run of the last nine has."""
        first = _FIRST_MEDIA_PORT + self._next % _MEDIA_RANGES * _MEDIA_PORTS
        self._next += 1
        return first, first + _MEDIA_PORTS - 2


@dataclass(frozen=True, slots=True)
class Centre:
    """A hotline that is up, with the numbers of its operators."""

    up: Hotline
    operators: tuple[str, ...]
    group: str
    media: MediaPorts

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups' names, in the order of the configuration."""
        return tuple(group.name for group in self.up.settings.groups)

    @property
    def staff(self) -> dict[str, tuple[str, ...]]:
        """The groups that each operator serves, by number."""
        return {person.number: person.groups for person in self.up.settings.operators}

    def sipp(self, load: Load, port: int | None = None) -> SippRun:
        """A SIPp for this hotline, not started yet."""
        first, last = self.media.take()
        server = self.up.settings.sip.port
        return SippRun(find_sipp(CACHE), load, server, port=port, rtp_first=first, rtp_last=last)

    @contextlib.asynccontextmanager
    async def phones(self, load: Load) -> AsyncIterator[SippRun]:
        """Register every operator, let SIPp answer for all of them, and make them ready. Raises RegistrationError."""
        port = free_port()
        accounts = {f"op{number}": self.up.secrets.operators[number] for number in self.operators}
        await register(accounts, self.up.settings.sip.port, port)
        async with self.sipp(load, port) as run:
            for number in self.operators:
                await ask(self.up.places.control, "POST /operators/{number}/ready", number)
            await self._until_ready()
            yield run

    async def _until_ready(self) -> None:
        async with asyncio.timeout(15):
            while True:
                rows = (await ask(self.up.places.control, "GET /operators"))["operators"]
                if all(row["state"] == "ready" for row in rows):
                    return
                await asyncio.sleep(0.1)  # Asterisk asks a new phone whether it is there

    async def open_ways_in(self, extensions: str) -> None:
        """Add ways past the menu to the dialplan. Raises AsteriskSilentError."""
        dialplan = self.up.places.etc / "extensions.conf"
        dialplan.write_text(dialplan.read_text() + extensions + ARRIVAL.read_text())
        await self.console("dialplan reload")

    async def lose_controller(self) -> None:
        """Wait until the safety net has all operators, then kill the controller for good."""
        async with asyncio.timeout(15):
            while (await self.console("queue show")).count("(Not in use)") < sum(map(len, self.staff.values())):
                await asyncio.sleep(0.1)  # the controller brings the net in step
        self.up.supervisor.may_start.clear()
        if self.up.supervisor.pid is not None:
            os.kill(self.up.supervisor.pid, signal.SIGKILL)

    async def console(self, command: str) -> str:
        """Ask Asterisk's console. Raises AsteriskSilentError."""
        return await rx(self.up.asterisk, self.up.places.asterisk_conf, command)

    def asterisk_pid(self) -> int:
        """Asterisk's process id. Raises ProcessLookupError when it is gone."""
        pid = running_pid(self.up.places.asterisk_conf)
        if pid is None:
            raise ProcessLookupError("Asterisk is gone")
        return pid

    def waits(self) -> dict[str, Waited]:
        """What the journal says so far, by call id."""
        return read_waits(self.journal_lines())

    def history(self, call: str) -> list[str]:
        """What the journals and the controller's log say of a call, for whoever wonders what became of it."""
        logs = [path for path in sorted(self.up.places.log.rglob("*")) if path.is_file()]
        lines = [line for path in logs for line in path.read_text(errors="replace").splitlines()]
        return [line for line in lines if f'{call}"' in line or f"{call}-" in line or f"={call}&" in line]

    def idle_alarms(self, since_s: float = 0.0) -> int:
        """How often since then the live watch saw an operator idle beside a waiting caller for over 100 ms."""
        entries = [entry for line in self.journal_lines() if (entry := parse_line(line)) and entry.name == Fact.ALARM]
        return sum(
            entry.fields.get("kind") == "idle-beside-waiting" for entry in entries if entry.at_ms >= since_s * 1000
        )

    def journal_lines(self) -> list[bytes]:
        """Both journals so far, Asterisk's first."""
        there = [journal for journal in self.up.places.journals if journal.exists()]
        return [line for journal in there for line in journal.read_bytes().splitlines()]


@contextlib.asynccontextmanager
async def centre(operators: int, media: MediaPorts, over: Mapping[str, str] | None = None) -> AsyncIterator[Centre]:
    """Bring up the hotline of `config/hotline.toml` with so many operators, all in every group.

    `over`: settings over those, other groups and operators among them. Everything is on loopback, in a folder that is
    removed at the end.
    """
    state = Path(tempfile.mkdtemp(prefix="bench-"))
    groups = [group.name for group in load(CONFIG).groups]  # every group must be served; callers come for one
    people = [
        {"number": str(number), "name": f"Operator {number}", "groups": groups}
        for number in range(201, 201 + operators)
    ]
    env = own_place(state) | {
        "BAILANYS_SIP__BIND": "127.0.0.1",
        "BAILANYS_TRUNKS": json.dumps([{"name": "carrier", "addresses": ["127.0.0.1"]}]),
        "BAILANYS_OPERATORS": json.dumps(people),
        "BAILANYS_OFFERS__WRAP_UP_S": "0",
        **(over or {}),
    }
    try:
        async with hotline_up(CONFIG, ROOT, CACHE, env=env) as up:
            numbers = tuple(person.number for person in up.settings.operators)
            yield Centre(up, numbers, up.settings.hotline.default_group, media)
    finally:
        shutil.rmtree(state, ignore_errors=True)
