"""Plays what was recorded from a real Asterisk to the real dispatcher, in virtual time (`record_streams.py` records).

The Asterisk of a replay says what the recorded one said, at the same instants, and answers each action as that one did:
of the recorded answers to the same question the one nearest in time that was not given yet. What the dispatcher asks or
does beyond the recording is in `unknown`.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from calls.journal import Fact
from calls.journal_lines import parse_line
from config.load import load
from config.settings import Settings
from dialplan import names
from dispatch.callbacks import Recalled
from dispatch.dispatcher import Dispatcher, Inbox
from storage.journal.writer import ControllerJournal
from telephony.ami_event import AmiEvent, LinkDown, LinkItem, LinkUp
from telephony.errors import AmiDownError, AmiRefusedError, AmiTimeoutError, TelephonyError
from telephony.quoting import ActionFields, checked_action
from tests.unit.dispatch.virtual_time import VirtualClock

FOLDER = Path(__file__).parent
CENTRE = FOLDER.parents[1] / "asterisk/centre.toml"
QUESTIONS = {"Status", "Getvar", "DBGetTree", "DeviceStateList", "QueueStatus", "PJSIPShowContacts"}
UNTOLD = {"Value", "Val"}
"""Hold instants, which differ by milliseconds: not what an action is known by."""
STALE_S = 3.0
"""An answer this much older than now is not given any more, if there is a later one."""

STARTS_S = 0.01
"""So long before the link was up the recorded controller had begun."""

Key = tuple[tuple[str, str], ...]


@dataclass
class Answer:
    """What Asterisk answered, and how long it took."""

    asked_s: float
    took_s: float
    items: list[AmiEvent]
    error: TelephonyError | None = None


@dataclass
class Stream:
    """A recording."""

    began_ms: int
    settings: Mapping[str, object]
    heard: list[tuple[float, LinkItem]] = field(default_factory=list)
    asked: list[tuple[float, ActionFields]] = field(default_factory=list)
    answers: dict[Key, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    facts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ends_s: float = 0.0

    def heard_call(self, channel: str) -> str:
        """The id of a channel's call."""
        events = (item for _, item in self.heard if isinstance(item, AmiEvent))
        return next(one.fields["Uniqueid"] for one in events if one.fields.get("Channel") == channel)


def key_of(action: ActionFields) -> Key:
    """What an action is known by."""
    return tuple(sorted((name, str(value)) for name, value in action.items() if name not in UNTOLD))


@cache
def read_stream(name: str) -> Stream:
    """A recording of the folder `streams`."""
    head, *lines = (FOLDER / "streams" / f"{name}.jsonl").read_text().splitlines()
    stream = Stream(json.loads(head)["began_ms"], json.loads(head)["settings"])
    asked: dict[int, tuple[float, ActionFields]] = {}
    for line in lines:
        told = json.loads(line)
        at_s = stream.ends_s = told["at"]
        match told:
            case {"link": "up"}:
                stream.heard.append((at_s, LinkUp()))
            case {"link": "down", "reason": reason}:
                stream.heard.append((at_s, LinkDown(reason)))
            case {"event": event}:
                stream.heard.append((at_s, AmiEvent(*event)))
            case {"ask": number, "action": action}:
                asked[number] = at_s, action
                stream.asked.append((at_s, action))
            case {"answer": number, **rest}:
                asked_s, action = asked[number]
                stream.answers[key_of(action)].append(_answer(asked_s, at_s - asked_s, rest))
            case {"fact": fact, "fields": said} if fact != Fact.TARGET:  # is not the dispatcher's
                stream.facts.append((fact, {name: str(value) for name, value in said.items()}))
    return stream


def _answer(asked_s: float, took_s: float, told: dict[str, Any]) -> Answer:
    errors = {"ami-refused": AmiRefusedError, "ami-timeout": AmiTimeoutError, "ami-down": AmiDownError}
    error = errors[told["error"]](told["words"]) if "error" in told else None
    return Answer(asked_s, took_s, [AmiEvent(*item) for item in told.get("items", ())], error)


class ReplayedAsterisk:
    """Fills `dispatch.ports.Asterisk`."""

    def __init__(self, stream: Stream, clock: VirtualClock) -> None:
        self._stream = stream
        self._clock = clock
        self._left = {key: list(answers) for key, answers in stream.answers.items()}
        self.up = False
        self.beats_s: list[float] = []
        self.done: list[tuple[float, ActionFields]] = []
        """What was done, beats and questions left out."""
        self.unknown: list[ActionFields] = []

    async def send(self, action: ActionFields, timeout_s: float = 2.0) -> AmiEvent:
        answer = await self._ask(action)
        return answer.items[0] if answer.items else AmiEvent("Success")

    async def collect(self, action: ActionFields, timeout_s: float = 5.0) -> list[AmiEvent]:
        return (await self._ask(action)).items

    async def play(self, inbox: Inbox) -> None:
        """Say everything at its instant."""
        for at_s, item in self._stream.heard:
            await self._clock.sleep(max(0.0, at_s - self._clock.passed_s()))
            self.up = (self.up or isinstance(item, LinkUp)) and not isinstance(item, LinkDown)
            inbox.put_nowait(item)
        await self._clock.sleep(max(0.0, self._stream.ends_s - self._clock.passed_s()))

    async def _ask(self, action: ActionFields) -> Answer:
        checked_action(action)
        now_s = self._clock.passed_s()
        if not self.up:
            raise AmiDownError("the link to Asterisk is down")
        if action.get("Variable") == names.BEAT:
            self.beats_s.append(now_s)
            return Answer(now_s, 0.0, [])
        if action["Action"] not in QUESTIONS:
            self.done.append((now_s, action))
        answer = self._answer_to(action, now_s)
        await self._clock.sleep(answer.took_s)
        if answer.error is not None:
            raise answer.error
        return answer

    def _answer_to(self, action: ActionFields, now_s: float) -> Answer:
        left = self._left.get(key_of(action), [])
        while len(left) > 1 and left[0].asked_s < now_s - STALE_S:
            left.pop(0)
        if left:
            return left.pop(0)
        known = self._stream.answers.get(key_of(action))
        if known is None or action["Action"] not in QUESTIONS:
            self.unknown.append(action)
            return Answer(now_s, 0.0, [])
        return known[-1]


@dataclass
class Replay:
    """A dispatcher that has lived through a recording."""

    stream: Stream
    asterisk: ReplayedAsterisk
    dispatcher: Dispatcher
    journal: ControllerJournal
    inbox: Inbox
    alive: int = 0

    def facts(self, *kinds: Fact) -> list[tuple[str, dict[str, str]]]:
        """What the journal got: name and fields, of these kinds if there are any."""
        lines = self.journal.path.read_bytes().splitlines() if self.journal.path.exists() else []
        entries = [entry for line in lines if (entry := parse_line(line)) is not None]
        return [(one.name, one.fields) for one in entries if not kinds or one.name in kinds]

    def states(self, operator: str) -> list[str]:
        """The operator's states in their order, as the journal got them."""
        return [one["state"] for _, one in self.facts(Fact.PRESENCE) if one["operator"] == operator]

    def moves(self) -> list[tuple[str, str, str]]:
        """Every redirect in its order: channel, context, extension."""
        return [
            (str(one["Channel"]), str(one["Context"]), str(one["Exten"]))
            for _, one in self.asterisk.done
            if one["Action"] == "Redirect"
        ]

    def set_to(self, variable: str) -> list[str]:
        """The values that a channel's or a global variable was given, in their order."""
        return [str(one["Value"]) for _, one in self.asterisk.done if one.get("Variable") == variable]

    def undone(self) -> Counter[Key]:
        """What the recorded controller did and this one did not."""
        before = Counter(key_of(one) for _, one in self.stream.asked if one["Action"] not in QUESTIONS)
        return before - Counter(key_of(one) for _, one in self.asterisk.done)


def settings_of(stream: Stream) -> Settings:
    """The settings that the recorded centre had."""
    over = {f"BAILANYS_{name.upper()}": str(value) for name, value in stream.settings.items()}
    return load(CENTRE, over)


@asynccontextmanager
async def replaying(name: str, folder: Path) -> AsyncIterator[Replay]:
    """A dispatcher that hears a recording; `lived_through` plays it."""
    stream = read_stream(name)
    clock, inbox = VirtualClock(stream.began_ms), Inbox()
    asterisk = ReplayedAsterisk(stream, clock)
    journal = ControllerJournal(folder / "controller.csv")

    async def recall() -> Recalled:
        return Recalled(clock.now_ms(), (), ())

    def alive() -> None:
        replay.alive += 1

    dispatcher = Dispatcher(settings_of(stream), asterisk, clock, inbox, journal, alive, recall)
    replay = Replay(stream, asterisk, dispatcher, journal, inbox)
    await clock.sleep(stream.heard[0][0] - STARTS_S)  # its looks come when the recorded ones did
    tasks = [asyncio.create_task(work) for work in (dispatcher.run(), dispatcher.audit())]
    try:
        yield replay
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def lived_through(name: str, folder: Path) -> Replay:
    """Play a recording to its end."""
    async with replaying(name, folder) as replay:
        await replay.asterisk.play(replay.inbox)
        return replay
