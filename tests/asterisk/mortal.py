"""A hotline whose parts are killed, with real phones, and what its ledger must say in the end."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotline import passable
from idle_alarms import idle_alarms

from bailanys.control import ControlError, ask
from bailanys.processes.hotline import Hotline, controller_ready, hotline_up
from bailanys.site.free_ports import own_place
from phones import manners
from phones.call import Call
from phones.fleet import CODECS, Fleet
from phones.phone import Phone
from storage.engine import open_engine
from storage.ledger import CallStory, Ledger
from telephony.process import rx

ROOT = Path(__file__).resolve().parents[2]
OPERATOR_HZ = {"101": 1000, "102": 1200, "103": 1400}
QUICK = {
    "BAILANYS_OFFERS__WRAP_UP_S": "1",
    "BAILANYS_OFFERS__RING_S": "10",
    "BAILANYS_OFFERS__REFUSAL_REST_S": "60",
}
PRESS_AFTER_S = 0.7
"""A caller hears half a word before pressing."""


@dataclass
class Mortal:
    """A hotline that is up, its phones, and the means to kill."""

    up: Hotline
    fleet: Fleet
    env: dict[str, str]
    """The settings over the file's, for the command line."""
    operators: dict[str, Phone] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.up.settings.sip.port

    async def operator(
        self,
        number: str,
        manner: manners.Manner | None = None,
        *,
        ready: bool = True,
        codecs: Sequence[str] = CODECS,
    ) -> Phone:
        """An operator's phone, registered, and ready."""
        password, hz = self.up.secrets.operators[number], OPERATOR_HZ[number]
        phone = await self.fleet.operator(number, password, self.port, tone_hz=hz, manner=manner, codecs=codecs)
        self.operators[number] = phone
        if ready:
            await ask(self.up.places.control, "POST /operators/{number}/ready", number)
            await self.until_state(number, "ready")
            await until(lambda: self._is_in_net(number), 5)
        return phone

    async def _is_in_net(self, number: str) -> bool:
        lines = [line for line in (await self.console("queue show")).splitlines() if f"PJSIP/op{number}" in line]
        return bool(lines) and not any("(paused" in line for line in lines)

    async def dial_code(self, number: str, code: str) -> None:
        """An operator dials a feature code and hears the confirmation out."""
        call = await self.operators[number].dial(code, self.port)
        await call.ended()

    async def caller(self, number: str, *keys: str, hz: int = 440, dials: str = "1414") -> Call:
        """A new caller who is answered and presses these keys in the menu."""
        phone = await self.fleet.caller(number, tone_hz=hz)
        call = await phone.dial(dials, self.port)
        await call.answered()
        for key in keys:
            await asyncio.sleep(PRESS_AFTER_S)
            await call.press(key)
        return call

    async def waits(self, count: int = 1) -> None:
        """Wait until so many callers are in the wait, as Asterisk says."""

        async def waiting() -> bool:
            lines = (await self.console("core show channels concise")).splitlines()
            return sum(line.split("!")[1] == "waiting" for line in lines if "!" in line) >= count

        await until(waiting, 15)

    async def console(self, command: str) -> str:
        """Ask Asterisk itself: it answers whoever else is dead."""
        return await rx(self.up.asterisk, self.up.places.asterisk_conf, command)

    async def kill(self, number: signal.Signals = signal.SIGKILL, *, stay_dead: bool = True) -> float:
        """Kill the controller where it stands, and say when that was; it stays dead until `revive`."""
        pid = self.up.supervisor.pid
        assert pid is not None
        if stay_dead:
            self.up.supervisor.may_start.clear()
        os.kill(pid, number)
        at = time.time()
        if number == signal.SIGKILL:
            await until(lambda: self.up.supervisor.pid != pid, 5)
        return at

    async def revive(self) -> None:
        """Let the supervisor start the controller, and wait until it knows the truth."""
        self.up.supervisor.may_start.set()
        await controller_ready(self.up.places)

    async def states(self) -> dict[str, str]:
        """What the controller says of each operator."""
        answer = await ask(self.up.places.control, "GET /operators")
        return {row["operator"]: row["state"] for row in answer["operators"]}

    async def until_state(self, number: str, state: str, timeout_s: float = 10.0) -> None:
        async def is_so() -> bool:
            with suppress(ControlError):
                return (await self.states()).get(number) == state
            return False

        await until(is_so, timeout_s)

    async def shows(self, number: str, wanted: Callable[[CallStory], bool], timeout_s: float) -> None:
        """Wait until the ledger's story of this caller's call is as wanted."""
        engine = open_engine(self.up.places.database_url)
        ledger = Ledger(engine)

        async def so() -> bool:
            for call in await ledger.call_ids_between(0, 1 << 52):
                story = await ledger.call_story(call)
                if story is not None and story.record.call.caller_raw == number:
                    return wanted(story)
            return False

        try:
            await until(so, timeout_s)
        finally:
            engine.dispose()

    async def stories(self, calls: int, timeout_s: float = 20.0, *, recorded: bool = True) -> dict[str, CallStory]:
        """The ledger's calls by caller's number, once all have ended and every talk has its recording row."""
        engine = open_engine(self.up.places.database_url)
        ledger = Ledger(engine)
        try:

            async def complete() -> bool:
                ids = await ledger.call_ids_between(0, 1 << 52)
                return (
                    len(ids) >= calls
                    and not await ledger.open_calls()
                    and not (recorded and await ledger.recordings.segments_to_finalise())
                    and not (recorded and any(self.up.places.archive.glob(".pending/*")))
                )

            try:
                await until(complete, timeout_s)
            except TimeoutError:
                open_calls, talks = await ledger.open_calls(), await ledger.recordings.segments_to_finalise()
                pending = [path.name for path in self.up.places.archive.glob(".pending/*")]
                raise AssertionError(
                    f"the ledger has open {open_calls}, unrecorded {talks}, pending {pending}"
                ) from None
            found: dict[str, CallStory] = {}
            for call_id in await ledger.call_ids_between(0, 1 << 52):
                story = await ledger.call_story(call_id)
                assert story is not None
                number = story.record.call.caller_raw or ""
                assert number not in found, f"two calls of {number} in the ledger"
                found[number] = story
            assert len(found) == calls
            return found
        finally:
            engine.dispose()


@asynccontextmanager
async def mortal(**over: str) -> AsyncIterator[Mortal]:
    """A hotline of its own, on free ports and in a short folder, with quick offers."""
    with tempfile.TemporaryDirectory(prefix="mor") as name:
        async with mortal_in(Path(name), **over) as hotline:
            yield hotline


@asynccontextmanager
async def mortal_in(folder: Path, **over: str) -> AsyncIterator[Mortal]:
    """The same in a folder, which must be a short one."""
    env = own_place(passable(folder) / "s") | QUICK | over
    config = ROOT / "config" / "hotline.toml"
    async with hotline_up(config, folder, ROOT / ".cache", env=env) as up, Fleet() as fleet:
        yield Mortal(up, fleet, env)
        assert idle_alarms(up) == []


async def until(holds: Callable[[], bool | Awaitable[Any]], timeout_s: float, every_s: float = 0.05) -> None:
    """Look again and again; what is watched (files, Asterisk, another process) tells nobody that it changed."""
    async with asyncio.timeout(timeout_s):
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(every_s)


async def rate(call: Call, score: str) -> None:
    """The caller hears the beginning of the question, presses, and hears the thanks out."""
    await asyncio.sleep(1.5)
    await call.press(score)
    await call.ended()
