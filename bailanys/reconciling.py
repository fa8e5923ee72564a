"""Holds archive and ledger against each other: a file without a row is adopted, a row without a file alarmed.

Promise 15: run by the controller every two minutes over what the last hours made, and by hand over all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from bailanys.site import Places
from calls.audit import Note
from calls.recording import RecordingStatus
from calls.store import Store, Stored
from recordings.disposal import remove
from recordings.naming import FLAC, SEALED, SIDECAR, origin_of
from recordings.remarks import remarks
from recordings.sidecar import read
from storage.ledger import Ledger

HOURS = 3
SETTLED_S = 60.0


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that is in one place and not in the other, and what was done about it."""

    file: str
    what: str
    done: str = ""


async def reconcile(ledger: Ledger, places: Places, since_ms: int = 0) -> list[Mismatch]:
    """Look at everything made since an instant (0: ever). Raises LedgerUnavailableError, OSError."""
    rows = {made.file: made for made in await ledger.recordings_made(since_ms)}
    store, found = places.store, list[Mismatch]()
    listed = await asyncio.to_thread(lambda: {stored.path: stored for stored in _listed(store, since_ms)})
    for path in (path for path, stored in listed.items() if path.endswith(SIDECAR) and _settled(stored)):
        file = PurePosixPath(path).stem
        if (origin := origin_of(file)) is None:
            continue  # somebody else's file
        known = rows.get(file) or await ledger.recording_at(origin.call, origin.seq, origin.offer)
        if known is None:
            found.append(await _adopt(ledger, store, path))
        elif known.status is RecordingStatus.DISPOSED:
            await asyncio.to_thread(remove, store, _audio(path, listed))
            found.append(Mismatch(file, "was disposed of, and the file was still there", "removed"))
    for made in rows.values():
        if made.path and made.path not in listed and not await asyncio.to_thread(store.exists, made.path):
            found.append(Mismatch(made.file, "in the ledger, and its file is not in the archive"))
        found += [Mismatch(made.file, f"{said} against the time connected") for said in remarks(made, ())]
    return found


async def _adopt(ledger: Ledger, store: Store, path: str) -> Mismatch:
    file = PurePosixPath(path).stem
    try:
        sidecar = await asyncio.to_thread(read, store, path)
    except ValueError as error:
        return Mismatch(file, f"its sidecar cannot be read: {error}")
    await ledger.add_recording(sidecar.recording)
    await ledger.note(Note("reconcile", "recording.adopted", file, {"sha256": sidecar.recording.sha256}))
    return Mismatch(file, "in the archive, and not in the ledger", "adopted")


def _audio(sidecar: str, listed: Container[str]) -> str:
    """The path, within the archive, of the sound beside a sidecar."""
    stem = sidecar.removesuffix(SIDECAR)
    return f"{stem}{SEALED}" if f"{stem}{SEALED}" in listed else f"{stem}{FLAC}"


def _listed(store: Store, since_ms: int) -> Iterator[Stored]:
    if not since_ms:
        yield from store.list()
        return
    hour, now = datetime.fromtimestamp(since_ms / 1000, UTC), datetime.now(UTC)
    while hour <= now + timedelta(hours=1):
        yield from store.list(f"{hour:%Y/%m/%d/%H}")
        hour += timedelta(hours=1)


def _settled(sidecar: Stored) -> bool:
    """Not one whose row is just being written."""
    return time.time() - sidecar.changed_ms / 1000 > SETTLED_S


class Reconciler:
    """One for each controller: tells each mismatch once."""

    def __init__(self, ledger: Ledger, places: Places, alarm: Callable[[str, str], None]) -> None:
        self._ledger = ledger
        self._places = places
        self._alarm = alarm
        self._told: set[Mismatch] = set()

    async def look(self) -> None:
        """Look at the last hours. Raises what `reconcile` raises."""
        since_ms = time.time_ns() // 1_000_000 - HOURS * 3_600_000
        for mismatch in await reconcile(self._ledger, self._places, since_ms):
            if mismatch not in self._told and "against the time" not in mismatch.what:  # told when it was finished
                self._told.add(mismatch)
                self._alarm("recording-mismatch", f"{mismatch.file}: {mismatch.what} {mismatch.done}".strip())
