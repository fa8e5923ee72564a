"""The controller's own journal, which two processes write to."""

from __future__ import annotations

from pathlib import Path

from calls.journal import Fact
from calls.journal_lines import parse_line
from storage.journal.writer import ControllerJournal


def test_a_line_after_a_torn_one_of_another_process_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "controller.csv"
    ours, theirs = ControllerJournal(path), ControllerJournal(path)
    ours.write(Fact.ALARM, 1, {"kind": "one"})
    with path.open("ab") as file:
        file.write(b'USER_DEFINED,1.0,"half a li')
    theirs.write(Fact.ALARM, 2, {"kind": "two"})
    ours.write(Fact.ALARM, 3, {"kind": "three"})
    parsed = [entry for line in path.read_bytes().splitlines() if (entry := parse_line(line)) is not None]
    assert [entry.at_ms for entry in parsed] == [1, 2, 3]
    assert path.read_bytes().count(b"\n") == 4
