"""Alarms as the journals tell them: for when the ledger is away."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from calls.alarms import Alarm, spelt
from calls.journal import Fact
from calls.journal_lines import parse_line
from storage.journal.reader import files_of

_MARK = Fact.ALARM.value.encode()


def alarm_in(line: bytes) -> Alarm | None:
    """The alarm that a line of the journal tells; None for any other line."""
    entry = parse_line(line) if _MARK in line else None
    if entry is None or entry.name != Fact.ALARM:
        return None
    return Alarm(entry.at_ms, spelt(entry.fields.get("kind", "unknown")), entry.fields.get("detail", ""))


def alarms_in_journals(sources: Iterable[Path], from_ms: int) -> list[Alarm]:
    """All that are left in the journals and their parts put aside, from an instant on, in order. Raises OSError."""
    found = []
    for path in (path for source in sources for path in files_of(source)):
        # without it, the file was put aside this moment, or is not begun yet
        with suppress(FileNotFoundError), path.open("rb") as lines:
            found += [told for line in lines if (told := alarm_in(line)) is not None and told.at_ms >= from_ms]
    return sorted(found, key=lambda told: told.at_ms)
