"""A manager interface with a busy hotline behind it, in a process of its own: where a real Asterisk is too dear.

Eight hundred talks would take all of a small machine; here they are words alone, as Asterisk 22 says them. Callers
come, are moved to operators by `Redirect`, talk and hang up; `Status` lists every channel with its variables. What is
told of a call is told to the journal, too. Run as
`python -m bench.pretend_asterisk PORT JOURNAL OPERATORS CALLS_PER_S TALK_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.journal_lines import MadeCall
from dialplan import names

FIRST_OPERATOR = 2001
GROUPS = ("state-services", "portal", "ict")
WAITING_AT_FIRST = 60
RING_S = 0.3


@dataclass
class Call:
    """A caller who waits or talks."""

    id: str
    number: int
    group: str
    arrived_ms: int
    offers: int = 0
    operator: str = ""
    up: bool = False
    context: str = names.WAITING

    @property
    def channel(self) -> str:
        """The caller's."""
        return f"PJSIP/carrier-{self.number:08x}"

    @property
    def leg(self) -> str:
        """The operator's."""
        return f"PJSIP/op{self.operator}-{self.number:08x}"


@dataclass
class Pretended:
    """The hotline that is pretended."""

    journal: Path
    operators: int
    calls_per_s: float
    talk_s: float
    calls: dict[str, Call] = field(default_factory=dict)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    chance: random.Random = field(default_factory=lambda: random.Random(32))  # noqa: S311 - a scene, no secret
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self) -> None:
        """All operators talk, some callers wait."""
        for operator in self.names_of_operators():
            call = self.arrived()
            call.operator, call.up, call.context, call.offers = operator, True, names.CONNECT, 1
            self.busy.add(operator)
            self.later(self.talk(call, self.chance.uniform(1, self.talk_s)))
        for _ in range(WAITING_AT_FIRST):
            self.arrived()

    def names_of_operators(self) -> list[str]:
        """Their numbers."""
        return [str(FIRST_OPERATOR + number) for number in range(self.operators)]

    def arrived(self) -> Call:
        """A new caller, in the wait."""
        number = next(self.numbers)
        now_ms = time.time_ns() // 1_000_000
        call = Call(f"hl1-{now_ms // 1000}.{number}", number, GROUPS[number % len(GROUPS)], now_ms)
        self.calls[call.id] = call
        return call

    async def come(self) -> None:
        """Callers arrive until cancelled."""
        while True:
            await asyncio.sleep(self.chance.expovariate(self.calls_per_s))
            call = self.arrived()
            self.tell("Newchannel", Channel=call.channel, Uniqueid=call.id, Linkedid=call.id)
            self.tell(
                "UserEvent", UserEvent="BailanysWaiting", Channel=call.channel, Call=call.id, Group=call.group,
                Speaks="ru", Rank=str(call.arrived_ms), Offers="0",
            )  # fmt: skip

    def tell(self, event: str, **fields: str) -> None:
        """An event to whoever is logged in."""
        said = message(f"Event: {event}", "Privilege: call,all", f"Timestamp: {time.time():.6f}", *pairs(fields))
        for writer in self.writers:
            if not writer.is_closing():
                writer.write(said)

    def later(self, deed: object) -> None:
        """Begin it."""
        task = asyncio.ensure_future(deed)  # type: ignore[call-overload]  # a coroutine
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def ring(self, call: Call) -> None:
        """The operator's phone rings and is answered; the talk begins."""
        self.busy.add(call.operator)
        of_leg = {"Channel": call.leg, "Uniqueid": f"{call.id}9", "Linkedid": call.id}
        self.tell("Newchannel", **of_leg)
        dial = {"Channel": call.channel, "DestChannel": call.leg, "DestLinkedid": call.id}
        self.tell("DialBegin", **dial)
        await asyncio.sleep(RING_S)
        call.up = True
        self.tell("DialEnd", DialStatus="ANSWER", **dial)
        await self.talk(call, self.chance.uniform(0.1, 1.9) * self.talk_s)

    async def talk(self, call: Call, seconds: float) -> None:
        """Until the operator hangs up, and the caller after the rating."""
        await asyncio.sleep(seconds)
        self.tell("Hangup", Channel=call.leg, Uniqueid=f"{call.id}9", Linkedid=call.id)
        self.busy.discard(call.operator)
        self.tell("Hangup", Channel=call.channel, Uniqueid=call.id, Linkedid=call.id)
        self.calls.pop(call.id, None)
        made = MadeCall(
            call.id, call.arrived_ms, f"+7701{call.number:07}", call.group, call.operator,
            talk_ms=round(1000 * seconds),
        )  # fmt: skip
        with self.journal.open("ab") as lines:
            lines.write(b"".join(line for _, line in made.lines()))

    def answer(self, action: dict[str, str]) -> Iterator[bytes]:
        """What Asterisk says to an action."""
        of = f"ActionID: {action.get('ActionID', '')}"
        match action["Action"]:
            case "Status":
                yield from self.listed(of, self.status(action.get("Channel", "")))
            case "DBGetTree" if action["Family"] == names.PRESENCE_FAMILY:
                ready = [("DBGetTreeResponse", {"Key": f"/{names.PRESENCE_FAMILY}/{one}", "Val": "ready:"})
                         for one in self.names_of_operators()]  # fmt: skip
                yield from self.listed(of, ready)
            case "DBGetTree":
                yield message("Response: Error", of, "Message: Database entry not found")
            case "DeviceStateList":
                states = [("DeviceStateChange", {"Device": f"PJSIP/op{one}",
                           "State": "INUSE" if one in self.busy else "NOT_INUSE"})
                          for one in self.names_of_operators()]  # fmt: skip
                yield from self.listed(of, states)
            case "QueueStatus":
                yield from self.listed(of, self.members())
            case "Redirect" if call := self.of_channel(action["Channel"]):
                yield message("Response: Success", of)
                if action["Context"] == names.CONNECT and not call.operator:
                    call.offers, call.context, call.operator = call.offers + 1, names.CONNECT, action["Exten"]
                    self.later(self.ring(call))
            case "Redirect" | "Originate":
                yield message("Response: Error", of, "Message: Channel does not exist")
            case _:
                yield message("Response: Success", of, "Value: 1")

    def of_channel(self, channel: str) -> Call | None:
        """The call of a caller's channel."""
        return next((call for call in self.calls.values() if call.channel == channel), None)

    def listed(self, of: str, rows: list[tuple[str, dict[str, str]]]) -> Iterator[bytes]:
        """A list of events as an action's answer."""
        yield message("Response: Success", of, "EventList: start")
        for event, fields in rows:
            variables = [f"Variable: {one}" for one in fields.pop("Variables", "").split("\n") if one]
            yield message(f"Event: {event}", of, *pairs(fields), *variables)
        yield message("Event: Complete", of, "EventList: Complete")

    def status(self, channel: str) -> list[tuple[str, dict[str, str]]]:
        """Every channel, or only this one."""
        rows = []
        for call in [*self.calls.values()] if not channel else [one for one in [self.of_channel(channel)] if one]:
            rows.append(("Status", self.channel_row(call)))
            if call.operator and call.up and not channel:
                rows.append(("Status", self.leg_row(call)))
        return rows

    def channel_row(self, call: Call) -> dict[str, str]:
        """A caller's channel with what it carries."""
        carried = {
            names.ARRIVED: str(call.arrived_ms), names.RANK: str(call.arrived_ms), names.LANGUAGE: "ru",
            names.GROUP: call.group, names.SEQ: "1", names.OFFER: str(call.offers),
            names.TALKED: call.operator if call.up else "", names.TOLD: "3:2:4",
        }  # fmt: skip
        variables = "\n".join(f"{name}={carried.get(name, '(null)')}" for name in names.CALLER_VARIABLES)
        return _row(call.channel, call.id, call.id) | {"Context": call.context, "Variables": variables}

    def leg_row(self, call: Call) -> dict[str, str]:
        """An operator's channel."""
        variables = "\n".join(f"{name}=(null)" for name in names.CALLER_VARIABLES)
        return _row(call.leg, f"{call.id}9", call.id) | {"Context": "talking", "Variables": variables}

    def members(self) -> list[tuple[str, dict[str, str]]]:
        """Those of the native queues, in step already."""
        return [
            ("QueueMember", {"Queue": group, "Location": f"PJSIP/op{one}", "Paused": "0", "Penalty": "0"})
            for group in GROUPS
            for one in self.names_of_operators()
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                lines = [line.partition(": ") for line in block.decode().strip().split("\r\n")]
                action = {name: value for name, _, value in lines}
                if action["Action"] == "Login":
                    self.writers.add(writer)
                for part in self.answer(action):
                    if not writer.is_closing():
                        writer.write(part)
        self.writers.discard(writer)
        writer.close()

    async def lose_the_link(self) -> None:
        """Close every connection whenever a line comes on standard input: the truth is then rebuilt."""
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            for writer in list(self.writers):
                writer.close()


def _row(channel: str, uniqueid: str, linkedid: str) -> dict[str, str]:
    return {
        "Privilege": "Call", "Channel": channel, "ChannelState": "6", "ChannelStateDesc": "Up",
        "CallerIDNum": "77010000000", "CallerIDName": "<unknown>", "ConnectedLineNum": "1414",
        "ConnectedLineName": "<unknown>", "Language": "ru", "AccountCode": "", "Exten": "s", "Priority": "7",
        "Uniqueid": uniqueid, "Linkedid": linkedid, "Type": "PJSIP", "DNID": "1414",
        "EffectiveConnectedLineNum": "1414",
        "EffectiveConnectedLineName": "<unknown>", "TimeToHangup": "0", "BridgeID": "", "Application": "Dial",
        "Data": "PJSIP/op2001", "Nativeformats": "(alaw)", "Readformat": "alaw", "Readtrans": "",
        "Writeformat": "alaw", "Writetrans": "", "Callgroup": "0", "Pickupgroup": "0", "Seconds": "42",
    }  # fmt: skip


def pairs(fields: dict[str, str]) -> list[str]:
    """Headers."""
    return [f"{name}: {value}" for name, value in fields.items()]


def message(*lines: str) -> bytes:
    """Headers as one message on the wire."""
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def main(port: int, pretended: Pretended) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(pretended.serve, "127.0.0.1", port)
    pretended.begin()
    pretended.later(pretended.come())
    pretended.later(pretended.lose_the_link())
    await server.serve_forever()


if __name__ == "__main__":
    _, at, journal, operators, pace, talk_s = sys.argv
    asyncio.run(main(int(at), Pretended(Path(journal), int(operators), float(pace), float(talk_s))))
