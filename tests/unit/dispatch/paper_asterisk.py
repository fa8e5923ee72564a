"""An Asterisk on paper: channels, database, phones and queues, which our actions change as they do the real one's.

What it cannot know (which extension a caller goes on to) a test says by `moves`; what it refuses, by `refuses`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calls.journal import Fact
from calls.journal_lines import parse_line
from config.load import load
from config.settings import Settings
from dialplan import names
from dispatch.callbacks import Recalled
from dispatch.dispatcher import Dispatcher, Inbox
from dispatch.notes import Notes
from storage.journal.writer import ControllerJournal
from telephony.ami_event import AmiEvent, LinkUp
from telephony.errors import AmiRefusedError, TelephonyError
from telephony.quoting import ActionFields, checked_action
from tests.unit.dispatch.virtual_time import NOON_MS, VirtualClock

CONFIG = Path(__file__).resolve().parents[3] / "config/hotline.toml"
CALLER = "PJSIP/carrier-00000001"
CALL = "hl1-1.1"


@dataclass
class PaperChannel:
    """One channel."""

    name: str
    uniqueid: str
    linkedid: str
    up: bool = True
    context: str = ""
    exten: str = "s"
    application: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def status(self) -> AmiEvent:
        """As `Status` lists it."""
        lines = [f"{name}={value}" for name, value in self.variables.items()]
        said = {
            "Channel": self.name,
            "Uniqueid": self.uniqueid,
            "Linkedid": self.linkedid,
            "ChannelState": "6" if self.up else "5",
            "Context": self.context,
            "Exten": self.exten,
            "Application": self.application,
        }
        if len(lines) == 1:
            return AmiEvent("Status", said | {"Variable": lines[0]})
        return AmiEvent("Status", said, {"Variable": lines} if lines else {})


class PaperAsterisk:
    """Fills `dispatch.ports.Asterisk`."""

    def __init__(self) -> None:
        self.channels: dict[str, PaperChannel] = {}
        self.database: dict[str, dict[str, str]] = defaultdict(dict)
        self.devices: dict[str, str] = {}
        self.members: dict[tuple[str, str], tuple[str, str]] = {}
        """By queue and interface: penalty and whether it is paused."""
        self.globals: dict[str, str] = {}
        self.values: dict[tuple[str | None, str], str] = {}
        """What a function tells, by channel."""
        self.refuses: dict[str, list[TelephonyError | None]] = defaultdict(list)
        """By action: what is refused next, and what is not (None)."""
        self.moves: Callable[[PaperChannel], None] = lambda _: None
        """Called with every channel that was moved."""
        self.done: list[ActionFields] = []
        """Every action but the beat and the questions."""
        self.asked: list[str] = []

    def caller(
        self, context: str = "waiting", name: str = CALLER, call: str = CALL, application: str = "", **variables: str
    ) -> PaperChannel:
        """A caller who arrived a minute ago, chose a group, and is in this context."""
        carried = {
            names.ARRIVED: str(NOON_MS - 60_000),
            names.RANK: str(NOON_MS - 60_000),
            names.LANGUAGE: "ru",
            names.GROUP: "portal",
            names.SEQ: "1",
            names.OFFER: "0",
            names.ID: call,
        }
        carried |= {getattr(names, key.upper()): value for key, value in variables.items()}
        self.channels[name] = made = PaperChannel(
            name, call, call, context=context, application=application, variables=carried
        )
        return made

    def leg(
        self, operator: str, call: str = CALL, number: int = 2, *, up: bool = True, **variables: str
    ) -> PaperChannel:
        """A channel of an operator's phone, in this call."""
        name = f"PJSIP/op{operator}-{number:08x}"
        said = {getattr(names, key.upper()): value for key, value in variables.items()}
        self.channels[name] = made = PaperChannel(name, f"hl1-1.{number}", call, up=up, variables=said)
        return made

    def actions(self, *kinds: str) -> list[tuple[str, ...]]:
        """What was done of these kinds: the values of each action without its name."""
        return [
            tuple(str(value) for key, value in one.items() if key not in ("Action", "Priority"))
            for one in self.done
            if one["Action"] in kinds
        ]

    async def send(self, action: ActionFields, timeout_s: float = 2.0) -> AmiEvent:
        checked_action(action)
        kind = str(action["Action"])
        if action.get("Variable") != names.BEAT:
            (self.asked if kind == "Getvar" else self.done).append(kind if kind == "Getvar" else action)  # type: ignore[arg-type]
        self._refuse(kind)
        return getattr(self, f"_{kind.lower()}", self._as_told)({key: str(value) for key, value in action.items()})

    async def collect(self, action: ActionFields, timeout_s: float = 5.0) -> list[AmiEvent]:
        checked_action(action)
        kind = str(action["Action"])
        self.asked.append(kind)
        self._refuse(kind)
        match kind:
            case "Status":
                if channel := action.get("Channel"):
                    return [self._channel(str(channel)).status()]
                return [one.status() for one in self.channels.values()]
            case "DBGetTree":
                kept = self.database.get(str(action["Family"]), {})
                if not kept:
                    raise AmiRefusedError("Database entry not found")
                family = action["Family"]
                return [AmiEvent("DBGetTreeResponse", {"Key": f"/{family}/{key}", "Val": v}) for key, v in kept.items()]
            case "DeviceStateList":
                return [
                    AmiEvent("DeviceStateChange", {"Device": one, "State": state})
                    for one, state in self.devices.items()
                ]
            case "QueueStatus":
                return [
                    AmiEvent("QueueParams", {"Queue": "portal"}),
                    *(
                        AmiEvent("QueueMember", {"Queue": queue, "Location": at, "Penalty": penalty, "Paused": paused})
                        for (queue, at), (penalty, paused) in self.members.items()
                    ),
                ]
        raise AssertionError(f"nothing lists {kind}")

    def _refuse(self, kind: str) -> None:
        if self.refuses[kind] and (error := self.refuses[kind].pop(0)) is not None:
            raise error

    def _channel(self, name: str) -> PaperChannel:
        if name not in self.channels:
            raise AmiRefusedError(f"Channel does not exist: {name}")
        return self.channels[name]

    def _as_told(self, action: dict[str, str]) -> AmiEvent:
        return AmiEvent("Success")

    def _redirect(self, action: dict[str, str]) -> AmiEvent:
        for prefix in ("", "Extra"):
            if name := action.get(f"{prefix}Channel"):
                channel = self._channel(name)
                channel.context, channel.exten = action[f"{prefix}Context"], action[f"{prefix}Exten"]
                channel.application = ""
                self.moves(channel)
        return AmiEvent("Success")

    def _setvar(self, action: dict[str, str]) -> AmiEvent:
        variables = self._channel(action["Channel"]).variables if "Channel" in action else self.globals
        variables[action["Variable"]] = action["Value"]
        return AmiEvent("Success")

    def _getvar(self, action: dict[str, str]) -> AmiEvent:
        channel, name = action.get("Channel"), action["Variable"]
        known = self.values.get((channel, name))
        if known is None and channel is not None:
            known = self._channel(channel).variables.get(name)
        return AmiEvent("Success", {"Variable": name, "Value": known or ""})

    def _dbput(self, action: dict[str, str]) -> AmiEvent:
        self.database[action["Family"]][action["Key"]] = action["Val"]
        return AmiEvent("Success")

    def _dbdel(self, action: dict[str, str]) -> AmiEvent:
        if self.database.get(action["Family"], {}).pop(action["Key"], None) is None:
            raise AmiRefusedError("Database entry not found")
        return AmiEvent("Success")

    def _queueadd(self, action: dict[str, str]) -> AmiEvent:
        member = (action["Queue"], action["Interface"])
        if member in self.members:
            raise AmiRefusedError("Unable to add interface: Already there")
        self.members[member] = action["Penalty"], "1" if action["Paused"] == "true" else "0"
        return AmiEvent("Success")

    def _queuepause(self, action: dict[str, str]) -> AmiEvent:
        for (queue, interface), (penalty, _) in self.members.items():
            if interface == action["Interface"] and action.get("Queue", queue) == queue:
                self.members[queue, interface] = penalty, "1" if action["Paused"] == "true" else "0"
        return AmiEvent("Success")

    def _queuepenalty(self, action: dict[str, str]) -> AmiEvent:
        member = (action["Queue"], action["Interface"])
        self.members[member] = action["Penalty"], self.members[member][1]
        return AmiEvent("Success")

    def _queueremove(self, action: dict[str, str]) -> AmiEvent:
        if self.members.pop((action["Queue"], action["Interface"]), None) is None:
            raise AmiRefusedError("Unable to remove interface: Not there")
        return AmiEvent("Success")

    def _hangup(self, action: dict[str, str]) -> AmiEvent:
        del self.channels[self._channel(action["Channel"]).name]
        return AmiEvent("Success")


class Told:
    """A journal, and what it got."""

    def __init__(self, folder: Path) -> None:
        self.journal = ControllerJournal(folder / "controller.csv")

    def facts(self, *kinds: Fact) -> list[dict[str, str]]:
        """The fields of every fact of these kinds."""
        lines = self.journal.path.read_bytes().splitlines() if self.journal.path.exists() else []
        entries = [entry for line in lines if (entry := parse_line(line)) is not None]
        return [entry.fields for entry in entries if entry.name in kinds]

    def alarms(self) -> list[tuple[str, str]]:
        """Kind and detail of every alarm."""
        return [(one["kind"], one["detail"]) for one in self.facts(Fact.ALARM)]


class Notebook(Notes):
    """Facts and alarms, kept in memory."""

    def __init__(self) -> None:
        self.noted: list[tuple[Fact, str, dict[str, Any]]] = []

    def note(self, fact: Fact, call: str = "", /, **told: str | int) -> None:
        self.noted.append((fact, call, told))

    def alarms(self) -> list[tuple[str, str]]:
        """Kind and detail of every alarm."""
        return [(told["kind"], told["detail"]) for fact, _, told in self.noted if fact is Fact.ALARM]


def hotline(**over: str) -> Settings:
    """The shipped centre, with these settings over it."""
    return load(CONFIG, {f"BAILANYS_{name.upper()}": value for name, value in over.items()})


class Centre:
    """A dispatcher at an Asterisk on paper."""

    def __init__(self, folder: Path, **over: str) -> None:
        self.settings = hotline(**over)
        self.asterisk = PaperAsterisk()
        self.clock = VirtualClock()
        self.inbox = Inbox()
        self.told = Told(folder)
        self.beats = 0
        self.owed = Recalled(0, (), ())
        self.recall_fails: Exception | None = None
        self.dispatcher = Dispatcher(
            self.settings, self.asterisk, self.clock, self.inbox, self.told.journal, self._alive, self._recall
        )

    def _alive(self) -> None:
        self.beats += 1

    async def _recall(self) -> Recalled:
        if self.recall_fails:
            raise self.recall_fails
        return self.owed

    def registered(self, *operators: str, ready: bool = True) -> None:
        """These phones are there, and their operators said so."""
        for operator in operators:
            self.asterisk.devices[f"PJSIP/op{operator}"] = "NOT_INUSE"
            self.asterisk.database[names.PRESENCE_FAMILY][operator] = "ready:" if ready else "paused:lunch"

    def says(self, name: str, **said: str) -> None:
        """Asterisk says this now."""
        stamp = f"{self.clock.now_ms() / 1000:.6f}"
        self.inbox.put_nowait(AmiEvent(name, {"Timestamp": stamp, **said}))

    def says_waiting(self, channel: PaperChannel, **more: str) -> None:
        """The dialplan says that this caller waits."""
        said = channel.variables
        self.says(
            "UserEvent", UserEvent=names.WAITING_EVENT, Channel=channel.name, Uniqueid=channel.uniqueid,
            Call=channel.uniqueid, Group=said[names.GROUP], Speaks=said[names.LANGUAGE], Rank=said[names.RANK],
            Added=said.get(names.PRIORITY, ""), Offers=said[names.OFFER], Operator="", Outcome="",
            Wanted=said.get(names.WANTED, ""), Giver=said.get(names.GIVER, ""), **more,
        )  # fmt: skip


@asynccontextmanager
async def running(centre: Centre, *, up: bool = True) -> AsyncIterator[Centre]:
    """The centre with its dispatcher at work; by default it is in step with Asterisk already."""
    tasks = [asyncio.create_task(work) for work in (centre.dispatcher.run(), centre.dispatcher.audit())]
    try:
        if up:
            centre.inbox.put_nowait(LinkUp())
            await asyncio.sleep(0.001)
            assert centre.dispatcher.synced
        yield centre
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def values(rows: Iterable[Any], *names_: str) -> list[tuple[Any, ...]]:
    """These attributes of each row."""
    return [tuple(getattr(row, name) for name in names_) for row in rows]
