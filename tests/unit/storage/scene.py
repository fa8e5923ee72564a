"""Journals as Asterisk writes them, of calls that go one way or another."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from calls.journal_lines import format_fields, parse_line
from rating.taking import take_rating
from storage.journal.fold import fold
from storage.journal.projector import Projector
from storage.record import CallRecord

START_MS = 1_764_000_000_000


def line(kind: str, at_ms: int, channel: str, uniqueid: str, linkedid: str, name: str = "", extra: str = "") -> bytes:
    out = io.StringIO()
    time = f"{at_ms // 1000}.{at_ms % 1000:03d}000"
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        (kind, time, channel, uniqueid, linkedid, name, extra)
    )
    return out.getvalue().encode()


@dataclass
class Caller:
    """A call under way; each method writes the line that Asterisk would, `after_ms` later than the last."""

    number: int
    now_ms: int = START_MS
    caller: str = "+77011234567"
    lines: list[bytes] = field(default_factory=list)
    phones: int = 0

    @property
    def id(self) -> str:
        return f"hl1-{START_MS // 1000}.{self.number}"

    @property
    def channel(self) -> str:
        return f"PJSIP/carrier-{self.number:08x}"

    def event(self, kind: str, after_ms: int = 0) -> Caller:
        self.now_ms += after_ms
        self.lines.append(line(kind, self.now_ms, self.channel, self.id, self.id, "", "{}"))
        return self

    def fact(self, name: str, after_ms: int = 0, /, **values: str | int) -> Caller:
        self.now_ms += after_ms
        extra = json.dumps({"extra": format_fields(values)})
        self.lines.append(line("USER_DEFINED", self.now_ms, self.channel, self.id, self.id, name, extra))
        return self

    def arrive(self) -> Caller:
        return self.fact("arrived", arrived_ms=self.now_ms, dialled="1414", caller=self.caller, name="Айгүл").event(
            "ANSWER", 3
        )

    def choose(self, language: str = "ru", by: str = "key") -> Caller:
        return self.fact("language", 4000, language=language, by=by).fact("step", 10, step="language", detail=language)

    def queue(self, group: str = "portal", seq: int = 1, via: str = "menu", after_ms: int = 3000) -> Caller:
        return self.fact(
            "queued",
            after_ms,
            seq=seq,
            group=group,
            queued_ms=self.now_ms + after_ms,
            rank_ms=START_MS,
            language="ru",
            via=via,
        )

    def offer(self, operator: str, seq: int = 1, offer: int = 1, via: str = "router", after_ms: int = 5000) -> Caller:
        told = "" if via == "net" else operator
        return self.fact("offered", after_ms, seq=seq, offer=offer, operator=told, file=self.file(seq, offer), via=via)

    def file(self, seq: int, offer: int) -> str:
        return f"{self.id}-{seq}-{offer}"

    def on_phone(self, kind: str, phone: str, after_ms: int = 0, name: str = "", /, **values: str | int) -> Caller:
        self.now_ms += after_ms
        if kind == "ANSWER":
            self.phones += 1
        uniqueid = f"{self.id}9{self.phones}"
        channel = f"PJSIP/op{phone}-{self.number:06x}{self.phones:02x}"
        extra = json.dumps({"extra": format_fields(values)}) if name else "{}"
        self.lines.append(line(kind, self.now_ms, channel, uniqueid, self.id, name, extra))
        return self

    def pick_up(self, operator: str, after_ms: int = 2000) -> Caller:
        return self.on_phone("ANSWER", operator, after_ms)

    def talk(self, operator: str, seq: int = 1, offer: int = 1, after_ms: int = 1500) -> Caller:
        file = self.file(seq, offer)
        return (
            self.on_phone(
                "USER_DEFINED", operator, after_ms, "talking", seq=seq, offer=offer, operator=operator, file=file
            )
            .on_phone("BRIDGE_ENTER", operator, 5)
            .event("BRIDGE_ENTER", 1)
        )

    def operator_leaves(self, operator: str, seq: int = 1, after_ms: int = 60_000) -> Caller:
        return (
            self.on_phone("BRIDGE_EXIT", operator, after_ms)
            .event("BRIDGE_EXIT", 1)
            .on_phone("HANGUP", operator, 2)
            .fact("talk_ended", 5, seq=seq, by="operator")
        )

    def rate(self, operator: str, score: int, seq: int = 1) -> Caller:
        return self.fact("rating_offered", 3, seq=seq, operator=operator).fact(
            "rated", 4000, seq=seq, operator=operator, score=score
        )

    def hang_up(self, after_ms: int = 2000) -> Caller:
        return self.event("HANGUP", after_ms)


def plain_call(number: int, start_ms: int = START_MS, caller: str = "+77011234567") -> Caller:
    """Chooses Russian, waits for the portal, talks a minute to 103, who hangs up; rates 5."""
    return (
        Caller(number, start_ms, caller)
        .arrive()
        .choose()
        .queue()
        .offer("103")
        .pick_up("103")
        .talk("103")
        .operator_leaves("103")
        .rate("103", 5)
        .hang_up()
    )


def transferred_call(number: int, start_ms: int = START_MS) -> Caller:
    """101 does not answer, 103 does and transfers to ICT, where 104 talks until the caller hangs up."""
    return (
        Caller(number, start_ms)
        .arrive()
        .choose("kk", "known")
        .queue("state-services")
        .offer("101")
        .fact("offer_ended", 15_000, seq=1, offer=1, operator="101", status="NOANSWER")
        .fact("returned", 1, seq=1)
        .offer("103", offer=2, after_ms=10)
        .pick_up("103")
        .talk("103", offer=2)
        .on_phone("BRIDGE_EXIT", "103", 30_000)
        .event("BRIDGE_EXIT", 1)
        .on_phone("HANGUP", "103", 1)
        .fact("transferred", 3, seq=1, kind="blind", operator="103", to="ict", wanted="104")
        .queue("ict", seq=2, via="transfer", after_ms=2)
        .fact("notice", 4000, seq=2, language="kk")
        .offer("104", seq=2, offer=3)
        .pick_up("104")
        .talk("104", seq=2, offer=3)
        .event("BRIDGE_EXIT", 45_000)
        .on_phone("HANGUP", "104", 1)
        .hang_up(2)
    )


def left_in_menu(number: int, start_ms: int = START_MS) -> Caller:
    """Hangs up four seconds after the call came."""
    return Caller(number, start_ms, "anonymous").arrive().hang_up(4000 - 3)


def left_waiting(number: int, start_ms: int = START_MS) -> Caller:
    """Hangs up while 101's phone rings."""
    return Caller(number, start_ms).arrive().choose().queue().offer("101").hang_up(9000)


def left_in_announcement(number: int, start_ms: int = START_MS) -> Caller:
    """Hangs up when 102 has picked up but is still hearing who calls."""
    return (
        Caller(number, start_ms)
        .arrive()
        .choose()
        .queue()
        .offer("102")
        .pick_up("102")
        .on_phone("HANGUP", "102", 400)
        .hang_up(1)
    )


def served_by_the_net(number: int, start_ms: int = START_MS) -> Caller:
    """The controller is dead: `app_queue` finds 104; the caller is asked for a rating and hangs up."""
    return (
        Caller(number, start_ms)
        .arrive()
        .choose("kk", "default")
        .queue("ict", via="net")
        .offer("104", via="net")
        .pick_up("104")
        .talk("104")
        .operator_leaves("104")
        .fact("rating_offered", 3, seq=1, operator="104")
        .hang_up(1000)
    )


SCENES = (plain_call, transferred_call, left_in_menu, left_waiting, left_in_announcement, served_by_the_net)


def journal(count: int, spacing_ms: int = 200, spread: bool = True) -> list[bytes]:
    """Many calls of all kinds, their lines in the order of time."""
    calls = [SCENES[number % len(SCENES)](number, START_MS + number * spacing_ms) for number in range(1, count + 1)]
    timed = [(index, line) for call in calls for index, line in enumerate(call.lines)]
    if not spread:
        return [line for _, line in timed]
    return sorted((line for _, line in timed), key=lambda line: line.split(b'","')[1])


def as_recorded(caller: Caller) -> CallRecord:
    """What the ledger must hold of this call."""
    entries = [entry for line in caller.lines if (entry := parse_line(line)) is not None]
    return fold(entries, {}, take_rating).records[caller.id]


def projector_of(engine: Engine, sources: Sequence[Path]) -> Projector:
    """As the product makes it; an alarm is a fault of the scene's."""

    def unexpected(kind: str, detail: str, _: int) -> None:
        raise AssertionError(f"{kind}: {detail}")

    return Projector(engine, sources, take_rating, unexpected)
