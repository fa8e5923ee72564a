"""The controller's own journal: facts that only we know, alarms too, on the same way into the ledger as Asterisk's."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from calls.journal import Fact
from calls.journal_lines import format_hangup, format_line

log = structlog.get_logger(__name__)


class ControllerJournal:
    """An append-only file; each fact is one write, so that a kill leaves whole lines.

    The controller and its back office both write to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, fact: Fact, at_ms: int, values: Mapping[str, str | int], call: str = "") -> None:
        """Append one fact. Raises OSError (a full disk)."""
        self._append(format_line(fact, at_ms, values, call))

    def end_call(self, at_ms: int, call: str) -> None:
        """Append the end of a call that no channel is left of. Raises OSError."""
        self._append(format_hangup(at_ms, call))

    def _append(self, line: bytes) -> None:
        # Opened anew each time, so that rotation by renaming just works.
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # whoever wrote last found no room for the line's end
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        finally:
            os.close(descriptor)


def raise_alarm(journal: ControllerJournal, kind: str, detail: str, at_ms: int | None = None) -> None:
    """Tell of something that a person should look at, in the log and in the ledger. Raises OSError (a full disk)."""
    log.error("alarm", kind=kind, detail=detail)
    now_ms = time.time_ns() // 1_000_000
    journal.write(Fact.ALARM, now_ms if at_ms is None else at_ms, {"kind": kind, "detail": detail})
