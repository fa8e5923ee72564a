"""Holds journals, ledger, spool and archive against each other: a mismatch is mended, explained or told (promise 15).

A file without a row is adopted, a row without a file alarmed. The back office looks every two minutes, so that every
mismatch is found within five, and told once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from calls.alarms import AlarmKind
from calls.audit import Note
from calls.portions import in_portions
from calls.recording import GapReason, Recording, RecordingStatus
from calls.store import Store, Stored
from config.places import Places
from recordings.capture import spool
from recordings.capture.quality import remarks
from recordings.naming import FLAC, SEALED, SIDECAR, file_of_talk, origin_of
from recordings.vault.sidecar import read, remove
from recordings.vault.vault import Vault
from storage.journal.check import check_journals
from storage.ledger import Ledger

SETTLED_S = 60.0
EXPLAIN = {reason.value for reason in (GapReason.DISK_FULL, GapReason.DISK_UNWRITABLE, GapReason.ASTERISK_DIED)}
"""Why a recording may be short; a pause has silence in its place."""
EVERY_S = 120.0
HOURS = 3
OVERDUE_MS = 5 * 60_000
FIRST_LOOK_S = 24 * 3600.0
"""How far back folders are looked for that were changed while nobody looked."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that is in one place and not in the other, and what was done about it, or what explains it."""

    file: str
    what: str
    done: str = ""
    told: bool = False
    """It was told when the recording was finished."""


async def reconcile(ledger: Ledger, places: Places, since_ms: int = 0, *, again: bool = True) -> list[Mismatch]:
    """Look at everything made since an instant (0: ever); `again`: also at what was told when it was finished.

    Rows come in portions: those of a busy day's hours at once would be tens of megabytes. Raises
    LedgerUnavailableError, OSError.
    """
    store, found, known = Vault(places).store, list[Mismatch](), dict[str, bool]()
    listed = {one.path: one for one in await asyncio.to_thread(lambda: list(_listed(store, since_ms)))}
    after: tuple[int, str] = (since_ms, "")
    while rows := await ledger.recordings.made(*after):
        found += await _of_rows(ledger, store, rows, listed, again=again)
        known |= {row.file: row.status is RecordingStatus.DISPOSED for row in rows}
        after = (rows[-1].made_ms, rows[-1].file)
    return await _of_files(ledger, store, listed, known) + found


async def reconcile_hour(ledger: Ledger, places: Places, hour: str, *, again: bool = True) -> list[Mismatch]:
    """Look at one folder of the archive, `2026/11/27/04`. Raises LedgerUnavailableError, OSError."""
    store, rows = Vault(places).store, await ledger.recordings.in_hour(hour)
    listed = {one.path: one for one in await asyncio.to_thread(lambda: list(store.list(hour)))}
    known = {row.file: row.status is RecordingStatus.DISPOSED for row in rows}
    found = await _of_files(ledger, store, listed, known)
    return found + await _of_rows(ledger, store, rows, listed, again=again)


async def reconcile_all(ledger: Ledger, places: Places) -> list[Mismatch]:
    """Hold everything against everything. Raises LedgerUnavailableError, OSError."""
    found = await reconcile(ledger, places) + await unfinished(ledger, places)
    held = await ledger.read(lambda one: check_journals(one, places.journals))
    if held.unread_bytes:
        found.append(Mismatch("journal", f"{held.unread_bytes} bytes are not in the ledger yet", "they are taken in"))
    for call, seq, offer in held.unknown:
        found.append(Mismatch(f"{call}-{seq}-{offer}", "a talk in the journal, and not in the ledger"))
    return found


async def unfinished(ledger: Ledger, places: Places) -> list[Mismatch]:
    """Talks that have ended and have no row yet, and raw files whose talk is not known. Raises as the others."""
    raw = await asyncio.to_thread(spool.look, places.spool)
    found = []
    for talk in await ledger.recordings.segments_to_finalise():
        file = file_of_talk(talk)
        left = raw.pop(file, None)
        waits = "its file is being written" if left and left.being_written else "its file waits in the spool"
        found.append(
            Mismatch(file, "a talk without a recording yet", waits if left else "no file: told as missing soon")
        )
    for file, left in raw.items():
        waits = "being written" if left.being_written else "adopted an hour after its last byte, or by `repair`"
        found.append(Mismatch(file, "in the spool, and no talk of it has ended in the ledger", waits))
    return found


async def _of_files(
    ledger: Ledger, store: Store, listed: Mapping[str, Stored], known: Mapping[str, bool]
) -> list[Mismatch]:
    """Sidecars without a row are adopted; `known`: of each file that has one, whether it was disposed of."""
    found = list[Mismatch]()
    for path in (path for path, one in listed.items() if path.endswith(SIDECAR) and _settled(one)):
        file = PurePosixPath(path).stem
        if origin_of(file) is None:
            continue  # somebody else's file
        disposed = known.get(file)
        if disposed is None and (row := await ledger.recordings.named(file)) is not None:
            disposed = row.status is RecordingStatus.DISPOSED
        if disposed is None:
            found.append(await _adopt(ledger, store, path))
        elif disposed:
            await asyncio.to_thread(remove, store, _audio(path, listed))
            found.append(Mismatch(file, "was disposed of, and the file was still there", "removed"))
    return found


async def _of_rows(
    ledger: Ledger, store: Store, rows: Iterable[Recording], listed: Mapping[str, Stored], *, again: bool
) -> list[Mismatch]:
    found = list[Mismatch]()
    async for row in in_portions(rows):
        found += [one async for one in _of_row(ledger, store, row, listed, again=again)]
    return found


async def _of_row(
    ledger: Ledger, store: Store, made: Recording, listed: Mapping[str, Stored], *, again: bool
) -> AsyncIterator[Mismatch]:
    if made.path and made.path not in listed and not await asyncio.to_thread(store.exists, made.path):
        yield Mismatch(made.file, "in the ledger, and its file is not in the archive")
    elif made.path in listed and f"{PurePosixPath(made.path).parent}/{made.file}{SIDECAR}" not in listed:
        yield Mismatch(made.file, "its sidecar is not in the archive: without it no key opens it")
    if not again:
        return
    said = [f"{one} against the time connected" for one in remarks(made, ())]
    if made.status is RecordingStatus.MISSING:
        said.append("a talk without sound")
    for what in said:
        reasons = sorted({gap.reason for gap in await ledger.recordings.gaps_of(made.call, made.seq)} & EXPLAIN)
        yield Mismatch(made.file, what, f"explained: {', '.join(reasons)}" if reasons else "", told=True)


async def _adopt(ledger: Ledger, store: Store, path: str) -> Mismatch:
    file = PurePosixPath(path).stem
    try:
        sidecar = await asyncio.to_thread(read, store, path)
    except ValueError as error:
        return Mismatch(file, f"its sidecar cannot be read: {error}")
    await ledger.recordings.add_recording(sidecar.recording)
    await ledger.audit.note(Note("reconcile", "recording.adopted", file, {"sha256": sidecar.recording.sha256}))
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
    """One for each controller; call `look` every two minutes.

    It looks at what the last hours made, and at the folder of every hour, however old, in which a file came or went.
    """

    def __init__(self, ledger: Ledger, places: Places, alarm: Callable[[str, str], None]) -> None:
        self._ledger = ledger
        self._places = places
        self._alarm = alarm
        self._told: set[Mismatch] = set()
        self._looked_s = time.time() - FIRST_LOOK_S
        self._overdue = False

    async def look(self) -> None:
        """Look once. Raises LedgerUnavailableError, OSError."""
        now_s = time.time()
        found = await reconcile(self._ledger, self._places, round(now_s * 1000) - HOURS * 3_600_000, again=False)
        for hour in await asyncio.to_thread(changed_hours, self._places.archive, self._looked_s - SETTLED_S):
            found += await reconcile_hour(self._ledger, self._places, hour, again=False)
        self._looked_s = now_s
        for mismatch in found:
            if mismatch not in self._told and not mismatch.told:
                self._told.add(mismatch)
                self._alarm(AlarmKind.RECORDING_MISMATCH, f"{mismatch.file}: {mismatch.what} {mismatch.done}".strip())
        await self._look_for_overdue(round(now_s * 1000))

    async def _look_for_overdue(self, now_ms: int) -> None:
        talks = [
            one for one in await self._ledger.recordings.segments_to_finalise() if now_ms - one.ended_ms > OVERDUE_MS
        ]
        if talks and not self._overdue:
            oldest = file_of_talk(talks[0])
            said = f"{len(talks)} talks that ended over 5 minutes ago have no recording yet, the oldest {oldest}"
            self._alarm(AlarmKind.RECORDINGS_OVERDUE, said)
        self._overdue = bool(talks)


def changed_hours(archive: Path, since_s: float) -> list[str]:
    """The folders, `2026/11/27/04`, in which a file came or went since. Raises OSError."""
    hours = archive.glob("[0-9]*/*/*/*")
    return sorted(hour.relative_to(archive).as_posix() for hour in hours if hour.stat().st_mtime >= since_s)
