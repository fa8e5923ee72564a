"""Actions run each by itself, and what comes of one is an event; facts are written, or it is logged why not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from calls.events import CallGone, Event
from calls.ids import CallId
from calls.journal import Fact
from calls.journal_lines import parse_line
from dispatch.notes import Notes
from dispatch.running import Running, tolerated
from storage.journal.writer import ControllerJournal
from telephony.errors import AmiRefusedError, AmiTimeoutError
from tests.unit.dispatch.virtual_time import NOON_MS, HandClock

GONE = CallGone(CallId("hl1-1.1"))


async def after(seconds: float, *events: Event) -> Sequence[Event]:
    await asyncio.sleep(seconds)
    return events


async def refused() -> Sequence[Event]:
    raise AmiRefusedError("no such channel")


async def nothing() -> None:
    await asyncio.sleep(0)


async def test_none_waits_for_another_and_their_events_come_as_they_end() -> None:
    said: list[Event] = []
    running = Running(said.append)
    other = CallGone(CallId("hl1-1.2"))
    running.begin([after(2, GONE), after(1, other), refused(), nothing()])
    assert said == []
    await asyncio.sleep(1.5)
    assert said == [other]
    await asyncio.sleep(1)
    assert said == [other, GONE]


async def test_one_can_be_run_to_its_end() -> None:
    said: list[Event] = []
    await Running(said.append).run(after(1, GONE))
    assert said == [GONE]


async def test_what_asterisk_does_not_do_has_no_events() -> None:
    async def late() -> Sequence[Event]:
        raise AmiTimeoutError("no answer")

    assert [await tolerated(action) for action in (refused(), late(), nothing(), after(0, GONE))] == [
        (), (), (), (GONE,),
    ]  # fmt: skip


def told(journal: ControllerJournal) -> list[tuple[str, str, int, dict[str, str]]]:
    entries = [parse_line(line) for line in journal.path.read_bytes().splitlines()]
    return [(one.name, one.linkedid, one.at_ms, one.fields) for one in entries if one is not None]


def test_facts_and_alarms_are_written_with_their_instant(tmp_path: Path) -> None:
    journal, clock = ControllerJournal(tmp_path / "controller.csv"), HandClock()
    notes = Notes(journal, clock)
    notes.note(Fact.CALLBACK_CANCELLED, "hl1-1.1", reason="too-often")
    clock.at_ms += 250
    notes.alarm("bug", "x = 1")
    assert told(journal) == [
        (Fact.CALLBACK_CANCELLED, "hl1-1.1", NOON_MS, {"reason": "too-often"}),
        (Fact.ALARM, "", NOON_MS + 250, {"kind": "bug", "detail": "x = 1"}),
    ]


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    journal = ControllerJournal(tmp_path / "controller.csv")
    journal.path.mkdir()
    Notes(journal, HandClock()).alarm("bug", "x")
    assert list(journal.path.iterdir()) == []
