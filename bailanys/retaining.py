"""Disposes of recordings whose time is over: never on hold, each entered in the audit log first (rule 14)."""

from __future__ import annotations

import asyncio
import time

import structlog

from bailanys.site import Places
from calls.recording import Recording
from recordings.disposal import remove
from storage import retention
from storage.ledger import Ledger
from storage.transaction import in_transaction

log = structlog.get_logger(__name__)

DAY_MS = 24 * 3_600_000


async def dispose_due(ledger: Ledger, places: Places, configured_days: int, now_ms: int | None = None) -> list[str]:
    """Dispose of what is due; returns the files. Raises LedgerUnavailableError, OSError."""
    at_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    days = await in_transaction(ledger.engine, lambda one: retention.longest_days(one, configured_days, at_ms))
    if days > configured_days:
        log.warning("retention only ever grows", configured_days=configured_days, kept_days=days)
    gone: list[str] = []
    while made := await in_transaction(ledger.engine, lambda one: retention.due(one, at_ms - days * DAY_MS)):
        done = [recording.file for recording in made if await _disposed(ledger, places, recording, days, at_ms)]
        gone += done
        if not done:
            break
    return gone


async def _disposed(ledger: Ledger, places: Places, recording: Recording, days: int, now_ms: int) -> bool:
    """The row and the log first: after a kill in between, the file is removed by `reconcile`.

    Before both it is asked for: of a store that does not answer nothing is said to be disposed of.
    """
    await asyncio.to_thread(places.store.exists, recording.path)
    said = await in_transaction(ledger.engine, lambda one: retention.dispose(one, recording, days, now_ms))
    if said:
        await asyncio.to_thread(remove, places.store, recording.path)
        log.info("recording disposed of", file=recording.file, kept_days=days)
    return said
