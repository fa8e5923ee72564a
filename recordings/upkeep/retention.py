"""Disposes of recordings whose time is over: never on hold, each entered in the audit log first (rule 14)."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import structlog

from calls.recording import Recording
from config.places import Places
from recordings.vault.sidecar import remove
from recordings.vault.vault import Vault
from storage import retention
from storage.ledger import Ledger
from storage.retention import DAY_MS

log = structlog.get_logger(__name__)

LATE_DAYS = 31
"""It is looked for each day: nothing is due for longer, unless the hotline stood still or the clock is wrong."""


class ClockDoubtfulError(Exception):
    """What is due is far too old to be due only now: the clock may be wrong, and what is disposed of is gone."""

    error_id = "clock-doubtful"
    retryable = False


async def dispose_due(
    ledger: Ledger, places: Places, configured_days: int, now_ms: int | None = None, *, by_hand: bool = False
) -> list[str]:
    """Dispose of what is due; returns the files.

    Raises ClockDoubtfulError unless a person has looked (`by_hand`), LedgerUnavailableError, OSError.
    """
    at_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    gone: list[str] = []
    while True:
        # Anew for each portion: somebody may have made it longer meanwhile.
        days = await ledger.write(lambda one: retention.longest_days(one, configured_days, at_ms))
        before_ms = at_ms - days * DAY_MS
        if not (made := await ledger.read(partial(retention.due, before_ms=before_ms))):
            break
        if days > configured_days and not gone:
            log.info("retention only ever grows", configured_days=configured_days, kept_days=days)
        if not by_hand and made[0].made_ms < at_ms - (days + LATE_DAYS) * DAY_MS:
            raise ClockDoubtfulError(
                f"{made[0].file} is due for more than {LATE_DAYS} days: is the clock right? "
                "If it is: `bailanys recordings retention --dispose`"
            )
        done = [recording.file for recording in made if await _disposed(ledger, places, recording, days, at_ms)]
        gone += done
        if not done:
            break
    return gone


async def _disposed(ledger: Ledger, places: Places, recording: Recording, days: int, now_ms: int) -> bool:
    """The row and the log first: after a kill in between, the file is removed by `reconcile`.

    Before both it is asked for: of a store that does not answer nothing is said to be disposed of.
    """
    await asyncio.to_thread(Vault(places).store.exists, recording.path)
    said = await ledger.write(lambda one: retention.dispose(one, recording, days, now_ms))
    if said:
        await asyncio.to_thread(remove, Vault(places).store, recording.path)
        log.info("recording disposed of", file=recording.file, kept_days=days)
    return said
