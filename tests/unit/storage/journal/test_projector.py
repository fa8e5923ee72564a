"""From the journal into the ledger, on both databases: each line once, whatever happens."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from calls.audit import faults
from calls.journal import Fact
from calls.journal_lines import format_hangup, format_line
from rating.taking import take_rating
from storage import audit, rows
from storage.engine import open_engine
from storage.errors import JournalError, LedgerUnavailableError
from storage.journal.projector import Projector
from storage.journal.reader import append, drop_read, rotate_if_large
from storage.journal.writer import ControllerJournal, raise_alarm
from storage.ledger import Ledger
from storage.record import CallRecord
from storage.tables import metadata
from tests.unit.storage import scene
from tests.unit.storage.postgres import Server
from tests.unit.storage.scene import START_MS, Caller, projector_of


def write(journal: Path, lines: list[bytes]) -> None:
    with journal.open("ab") as file:
        file.writelines(lines)


def overwrite(journal: Path, content: bytes) -> int:
    """The file keeps its inode, which is returned."""
    journal.write_bytes(content)
    return journal.stat().st_ino


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows but the positions: what two ledgers are compared by."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name != "journal_position"
        }


async def caught_up(projector: Projector) -> None:
    while await projector.project_once():
        pass


async def record(ledger: Ledger, caller: Caller) -> CallRecord:
    story = await ledger.call_story(caller.id)
    assert story is not None
    return story.record


async def test_a_call_is_in_the_ledger(projector: Projector, ledger: Ledger, journal: Path) -> None:
    caller = scene.plain_call(1)
    write(journal, caller.lines)
    assert await projector.project_once() == len(caller.lines)
    assert await projector.project_once() == 0
    known = await record(ledger, caller)
    assert known.call.result == "answered"
    assert known.call.caller_name_raw == "Айгүл"
    assert known.segments[1].operator_id == "103"
    assert known.ratings[1, "103"].score == 5
    assert projector.skipped == 0


async def test_a_rating_that_cannot_be_is_an_alarm_and_no_row(engine: Engine, ledger: Ledger, journal: Path) -> None:
    """On the one way: raised in our own journal, with the fact's instant: one row, however often read."""
    ours = ControllerJournal(journal.with_name("controller.csv"))
    caller = scene.served_by_the_net(1)
    over = caller.lines.pop()
    caller.fact("rated", 500, seq=1, operator="104", score=9)
    at_ms = caller.now_ms
    write(journal, [*caller.lines, over])
    for _ in range(2):
        await caught_up(Projector(engine, [journal, ours.path], take_rating, partial(raise_alarm, ours)))
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM journal_position"))
    assert (await record(ledger, caller)).ratings[1, "104"].outcome == "hung_up"
    (alarm,) = await ledger.alarms_between(0, 2**53)
    assert (alarm.at_ms, alarm.kind) == (at_ms, "rating-impossible")
    assert alarm.detail == f"call {caller.id}: the score is none of 1–5"
    assert b"9" not in alarm.detail.encode().replace(caller.id.encode(), b"")


async def test_no_line_is_taken_in_while_its_alarm_cannot_be_raised(
    engine: Engine, ledger: Ledger, journal: Path
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    caller = scene.left_waiting(1).fact("rated", 1, seq=1, operator="101", score=5)
    write(journal, caller.lines)
    with pytest.raises(JournalError):
        await Projector(engine, [journal], take_rating, full_disk).project_once()
    assert await ledger.call_story(caller.id) is None
    told: list[str] = []
    await caught_up(Projector(engine, [journal], take_rating, lambda kind, *_: told.append(kind)))
    assert told == ["rating-impossible"]
    assert (await record(ledger, caller)).ratings == {}


async def test_a_line_at_a_time_comes_to_the_same_as_all_at_once(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = scene.transferred_call(1)
    for line in caller.lines:
        write(journal, [line])
        assert await projector.project_once() == 1
    assert await record(ledger, caller) == scene.as_recorded(caller)


async def test_a_new_projector_goes_on_where_the_last_one_ended(
    engine: Engine, projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = scene.transferred_call(1)
    for line in caller.lines:
        write(journal, [line])
        assert await projector_of(engine, [journal]).project_once() == 1
    assert await record(ledger, caller) == scene.as_recorded(caller)
    assert await projector.project_once() == 0


async def test_half_a_line_waits_for_its_end(projector: Projector, ledger: Ledger, journal: Path) -> None:
    caller = scene.left_in_menu(1)
    whole = b"".join(caller.lines)
    for end in range(0, len(whole) + 1, 7):
        overwrite(journal, whole[:end])
        await caught_up(projector)
    overwrite(journal, whole)
    await caught_up(projector)
    assert (await record(ledger, caller)).call.result == "abandoned_menu"
    assert projector.skipped == 0


async def test_damaged_lines_are_skipped_and_counted(projector: Projector, ledger: Ledger, journal: Path) -> None:
    caller = scene.plain_call(1)
    damaged = [b"\x00\xff\n", b"half a line\n", b'"HANGUP","x"\n', b"\n"]
    write(journal, [*damaged, *caller.lines, *damaged])
    await caught_up(projector)
    assert projector.skipped == 2 * len(damaged)
    assert await record(ledger, caller) == scene.as_recorded(caller)


async def test_a_hole_of_zeroes_does_not_stop_the_projector(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = scene.plain_call(1)
    write(journal, [bytes(3_000_000), b"\n", *caller.lines])
    await caught_up(projector)
    assert (await record(ledger, caller)).call.result == "answered"


async def test_a_line_that_the_database_refuses_is_passed_over(
    projector: Projector, ledger: Ledger, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = scene.plain_call(1), scene.plain_call(2)
    monkeypatch.setattr("calls.journal_fields.LARGEST_SEQ", 2**80)
    monkeypatch.setattr("calls.journal_fields.whole", lambda value: None if value is None else int(value))
    poison = Caller(1).fact("queued", seq=2**70).lines
    write(journal, [*first.lines, *poison, *second.lines])
    await caught_up(projector)
    assert projector.skipped == 1
    assert await record(ledger, first) == scene.as_recorded(first)
    assert await record(ledger, second) == scene.as_recorded(second)


async def test_two_projectors_do_not_take_in_a_line_twice(engine: Engine, journal: Path) -> None:
    one, other = projector_of(engine, [journal]), projector_of(engine, [journal])
    lines = scene.journal(12)
    taken = 0
    for start in range(0, len(lines), 10):
        write(journal, lines[start : start + 10])
        taken += sum(await asyncio.gather(one.project_once(), other.project_once()))
    for projector in (one, other, one):
        taken += await projector.project_once()
    assert taken == len(lines)


async def test_a_failing_database_loses_nothing(
    engine: Engine, projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = scene.plain_call(1)
    write(journal, caller.lines[:8])
    await caught_up(projector)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE segment RENAME TO mislaid"))
    write(journal, caller.lines[8:])
    for _ in range(3):
        with pytest.raises(LedgerUnavailableError):
            await projector.project_once()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE mislaid RENAME TO segment"))
    await caught_up(projector)
    assert await record(ledger, caller) == scene.as_recorded(caller)
    assert projector.skipped == 0


async def test_a_database_that_was_restarted_is_used_again(postgres: Server, journal: Path) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as outside:
        outside.execute("CREATE DATABASE restarted TEMPLATE ledger_template")
        engine = open_engine(postgres.url("restarted"))
        projector, ledger, caller = projector_of(engine, [journal]), Ledger(engine), scene.plain_call(1)
        for line in caller.lines:
            write(journal, [line])
            outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'restarted'")
            assert await projector.project_once() == 1
        assert await record(ledger, caller) == scene.as_recorded(caller)
        engine.dispose()


async def test_the_journal_may_be_put_aside_at_any_moment(projector: Projector, engine: Engine, journal: Path) -> None:
    lines = scene.journal(24)
    for number, start in enumerate(range(0, len(lines), 9)):
        for line in lines[start : start + 9]:
            append(journal, line)
        if number % 3 == 1:
            await projector.project_once()
        if number % 2 == 1:
            assert rotate_if_large(journal, 100, START_MS + number) is not None
    await caught_up(projector)
    assert everything(engine)["call"] == everything_of(lines, engine, journal)["call"]
    assert len(drop_read(journal, projector.positions(), START_MS + 10**6)) > 5
    assert not list(journal.parent.glob("journal.csv.*"))


def everything_of(lines: list[bytes], engine: Engine, journal: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What another ledger holds after the same lines, straight."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    other = journal.with_name("straight.csv")
    write(other, lines)
    while projector_of(engine, [other]).project_now():
        pass
    return everything(engine)


async def test_a_small_journal_is_not_put_aside(journal: Path) -> None:
    assert rotate_if_large(journal, 100, START_MS) is None
    write(journal, [b"x\n"])
    assert rotate_if_large(journal, 100, START_MS) is None


async def test_an_unread_file_is_not_dropped(projector: Projector, journal: Path) -> None:
    write(journal, scene.plain_call(1).lines)
    rotate_if_large(journal, 1, START_MS)
    assert drop_read(journal, projector.positions(), START_MS + 1) == []
    await caught_up(projector)
    assert drop_read(journal, projector.positions(), START_MS) == []
    assert len(drop_read(journal, projector.positions(), START_MS + 1)) == 1


async def test_a_file_that_has_the_inode_of_another_is_read_from_its_beginning(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    first, second = scene.plain_call(1), scene.transferred_call(2)
    inode = overwrite(journal, b"".join(first.lines))
    await caught_up(projector)
    assert overwrite(journal, b"".join(second.lines)) == inode
    await caught_up(projector)
    assert (await record(ledger, second)).call.result == "answered"


async def test_operators_states_follow_each_other(
    projector: Projector, ledger: Ledger, engine: Engine, journal: Path
) -> None:
    def told(state: str, at_ms: int, reason: str = "") -> bytes:
        return format_line(Fact.PRESENCE, at_ms, {"operator": "101", "state": state, "reason": reason, "at_ms": at_ms})

    states = [told("ready", START_MS), told("talking", START_MS + 5000), told("paused", START_MS + 9000, "обед")]
    controller = journal.with_name("controller.csv")
    for line in [*states, states[1], told("offered", START_MS + 4000), states[0]]:
        append(controller, line)
        await caught_up(projector)
    assert [(row[2], row[4]) for row in everything(engine)["operator_state"]] == [
        ("ready", START_MS + 4000),
        ("offered", START_MS + 5000),
        ("talking", START_MS + 9000),
        ("paused", None),
    ]
    (now,) = await ledger.operators_now()
    assert (now.operator_id, now.state, now.reason, now.from_ms) == ("101", "paused", "обед", START_MS + 9000)


async def test_an_alarm_is_kept(projector: Projector, ledger: Ledger, journal: Path) -> None:
    append(journal.with_name("controller.csv"), format_line(Fact.ALARM, START_MS, {"kind": "disk", "detail": "91 %"}))
    await caught_up(projector)
    (alarm,) = await ledger.alarms_between(START_MS, START_MS + 1)
    assert (alarm.kind, alarm.detail) == ("disk", "91 %")
    assert await ledger.alarms_between(START_MS + 1, START_MS + 2) == []


async def test_a_lost_call_can_be_closed(projector: Projector, ledger: Ledger, journal: Path) -> None:
    caller = Caller(1).arrive().choose().queue()
    write(journal, caller.lines)
    await caught_up(projector)
    assert await ledger.open_calls() == [caller.id]
    append(journal.with_name("controller.csv"), format_hangup(START_MS + 60_000, caller.id))
    await caught_up(projector)
    assert await ledger.open_calls() == []
    assert (await record(ledger, caller)).call.result == "abandoned_waiting"


async def test_it_runs_until_it_is_cancelled(projector: Projector, ledger: Ledger, journal: Path) -> None:
    running = asyncio.create_task(projector.run(0.01))
    caller = scene.plain_call(1)
    write(journal, caller.lines)
    async with asyncio.timeout(10):
        while (await ledger.call_story(caller.id)) is None:
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_fault_does_not_end_it(
    projector: Projector, ledger: Ledger, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = [LedgerUnavailableError("away"), AttributeError("a fault of ours")]
    project = projector.project_once

    async def project_after_faults() -> int:
        if faults:
            raise faults.pop()
        return await project()

    monkeypatch.setattr(projector, "project_once", project_after_faults)
    await test_it_runs_until_it_is_cancelled(projector, ledger, journal)
    assert faults == []


async def test_a_journal_that_cannot_be_read_is_said_and_tried_again(projector: Projector, journal: Path) -> None:
    journal.with_name("controller.csv").mkdir()
    with pytest.raises(JournalError):
        await projector.project_once()
    journal.with_name("controller.csv").rmdir()
    write(journal, scene.plain_call(1).lines)
    assert await projector.project_once() == len(scene.plain_call(1).lines)


async def test_journals_are_kept_short(projector: Projector, journal: Path) -> None:
    write(journal, scene.plain_call(1).lines)
    projector.tidy(START_MS, limit_bytes=100, kept_ms=1000)
    await caught_up(projector)
    write(journal, scene.plain_call(2).lines)
    projector.tidy(START_MS + 1000, limit_bytes=10**6, kept_ms=1000)
    assert len(list(journal.parent.glob("journal.csv*"))) == 2
    projector.tidy(START_MS + 1001, limit_bytes=10**6, kept_ms=1000)
    assert list(journal.parent.glob("journal.csv*")) == [journal]


def test_one_write_appends_a_line(journal: Path) -> None:
    append(journal, b"a\n")
    append(journal, b"b\n")
    assert journal.read_bytes() == b"a\nb\n"
    assert journal.stat().st_mode & 0o777 == 0o640


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="not mysql"):
        open_engine("mysql+pymysql://root:secret@db/x")


async def test_what_a_supervisor_changed_is_in_the_audit_log_once(
    projector: Projector, engine: Engine, journal: Path
) -> None:
    said = {"kind": "operator.skills", "subject": "101", "by": "cli:aliya", "before": "ict=1 kk", "after": "ict=2 kk"}
    append(journal.with_name("controller.csv"), format_line(Fact.CHANGED, START_MS, said))
    await caught_up(projector)
    await caught_up(projector)
    with engine.connect() as connection:
        (entry,) = audit.about(connection, "101")
        assert not list(faults(audit.entries(connection)))
    assert (entry.actor, entry.kind, entry.at_ms) == ("cli:aliya", "operator.skills", START_MS)
    assert entry.detail == '{"after":"ict=2 kk","before":"ict=1 kk"}'


class Stopped(BaseException):
    """Ends `run` where it would have slept once too often."""


async def slept(projector: Projector, monkeypatch: pytest.MonkeyPatch, told: list[int | Exception]) -> list[float]:
    """The pauses that `run` makes while its portions come to this; it is stopped when they are through."""
    pauses: list[float] = []

    async def project() -> int:
        if not told:
            raise Stopped
        next_one = told.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        return next_one

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)

    monkeypatch.setattr(projector, "project_once", project)
    monkeypatch.setattr("storage.journal.projector.asyncio.sleep", sleep)
    with pytest.raises(Stopped):
        await projector.run(interval_s=0.5, longest_pause_s=3.0)
    return pauses


async def test_it_pauses_when_it_is_in_step_and_not_while_it_is_behind(
    projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await slept(projector, monkeypatch, [0, 249, 250, 700, 3]) == [0.5, 0.5, 0.5]


async def test_a_database_that_is_away_is_tried_ever_more_slowly_and_said(
    projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    away: list[int | Exception] = [LedgerUnavailableError("the disk is gone")] * 5
    assert await slept(projector, monkeypatch, list(away)) == [1.0, 2.0, 3.0, 3.0, 3.0]
    assert projector.away == "the disk is gone"
    assert await slept(projector, monkeypatch, [*away[:2], 0, *away[:1]]) == [1.0, 2.0, 0.5, 1.0]
    assert await slept(projector, monkeypatch, [*away, 0]) == [1.0, 2.0, 3.0, 3.0, 3.0, 0.5]
    assert projector.away == ""
    ours: list[int | Exception] = [AttributeError("a fault of ours")] * 4
    assert await slept(projector, monkeypatch, [*ours, 0]) == [1.0, 2.0, 3.0, 3.0, 0.5]


async def test_it_puts_journals_aside_at_once_and_then_every_minute(
    projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_s, tidied = [100.0], list[tuple[float, int]]()
    monkeypatch.setattr("storage.journal.projector.time.monotonic", lambda: clock_s[0])
    monkeypatch.setattr("storage.journal.projector.time.time_ns", lambda: 7_000_000_000)
    monkeypatch.setattr(projector, "tidy", lambda now_ms: tidied.append((clock_s[0], now_ms)))
    project, pauses = iter([0] * 8), 0

    async def once() -> int:
        for told in project:
            return told
        raise Stopped

    async def sleep(_pause_s: float) -> None:
        nonlocal pauses
        pauses += 1
        clock_s[0] += 20.0

    monkeypatch.setattr(projector, "project_once", once)
    monkeypatch.setattr("storage.journal.projector.asyncio.sleep", sleep)
    with pytest.raises(Stopped):
        await projector.run()
    assert (pauses, tidied) == (8, [(100.0, 7_000), (160.0, 7_000), (220.0, 7_000)])


async def test_journals_that_cannot_be_put_aside_are_told_as_such(
    projector: Projector, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("not yours")

    write(journal, scene.plain_call(1).lines)
    monkeypatch.setattr("storage.journal.projector.rotate_if_large", refuse)
    with pytest.raises(JournalError, match="not yours"):
        projector.tidy(START_MS)


async def test_how_large_a_journal_becomes_and_how_long_it_is_kept(
    projector: Projector, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "storage.journal.projector.rotate_if_large", lambda _, limit, __: asked.append(("rotate", limit))
    )
    monkeypatch.setattr(
        "storage.journal.projector.drop_read", lambda _, __, before_ms: asked.append(("drop", before_ms))
    )
    projector.tidy(START_MS)
    assert asked == [("rotate", 64 * 1024 * 1024), ("drop", START_MS - 2 * 24 * 3_600_000)] * 2


async def test_after_a_line_that_cannot_be_stored_nothing_is_folded_onto_what_was_rolled_back(
    projector: Projector, ledger: Ledger, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call goes on in the next portion: on what the ledger holds of it, not on what memory made up."""
    monkeypatch.setattr("calls.journal_fields.LARGEST_SEQ", 2**80)
    monkeypatch.setattr("calls.journal_fields.whole", lambda value: None if value is None else int(value))
    caller = scene.plain_call(1)
    poison = Caller(1).fact("queued", seq=2**70, group="ict").lines
    write(journal, [*caller.lines[:3], *poison])
    await caught_up(projector)
    assert projector.skipped == 1
    write(journal, caller.lines[3:])
    await caught_up(projector)
    assert projector.skipped == 1
    assert await record(ledger, caller) == scene.as_recorded(caller)


async def test_calls_that_are_no_longer_kept_in_memory_go_on_from_the_ledger(
    projector: Projector, ledger: Ledger, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least recently touched goes first."""
    monkeypatch.setattr("storage.journal.projector.KEPT_CALLS", 2)
    loaded: list[list[str]] = []
    load = rows.load

    def count(connection: Connection, ids: list[str]) -> dict[str, CallRecord]:
        loaded.append([call_id.rpartition(".")[2] for call_id in ids])
        return load(connection, ids)

    monkeypatch.setattr("storage.journal.projector.rows.load", count)
    callers = [scene.plain_call(number) for number in (1, 2, 3)]
    for at, nth in ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (1, 1)):
        write(journal, [callers[nth].lines[at]])
        assert await projector.project_once() == 1
    # 1 and 2 are new; 1 is kept; 3 is new and puts 2 out; 1 is kept; 2 is read again
    assert loaded == [["1"], ["2"], ["3"], ["2"]]
    for caller, known in zip(callers, (3, 2, 1), strict=True):
        write(journal, caller.lines[known:])
    await caught_up(projector)
    for caller in callers:
        assert await record(ledger, caller) == scene.as_recorded(caller)


async def test_it_is_in_step_once_nothing_or_little_is_left_to_read(
    projector: Projector, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_ns = [5_000_000_000]
    monkeypatch.setattr("storage.journal.projector.time.time_ns", lambda: clock_ns[0])
    assert projector.in_step_ms == 0
    await projector.project_once()
    assert projector.in_step_ms == 5_000
    clock_ns[0] = 6_000_999_999
    write(journal, scene.plain_call(1).lines)
    await projector.project_once()
    assert projector.in_step_ms == 6_000
    clock_ns[0] = 7_000_000_000
    write(journal, [line for number in range(2, 30) for line in scene.plain_call(number).lines][:250])
    assert await projector.project_once() == 250
    assert projector.in_step_ms == 6_000  # more of them may wait
    await projector.project_once()
    assert projector.in_step_ms == 7_000


async def test_a_projector_that_another_overtook_goes_on_from_where_the_other_is(
    engine: Engine, projector: Projector, journal: Path
) -> None:
    other = scene.projector_of(engine, [journal, journal.with_name("controller.csv")])
    lines = scene.plain_call(1).lines
    write(journal, lines[:2])
    assert await projector.project_once() == 2
    write(journal, lines[2:4])
    assert await other.project_once() == 2
    write(journal, lines[4:5])
    assert await projector.project_once() == 0, "what it remembers is stale"
    assert await projector.project_once() == 1


async def test_why_the_ledger_is_away_is_told_in_the_databases_own_words(
    projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, caused = SQLAlchemyError("too many clients"), SQLAlchemyError("(wrapped)")
    caused.__cause__ = OSError("disk I/O error")
    for error, said in ((bare, "^too many clients$"), (caused, "^disk I/O error$")):

        def fail(error: SQLAlchemyError = error) -> int:
            raise error

        monkeypatch.setattr(projector, "_project", fail)
        with pytest.raises(LedgerUnavailableError, match=said):
            await projector.project_once()
