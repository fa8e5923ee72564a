"""A real hotline for tests: Asterisk, the supervised controller, the ledger, and real phones around it."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from journal_watch import Journal, Seen
from prompt_tones import heard_stretches, prompt_hz, record_studio

from bailanys.control import ask
from bailanys.processes.hotline import Hotline, hotline_up
from bailanys.site.free_ports import own_place
from calls.journal import Fact
from phones import manners
from phones.call import Call
from phones.fleet import Fleet
from phones.phone import Phone, PhoneError
from storage.engine import open_engine
from storage.ledger import CallStory, Ledger

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name("centre.toml")
OPERATOR_HZ = {"101": 1000, "102": 1100, "103": 1200, "104": 1300, "105": 1400, "106": 1500}
TOPIC_KEY = {"state-services": "1", "portal": "2", "ict": "3"}
LANGUAGE_KEY = {"kk": "1", "ru": "2", "en": "3"}
LOOK_EVERY_S = 0.05


@dataclass(eq=False)
class Visit:
    """A caller's call at the hotline: the phone's side of it, and its id on ours."""

    centre: Centre
    phone: Phone
    call: Call
    number: str
    hz: int
    id: str

    async def fact(self, fact: Fact, timeout_s: float = 15.0, **fields: str) -> Seen:
        """Wait until the journal tells this of the call."""
        return await self.centre.journal.until(fact, self.id, timeout_s, **fields)

    def facts(self, fact: Fact) -> list[Seen]:
        """What the journal tells of the call so far."""
        return list(self.centre.journal.facts(self.id, fact))

    async def enters(self, group: str = "state-services", language: str = "kk") -> Seen:
        """Choose by keys, each pressed as soon as its question is asked, and wait in the group."""
        await self.fact(Fact.STEP, step="language-asked")
        await self.call.press(LANGUAGE_KEY[language])
        return await self.picks(group)

    async def picks(self, group: str) -> Seen:
        """Choose the topic when it is asked, and wait in the group."""
        await self.fact(Fact.STEP, step="topic-asked")
        await self.call.press(TOPIC_KEY[group])
        return await self.fact(Fact.QUEUED, seq="1")

    async def story(self, until: Callable[[CallStory], bool] | None = None, timeout_s: float = 10.0) -> CallStory:
        """What the ledger holds of the call, once it is so: by default once the call has ended there."""
        wanted = until or (lambda story: story.record.call.ended_ms is not None)
        return await self.centre.ledger_shows(self.id, wanted, timeout_s)

    async def recorded(self, talks: int = 1) -> CallStory:
        """The story once so many talks' recordings are in the ledger, and the call's end if the caller has hung up."""

        def told(story: CallStory) -> bool:
            ended = story.record.call.ended_ms is not None
            return len(story.recordings) >= talks and (ended or not self.call.over)

        return await self.story(told)

    def heard(self, prompt: str, language: str = "kk", from_s: float = 0.0) -> list[tuple[float, float]]:
        """When the caller heard a prompt, in seconds of what the phone recorded."""
        return heard_stretches(self.call.heard(), prompt_hz(prompt, language), from_s)

    async def until_prompt(
        self, prompt: str, language: str = "kk", from_s: float = 0.0, timeout_s: float = 10.0
    ) -> tuple[float, float]:
        """Wait until a prompt was said to the caller; when, in seconds of what the phone recorded."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if self.call.heard_s() and (found := self.heard(prompt, language, from_s)):
                        return found[0]
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise TimeoutError(f"the caller did not hear {language}/{prompt}") from None


@dataclass
class Centre:
    """The running hotline and its people."""

    up: Hotline
    fleet: Fleet
    journal: Journal
    ledger: Ledger
    env: dict[str, str]
    """The settings over the test's configuration, for the command line."""
    operators: dict[str, Phone] = field(default_factory=dict)
    began_ms: int = 0
    """When the present scene began: alarms and the like before it are another's."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def port(self) -> int:
        """Where the hotline listens for SIP."""
        return self.up.settings.sip.port

    async def asked(self, operation: str, part: str = "", *, by: str = "", **body: Any) -> dict[str, Any]:
        """Ask the controller, as the command line does."""
        return await ask(self.up.places.control, operation, part, body, by=by)

    async def phone_of(self, operator: str, manner: manners.Manner | None = None) -> Phone:
        """The operator's phone, started and registered when it is first asked for; answers at once by default."""
        if operator not in self.operators:
            password = self.up.secrets.operators[operator]
            hz = OPERATOR_HZ[operator]
            self.operators[operator] = await self.fleet.operator(operator, password, self.port, tone_hz=hz)
        await self.operators[operator].behave(manner or manners.Answer())
        return self.operators[operator]

    async def duty(self, operator: str, *, ready: bool) -> None:
        """Make an operator ready (who may have a call at once) or paused by command, and wait until it is so."""
        if ready:
            await self.asked("POST /operators/{number}/ready", operator)
        else:
            await self.asked("POST /operators/{number}/pause", operator, reason="off")
        await self.until_state(operator, *(("ready", "offered", "talking") if ready else ("paused", "talking")))

    async def state(self, operator: str) -> tuple[str, str]:
        """An operator's state and reason now."""
        rows = (await self.asked("GET /operators"))["operators"]
        return next((row["state"], row["reason"]) for row in rows if row["operator"] == operator)

    async def until_state(self, operator: str, *states: str, timeout_s: float = 10.0) -> str:
        """Wait until the operator is in one of the states; returns the reason that is shown."""
        last = ("", "")
        try:
            async with asyncio.timeout(timeout_s):
                while (last := await self.state(operator))[0] not in states:
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise TimeoutError(f"operator {operator} is {last}, not {states}") from None
        return last[1]

    async def visit(self, number: str = "", dialled: str = "1414", **phone: Any) -> Visit:
        """A caller dials the hotline; a new one with a number and a tone of their own unless a number is given."""
        nth = next(self._numbers)
        number = number or f"7701{id(self) % 1000:03}{nth:04}"
        hz = 400 + 20 * (nth % 25)
        caller = await self.fleet.caller(number, tone_hz=hz, **phone)
        return await self.dial(caller, number, hz, dialled)

    async def dial(self, caller: Phone, number: str, hz: int, dialled: str = "1414") -> Visit:
        """A caller's phone dials, and the hotline takes the call."""
        known = {seen.call for seen in self.journal.facts(fact=Fact.ARRIVED)}
        call = await caller.dial(dialled, self.port)
        await call.answered()
        async with asyncio.timeout(5):
            while True:
                for seen in self.journal.facts(fact=Fact.ARRIVED):
                    if seen.call not in known and seen.fields["caller"] == number:
                        return Visit(self, caller, call, number, hz, seen.call)
                await asyncio.sleep(LOOK_EVERY_S)

    async def offered(self, operator: str, visit: Visit, timeout_s: float = 15.0) -> Call:
        """Wait until this caller's call rings at the operator's phone; older rings are passed over."""
        async with asyncio.timeout(timeout_s):
            while True:
                ringing = await self.operators[operator].rung()
                if ringing.caller_number == visit.number and ringing.instants.invite >= visit.call.instants.invite:
                    return ringing

    async def talk(self, operator: str, visit: Visit, timeout_s: float = 15.0) -> Call:
        """Wait until operator and caller hear each other; returns the operator's side."""
        talk = await self.offered(operator, visit, timeout_s)
        await asyncio.gather(
            talk.until_hears(visit.hz, for_s=0.25), visit.call.until_hears(OPERATOR_HZ[operator], for_s=0.25)
        )
        return talk

    async def ledger_shows(self, call: str, wanted: Callable[[CallStory], bool], timeout_s: float = 10.0) -> CallStory:
        """Wait until the ledger's story of a call is as wanted, and return it."""
        story: CallStory | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while (story := await self.ledger.call_story(call)) is None or not wanted(story):
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise TimeoutError(f"the ledger does not come to it: {story}") from None
        return story

    async def closed_down(self) -> None:
        """Everybody hangs up and goes off duty, so that the next scene begins in silence."""
        for phone in self.fleet.phones:
            for call in phone.calls:
                with contextlib.suppress(PhoneError):  # it ended in this very moment
                    await call.hang_up()
        callers = [phone for phone in self.fleet.phones if phone not in self.operators.values()]
        await asyncio.gather(*(phone.stop() for phone in callers))
        self.fleet.phones[:] = list(self.operators.values())
        async with asyncio.timeout(10):
            while (await self.asked("GET /calls"))["calls"]:
                await asyncio.sleep(LOOK_EVERY_S)
        for operator in self.up.settings.operators:  # ready first: that ends a rest and a back-off
            await self.asked("POST /operators/{number}/ready", operator.number)
            await self.asked("POST /operators/{number}/pause", operator.number, reason="off")
        for number in self.operators:
            await self.until_state(number, "paused")
        self.began_ms = time.time_ns() // 1_000_000


@cache
def _studio() -> Path:
    """The recordings that stand for the prompts: one folder for all hotlines of this process."""
    folder = Path(tempfile.mkdtemp(prefix="studio-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return record_studio(passable(folder))


def passable(folder: Path) -> Path:
    """A folder that others may pass through: where we are root Asterisk runs as somebody else."""
    folder.chmod(0o711)
    return folder


@asynccontextmanager
async def open_centre(config: Path = CONFIG, **settings: object) -> AsyncIterator[Centre]:
    """A hotline on a place of its own; `offers__wrap_up_s=5` and the like go over the test's configuration."""
    with tempfile.TemporaryDirectory(prefix="hl") as folder:
        base = passable(Path(folder))
        env = own_place(base / "state") | {
            "BAILANYS_SPEECH__OVERRIDE_DIR": str(_studio()),
            "BAILANYS_STORAGE__ARCHIVE_DIR": str(base / "archive"),
            **{f"BAILANYS_{key.upper()}": str(value) for key, value in settings.items()},
        }
        async with hotline_up(config, base, ROOT / ".cache", env=env) as up, Fleet() as fleet:
            engine = open_engine(up.places.database_url)
            try:
                yield Centre(up, fleet, Journal(up.places.journals[0]), Ledger(engine), env)
            finally:
                engine.dispose()
