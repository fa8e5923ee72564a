"""Where was sought, as a protocol has to say it: how complete each source was at that moment (promise 8)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from calls.local_day import local_day
from calls.search import Search
from config.places import Places
from demands.protocol import PRINTED
from recordings.access.hits import picked
from recordings.naming import SIDECAR, origin_of
from recordings.vault.vault import Vault
from storage.journal.reader import unread_bytes
from storage.ledger import Ledger

log = structlog.get_logger(__name__)


async def searched(ledger: Ledger, places: Places, day: date, zone: str) -> dict[str, Any]:
    """The sources for one local date: the register of calls, the journal it is made from, and the archive.

    Raises LedgerUnavailableError, OSError.
    """
    span = local_day(day, zone)
    positions = await ledger.journal_positions()
    gaps = await ledger.recordings.unrecorded(span)
    return {
        "from_ms": span.from_ms,
        "to_ms": span.to_ms,
        "talks": asdict(await ledger.recordings.coverage(span.from_ms, span.to_ms)),
        "journal_unread_bytes": sum([await asyncio.to_thread(unread_bytes, one, positions) for one in places.journals]),
        "archive_without_row": await _without_row(ledger, places, span.from_ms, span.to_ms),
        "gaps": [asdict(gap) for gap in gaps],
        "more_gaps": len(gaps) > PRINTED,
        "unattributed": [
            picked(hit, "call", "segment", "file", "arrived_ms")
            | {"status": hit.recording.status.value if hit.recording else "unfinished"}
            for hit in await ledger.recordings.search(Search(span, unattributed=True))
            if hit.day == "on"
        ],
    }


async def _without_row(ledger: Ledger, places: Places, from_ms: int, to_ms: int) -> int | None:
    """Recordings of those hours in the archive that the register does not know; None while it cannot be listed.

    An archive that is away must not stop the four hours: what is handed over is read from it all the same.
    """
    try:
        names = await asyncio.to_thread(_recordings_in, places, from_ms, to_ms)
    except OSError as error:
        log.warning("the archive was not listed", error=str(error))
        return None
    origins = {(one.call, one.seq, one.offer) for one in map(origin_of, names) if one is not None}
    return len(origins - await ledger.recordings.known(sorted({call for call, _, _ in origins})))


def _recordings_in(places: Places, from_ms: int, to_ms: int) -> list[str]:
    hour = datetime.fromtimestamp(from_ms / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    store = Vault(places).store
    found: list[str] = []
    while hour.timestamp() * 1000 < to_ms:
        listed = store.list(f"{hour:%Y/%m/%d/%H}")
        found += [Path(one.path).name.removesuffix(SIDECAR) for one in listed if one.path.endswith(SIDECAR)]
        hour += timedelta(hours=1)
    return found
