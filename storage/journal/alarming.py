"""Tells of what a person should look at: one line in the log, one fact in the journal."""

from __future__ import annotations

import time

import structlog

from calls.journal import Fact
from storage.journal.writer import ControllerJournal

log = structlog.get_logger(__name__)


def raise_alarm(journal: ControllerJournal, kind: str, detail: str, at_ms: int | None = None) -> None:
    """Tell of something that a person should look at, in the log and in the ledger. Raises OSError (a full disk)."""
    log.error("alarm", kind=kind, detail=detail)
    now_ms = time.time_ns() // 1_000_000
    journal.write(Fact.ALARM, now_ms if at_ms is None else at_ms, {"kind": kind, "detail": detail})
