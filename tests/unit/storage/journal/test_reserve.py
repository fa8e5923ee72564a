"""A full disk takes recordings, not what happened: the journals have room of their own (promise 14)."""

from __future__ import annotations

from pathlib import Path

import pytest

from calls.journal import Fact
from calls.journal_lines import parse_line
from storage.journal.reserve import reserve
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
