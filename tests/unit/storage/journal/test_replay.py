"""Journals that a real Asterisk 22 wrote; and journals read anew, as the manual says it may be done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select

from calls.audit import faults
from calls.journal import Fact
from storage import audit
from storage.journal.projector import Projector
from storage.journal.writer import ControllerJournal
from storage.ledger import Ledger
from storage.tables import journal_position, metadata
from tests.unit.storage.scene import START_MS, Caller, plain_call, projector_of

JOURNALS = Path(__file__).parent / "journals"


async def test_a_blind_transfer(projector: Projector, ledger: Ledger, journal: Path) -> None:
    shutil.copy(JOURNALS / "asterisk-22-blind-transfer.csv", journal)
    assert await projector.project_once() == 38
    assert projector.skipped == 0
    (call_id,) = await ledger.call_ids_between(0, 1 << 50)
    story = await ledger.call_story(call_id)
    assert story is not None
    record = story.record
    assert (record.call.dialled, record.call.caller_key, record.call.language) == ("1414", "+77011234567", "kk")
    first, second = record.segments[1], record.segments[2]
    assert (first.operator_id, first.ended_by, first.transfer_kind, first.bridged_ms) == (
        "101",
        "transfer",
        "blind",
        2023,
    )
    assert (second.operator_id, second.ended_by, second.group_id, second.bridged_ms) == (
        "102",
        "operator",
        "portal",
        2001,
    )
    assert record.call.answered_ms == 1795380245422
    assert record.ratings[2, "102"].score == 5
    assert [step.step for step in story.steps] == ["language-asked", "language-chosen", "topic-asked", "topic-chosen"]
    assert [(row.operator_id, row.state) for row in await ledger.operators_now()] == [
        ("101", "ready"),
        ("102", "ready"),
    ]
    assert len(await ledger.recordings.segments_to_finalise()) == 2


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the ledger but how far the journals are read."""
    with engine.begin() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name != "journal_position"
        }


def eventful(journal: Path, controllers: Path) -> None:
    """A talk with pauses, a transfer, a callback; supervisors' changes, presence, alarms: all that makes rows."""
    paused = Caller(1).arrive().choose().queue().offer("103").pick_up("103").talk("103")
    fact = {"of": paused.id, "seq": 1, "offer": 1, "reason": "paused", "detail": "card", "by": "103"}
    paused.fact("gap", 5000, **fact, from_ms=paused.now_ms)
    paused.fact("gap", 9000, **fact, from_ms=paused.now_ms - 9000, to_ms=paused.now_ms, ended_by="103")
    paused.operator_leaves("103").hang_up()
    other = plain_call(2, START_MS + 90_000)
    asked = Caller(3, START_MS + 120_000).arrive().choose().queue()
    asked.fact("callback-asked", 100, number="+77017654321").hang_up()
    journal.write_bytes(b"".join([*paused.lines, *other.lines, *asked.lines]))
    own = ControllerJournal(controllers)
    for number, (before, after) in enumerate([("portal 1", "portal 2"), ("portal 2", "portal 1"), ("portal 1", "")]):
        told: dict[str, str | int] = {"kind": "operator.skills", "subject": "101", "by": "cli:anna"}
        own.write(Fact.CHANGED, START_MS + number, told | {"before": before, "after": after})
        own.write(Fact.PRESENCE, START_MS + number, {"operator": "101", "state": ("ready", "paused")[number % 2]})
        own.write(Fact.ALARM, START_MS + number, {"kind": "spool-slow", "detail": "3 s"})


async def test_journals_read_anew_change_nothing_at_all(engine: Engine, projector: Projector, journal: Path) -> None:
    """The manual's own remedy for rows that were lost: every table is as it was, and the audit log's chain holds."""
    eventful(journal, journal.with_name("controller.csv"))
    while await projector.project_once():
        pass
    once = everything(engine)
    assert len(once["audit"]) == 5 and len(once["call"]) == 3 and once["alarm"] and once["gap"] and once["offer"]
    for _ in range(2):
        with engine.begin() as connection:
            connection.execute(delete(journal_position))
        anew = projector_of(engine, [journal, journal.with_name("controller.csv")])
        while await anew.project_once():
            pass
        assert everything(engine) == once
    with engine.begin() as connection:
        assert list(faults(audit.entries(connection))) == []


@pytest.mark.parametrize("way", ["copied", "cut and put together", "put aside"])
async def test_a_journal_in_another_file_enters_nothing_twice(
    engine: Engine, projector: Projector, journal: Path, way: str
) -> None:
    """A file with another inode or another first line is read from its beginning: restored, moved to a new disk."""
    eventful(journal, journal.with_name("controller.csv"))
    while await projector.project_once():
        pass
    once = everything(engine)
    for path in (journal, journal.with_name("controller.csv")):
        lines = path.read_bytes().splitlines(keepends=True)
        path.unlink()
        match way:
            case "copied":
                path.write_bytes(b"".join(lines))
            case "cut and put together":
                path.write_bytes(b"".join([*lines[len(lines) // 2 :], *lines]))
            case "put aside":
                path.with_name(f"{path.name}.1").write_bytes(b"".join(lines))
                path.write_bytes(b"".join(lines[-3:]))
    anew = projector_of(engine, [journal, journal.with_name("controller.csv")])
    while await anew.project_once():
        pass
    assert everything(engine)["audit"] == once["audit"]
    if way == "copied":
        assert everything(engine) == once


async def test_two_changes_that_differ_in_anything_are_two_entries(
    engine: Engine, projector: Projector, journal: Path
) -> None:
    own, told = ControllerJournal(journal.with_name("controller.csv")), {"kind": "k", "subject": "s", "by": "b"}
    for at_ms, other in (
        (1, {}),
        (2, {}),
        (2, {"by": "c"}),
        (2, {"subject": "t"}),
        (2, {"kind": "l"}),
        (2, {"after": "x"}),
    ):
        for _ in range(2):
            own.write(Fact.CHANGED, START_MS + at_ms, told | other)
    while await projector.project_once():
        pass
    with engine.begin() as connection:
        assert len(list(audit.entries(connection))) == 6
