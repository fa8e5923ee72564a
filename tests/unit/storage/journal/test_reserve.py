"""A full disk takes recordings, not what happened: the journals have room of their own (promise 14)."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from calls.journal import Fact
from calls.journal_lines import parse_line
from storage.journal.reserve import RESERVE_BYTES, SHARE, JournalRoom, reserve
from storage.journal.writer import ControllerJournal
from tests.small_disk import small_disk


def lines(path: Path) -> list[str]:
    return [entry.name for line in path.read_bytes().splitlines() if (entry := parse_line(line)) is not None]


def test_the_journal_goes_on_after_the_disk_is_full() -> None:
    with small_disk(8) as disk:
        kept, other = ControllerJournal(disk.path / "kept.csv"), ControllerJournal(disk.path / "other.csv")
        for journal in (kept, other):
            journal.write(Fact.ALARM, 1, {"kind": "x", "detail": ""})
        reserve(kept.path, 1 << 20)
        assert lines(kept.path) == ["alarm"]  # nothing of it is seen
        disk.fill()
        for _ in range(1000):
            kept.write(Fact.ALARM, 2, {"kind": "x", "detail": "y" * 50})
        with pytest.raises(OSError, match="No space left"):
            for _ in range(1000):
                other.write(Fact.ALARM, 2, {"kind": "x", "detail": "y" * 50})
        assert len(lines(kept.path)) == 1001


def test_a_line_that_found_no_room_for_its_end_costs_only_itself() -> None:
    with small_disk(1) as disk:
        journal = ControllerJournal(disk.path / "journal.csv")
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            for _ in range(1000):
                journal.write(Fact.ALARM, 1, {"kind": "x", "detail": "y" * 50})
        before = len(lines(journal.path))
        disk.empty()
        journal.write(Fact.PRESENCE, 2, {"operator": "101"})
        journal.write(Fact.PRESENCE, 3, {"operator": "101"})
        assert lines(journal.path)[before:] == ["presence", "presence"]


def test_room_is_set_aside_once_and_little_of_a_small_disk(tmp_path: Path) -> None:
    with small_disk(10) as disk:
        journal = disk.path / "journal.csv"
        reserve(journal)
        first = journal.stat().st_blocks
        reserve(journal)
        assert journal.stat().st_blocks == first
        assert 0 < first * 512 <= 10 * 1024 * 1024 // 50 + 4096
        assert journal.stat().st_size == 0


def test_room_is_set_aside_anew_once_half_of_it_is_written(tmp_path: Path) -> None:
    journal = tmp_path / "journal.csv"
    room = 1 << 20
    reserve(journal, room)
    assert journal.stat().st_blocks * 512 == room
    for more, left in ((room // 2, room // 2), (4096, room)):
        with journal.open("ab") as file:  # as whoever writes to it: cut to nothing, it would lose its room
            file.write(b"x" * more)
        reserve(journal, room)
        assert journal.stat().st_blocks * 512 - journal.stat().st_size == left
    assert journal.stat().st_blocks * 512 - journal.stat().st_size == room
    assert journal.read_bytes() == b"x" * (room // 2 + 4096)
    assert journal.stat().st_mode & 0o777 == 0o640


def test_a_journal_has_room_for_hours_and_takes_no_more_than_a_fiftieth() -> None:
    assert (RESERVE_BYTES, SHARE) == (32 * 1024 * 1024, 50)


def test_a_journal_in_a_folder_of_somebody_else_is_begun_by_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk's own user begins it: a file of ours there could not be written to."""
    journal = tmp_path / "journal.csv"
    monkeypatch.setattr("storage.journal.reserve.os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    reserve(journal, 1 << 16)
    assert not journal.exists()
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        reserve(tmp_path / "nowhere" / "journal.csv", 1 << 16)
    journal.symlink_to(tmp_path / "nowhere" / "journal.csv")  # to a disk that is not mounted
    with pytest.raises(FileNotFoundError):
        reserve(journal, 1 << 16)


def test_where_there_is_no_room_it_is_said_why_and_no_file_stays_open() -> None:
    with small_disk(1) as disk:
        journal = disk.path / "journal.csv"
        disk.fill()
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            with pytest.raises(OSError, match=r"No space left on device: .*journal\.csv"):
                reserve(journal, 1 << 19)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_that_no_room_can_be_kept_is_said_once_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    errors = iter(["full", "full", "full", "read-only"])

    def refuse(journal: Path) -> None:
        asked.append(journal.name)
        raise OSError(next(errors))

    monkeypatch.setattr("storage.journal.reserve.reserve", refuse)
    room = JournalRoom([tmp_path / "journal.csv", tmp_path / "controller.csv"])
    with structlog.testing.capture_logs() as logs:
        await room.keep()
        await room.keep()
    assert asked == ["journal.csv", "controller.csv"] * 2
    assert [(line["journal"], line["error"]) for line in logs] == [
        ("journal.csv", "full"),
        ("controller.csv", "read-only"),
    ]
