"""Holds archive and ledger against each other: a file without a row is adopted, a row without a file alarmed.

Promise 15: run by the controller every two minutes over what the last hours made, and by hand over all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bailanys.site import Places
from calls.audit import Note
from calls.recording import RecordingStatus
from recordings.disposal import remove
from recordings.naming import FLAC, SEALED, SIDECAR, origin_of
from recordings.remarks import remarks
from recordings.sidecar import from_json
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
    found: list[Mismatch] = []
    for path in await asyncio.to_thread(lambda: list(_sidecars(places.archive, since_ms))):
        file = path.name.removesuffix(SIDECAR)
        if (origin := origin_of(file)) is None:
            continue  # somebody else's file
        known = rows.get(file) or await ledger.recording_at(origin.call, origin.seq, origin.offer)
        if known is None:
            found.append(await _adopt(ledger, path))
        elif known.status is RecordingStatus.DISPOSED:
            await asyncio.to_thread(remove, places.archive, _audio(path))
            found.append(Mismatch(file, "was disposed of, and the file was still there", "removed"))
    for made in rows.values():
        if made.path and not await asyncio.to_thread((places.archive / made.path).is_file):
            found.append(Mismatch(made.file, "in the ledger, and its file is not in the archive"))
        found += [Mismatch(made.file, f"{said} against the time connected") for said in remarks(made, ())]
    return found


async def _adopt(ledger: Ledger, path: Path) -> Mismatch:
    file = path.name.removesuffix(SIDECAR)
    try:
        sidecar = from_json(await asyncio.to_thread(path.read_text, encoding="utf-8"))
    except ValueError as error:
        return Mismatch(file, f"its sidecar cannot be read: {error}")
    await ledger.add_recording(sidecar.recording)
    await ledger.note(Note("reconcile", "recording.adopted", file, {"sha256": sidecar.recording.sha256}))
    return Mismatch(file, "in the archive, and not in the ledger", "adopted")


def _audio(sidecar: Path) -> str:
    """The path, within the archive, of the sound beside a sidecar."""
    stem = sidecar.name.removesuffix(SIDECAR)
    name = f"{stem}{SEALED}" if sidecar.with_name(f"{stem}{SEALED}").exists() else f"{stem}{FLAC}"
    return "/".join([*sidecar.parent.parts[-4:], name])


def _sidecars(archive: Path, since_ms: int) -> Iterator[Path]:
    if not since_ms:
        yield from filter(_settled, sorted(archive.glob(f"[0-9]*/*/*/*/*{SIDECAR}")))
        return
    hour, now = datetime.fromtimestamp(since_ms / 1000, UTC), datetime.now(UTC)
    while hour <= now + timedelta(hours=1):
        yield from filter(_settled, sorted((archive / f"{hour:%Y/%m/%d/%H}").glob(f"*{SIDECAR}")))
        hour += timedelta(hours=1)


def _settled(sidecar: Path) -> bool:
    """Not one whose row is just being written."""
    return time.time() - sidecar.stat().st_mtime > SETTLED_S


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
