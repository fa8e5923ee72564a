"""Journal files: by whole lines, from where the last reading ended, and none lost when one is put aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from calls.alarms import Alarm
from calls.journal import Fact
from calls.journal_lines import format_line
from storage.journal import check
from storage.journal.alarms import alarms_in_journals
from storage.journal.check import Held
from storage.journal.projector import Projector
from storage.journal.reader import (
    LONGEST_LINE,
    READ_LIMIT,
    Portion,
    Position,
    append,
    drop_read,
    files_of,
    read_portion,
    rotate_if_large,
    unread_bytes,
)
from tests.unit.storage import scene


def read(journal: Path, position: Position | None = None, limit: int = READ_LIMIT) -> Portion | None:
    key = (journal.name, journal.stat().st_ino)
    return read_portion(journal, journal, {} if position is None else {key: position}, limit)


def test_files_put_aside_are_read_first_the_oldest_first(journal: Path) -> None:
    numbers = [20, 9, 100, 3, 1000, 70, 8, 600, 5, 40, 11, 2]
    for name in (*map(str, numbers), "gz"):
        journal.with_name(f"journal.csv.{name}").touch()
    assert [path.name for path in files_of(journal)] == [
        *(f"journal.csv.{number}" for number in sorted(numbers)),
        "journal.csv",
    ]


def test_whole_lines_are_taken_and_where_they_end_is_told(journal: Path) -> None:
    journal.write_bytes(b"one\ntwo\nthr")
    portion = read(journal)
    assert portion is not None
    assert (portion.lines, portion.before, portion.after.offset) == ((b"one", b"two"), None, 8)
    assert read(journal, portion.after) is None
    append(journal, b"ee\n")
    following = read(journal, portion.after)
    assert following is not None
    assert (following.lines, following.before, following.after.offset) == ((b"three",), portion.after, 14)
    assert read(journal, following.after) is None


def test_a_portion_is_no_longer_than_its_limit_but_for_one_long_line(journal: Path) -> None:
    journal.write_bytes(b"a" * 10 + b"\n" + b"b" * 30 + b"\nc\n")
    first = read(journal, limit=16)
    assert first is not None and first.lines == (b"a" * 10,)
    second = read(journal, first.after, limit=16)
    assert second is not None and second.lines == (b"b" * 30,)
    third = read(journal, second.after, limit=16)
    assert third is not None and third.lines == (b"c",)


def test_a_line_without_end_is_waited_for_until_it_is_damage(journal: Path) -> None:
    """A mebibyte is more than any line of ours: zeroes after a crash."""
    assert LONGEST_LINE == 1024 * 1024
    journal.write_bytes(bytes(LONGEST_LINE - 1))
    assert read(journal) is None
    journal.write_bytes(bytes(LONGEST_LINE))
    given_up = read(journal)
    assert given_up is not None
    assert (given_up.lines, given_up.after.offset) == ((bytes(LONGEST_LINE),), LONGEST_LINE)


@pytest.mark.parametrize("now", [b"one\n", b"other\ntwo\n", b"onE\ntwo\n"])
def test_a_file_that_was_cut_or_replaced_is_read_from_its_beginning(journal: Path, now: bytes) -> None:
    journal.write_bytes(b"one\ntwo\n")
    portion = read(journal)
    assert portion is not None
    journal.write_bytes(now)
    again = read(journal, portion.after if now != b"onE\ntwo\n" else replace(portion.after, offset=4))
    assert again is not None and again.lines == tuple(now.removesuffix(b"\n").split(b"\n"))


def test_a_source_without_a_file_has_nothing_to_read(journal: Path) -> None:
    assert read_portion(journal, journal, {}) is None
    assert unread_bytes(journal, {}) == 0
    assert drop_read(journal, {}, 10**9) == []
    assert rotate_if_large(journal, 0, 1) is None


def test_what_is_unread_is_counted_over_all_files_and_never_below_nothing(journal: Path) -> None:
    aside = journal.with_name("journal.csv.5")
    aside.write_bytes(b"x" * 100)
    journal.write_bytes(b"y" * 10)
    keys = [(journal.name, path.stat().st_ino) for path in (aside, journal)]
    assert unread_bytes(journal, {}) == 110
    assert unread_bytes(journal, {keys[0]: Position("", 60)}) == 50
    assert unread_bytes(journal, {keys[0]: Position("", 100), keys[1]: Position("", 30)}) == 0


def test_a_journal_is_put_aside_only_when_it_is_larger_than_that(journal: Path) -> None:
    journal.write_bytes(b"x" * 10)
    assert rotate_if_large(journal, 10, 7) is None
    assert rotate_if_large(journal, 9, 7) == journal.with_name("journal.csv.7")
    assert [path.name for path in journal.parent.iterdir()] == ["journal.csv.7"]


def test_no_file_that_was_put_aside_is_ever_written_over(journal: Path) -> None:
    journal.write_bytes(b"new\n")
    journal.with_name("journal.csv.7").write_bytes(b"old\n")
    with pytest.raises(FileExistsError):
        rotate_if_large(journal, 0, 7)
    assert (journal.read_bytes(), journal.with_name("journal.csv.7").read_bytes()) == (b"new\n", b"old\n")


def test_a_line_that_was_written_in_part_is_an_error(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.journal.reader.os.write", lambda fd, line: len(line) - 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="only 1 of 2 bytes were written"):
        append(journal, b"a\n")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_talks_of_which_the_ledger_knows_nothing_are_found_in_what_was_taken_in(
    engine: Engine, projector: Projector, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 15: in what was not taken in yet they are no surprise."""
    monkeypatch.setattr(check, "_PORTION", 2)
    callers = [scene.plain_call(number) for number in range(1, 6)]
    later = scene.plain_call(9)
    journal.write_bytes(b"".join(line for caller in callers for line in caller.lines))
    controller = journal.with_name("controller.csv")
    while projector.project_now():
        pass
    with journal.open("ab") as file:
        file.writelines(later.lines)

    def look() -> Held:
        with engine.connect() as connection:
            return check.check_journals(connection, [controller, journal])

    assert look() == Held(sum(map(len, later.lines)), ())
    with engine.begin() as connection:
        for number in (2, 5):
            connection.exec_driver_sql(f"DELETE FROM offer WHERE call_id = '{callers[number - 1].id}'")
        connection.exec_driver_sql(f"UPDATE offer SET status = 'CANCEL' WHERE call_id = '{callers[2].id}'")
    assert look().unknown == tuple((callers[number - 1].id, 1, 1) for number in (2, 3, 5))


def test_what_is_no_talk_is_not_taken_for_one(engine: Engine, projector: Projector, journal: Path) -> None:
    caller = scene.Caller(1).arrive().fact("step", step="talking", detail="talking")
    caller.on_phone("USER_DEFINED", "101", 1, "talking", seq="x", offer=1)
    caller.on_phone("USER_DEFINED", "101", 1, "talking", seq=1, offer="")
    journal.write_bytes(b"".join(caller.lines) + b'"talking\n')
    while projector.project_now():
        pass
    with engine.connect() as connection:
        assert check.check_journals(connection, [journal]) == Held(0, ())


def test_a_journal_that_was_never_read_is_unread_to_its_last_byte(engine: Engine, journal: Path) -> None:
    journal.write_bytes(b"".join(scene.plain_call(1).lines))
    with engine.connect() as connection:
        found = check.check_journals(connection, [journal, journal.with_name("none.csv")])
    assert found == Held(journal.stat().st_size, ())


def test_alarms_are_told_from_all_journals_in_the_order_of_time(journal: Path) -> None:
    def alarm(at_ms: int, kind: str) -> bytes:
        return format_line(Fact.ALARM, at_ms, {"kind": kind, "detail": f"of {kind}"})

    controller = journal.with_name("controller.csv")
    journal.write_bytes(alarm(5_000, "e") + alarm(1_000, "a") + b"damaged alarm\n")
    journal.with_name("journal.csv.7").write_bytes(alarm(4_000, "d") + scene.plain_call(1).lines[0])
    controller.write_bytes(alarm(3_000, "c") + alarm(2_000, "b"))
    found = alarms_in_journals([journal, journal.with_name("none.csv"), controller], 2_000)
    told = ((2_000, "b"), (3_000, "c"), (4_000, "d"), (5_000, "e"))
    assert found == [Alarm(at_ms, kind, f"of {kind}") for at_ms, kind in told]
