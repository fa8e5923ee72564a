"""An alarm is a fact of the journal: of this moment, or of the one that it is about."""

from __future__ import annotations

import time
from pathlib import Path

from calls.journal import Fact
from calls.journal_lines import parse_line
from storage.journal.writer import ControllerJournal, raise_alarm


def test_an_alarm_is_of_now_unless_it_is_of_before(tmp_path: Path) -> None:
    journal = ControllerJournal(tmp_path / "controller.csv")
    before_ms = time.time_ns() // 1_000_000
    raise_alarm(journal, "spool-full", "no room")
    after_ms = time.time_ns() // 1_000_000
    raise_alarm(journal, "spool-full", "no room", 1_764_000_000_123)
    raise_alarm(journal, "spool-full", "no room", 0)
    entries = [parse_line(line) for line in (tmp_path / "controller.csv").read_bytes().splitlines()]
    now, then, zero = (entry for entry in entries if entry is not None)
    assert (now.name, now.fields) == (Fact.ALARM, {"kind": "spool-full", "detail": "no room"})
    assert before_ms <= now.at_ms <= after_ms
    assert (then.at_ms, zero.at_ms) == (1_764_000_000_123, 0)
