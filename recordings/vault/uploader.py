"""Moves finished recordings on to the far store, by itself and whenever it answers; calls never wait for it (rule 14).

A recording is in the ledger before it is moved, so that it is found, heard and packed from the local folder for as
long as it has to wait there. It is moved once its receipt is gone, that is, once the finaliser has done with it; it is
never gone here before it is proved to be there, and entered in the audit log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

import structlog

from calls.alarms import AlarmKind
from calls.audit import Note, canonical
from calls.recording import RecordingStatus
from calls.store import Store, StoreAwayError, Stored
from config.places import Places, places_of
from config.problems import Finding, Problem
from config.settings import Settings
from config.source import Source
from recordings.capture.finaliser import LEDGER
from recordings.errors import DisposedOfError, SealBrokenError, UploadDiffersError
from recordings.naming import SIDECAR, origin_of
from recordings.retries import Retries
from recordings.vault.archive import receipt_of
from recordings.vault.folder import Folder
from recordings.vault.keyring import KeyRing, ring_at
from recordings.vault.opening import Keys, open_recording, plain_sha256, sidecar_of
from recordings.vault.sidecar import Sidecar, beside, read, remove
from recordings.vault.store_health import KINDS, StoreHealth
from recordings.vault.vault import object_store
from storage import audit
from storage.engine import Connection
from storage.ledger import Ledger
from storage.recordings import by_file

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Threads of their own, so that a store that hangs holds up nobody else."""
PRUNE_EVERY_MS = 3_600_000

T = TypeVar("T")

EnterStored = Callable[[Sidecar], Awaitable[None]]
"""Enters in the audit log that a recording is in the far store; durable when it returns, and may be called twice.

Raises DisposedOfError for one that was disposed of meanwhile."""

LastAlarm = Callable[[], Awaitable[str]]
"""The kind of the last alarm on the store, before this life of ours; empty for none."""
STORED = "recording.stored"
LOOK_BACK_MS = 30 * 24 * 3_600_000


class Uploader:
    """One for each controller; call `look` every second or so."""

    def __init__(
        self,
        near: Folder,
        far: Store,
        keys: Keys,
        note: EnterStored,
        alarm: Callable[[str, str], None],
        last_alarm: LastAlarm,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._near, self._far, self._keys, self._note, self._alarm = near, far, keys, note, alarm
        self._last_alarm, self._now_ms = last_alarm, now_ms
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upload")
        self._complaints = Retries()
        self._standing: StoreHealth | None = None
        self._pruned_ms = 0

    async def look(self) -> int:
        """Move what waits, and return how many were moved; tells of a store that is away or slow.

        Raises OSError for the local folder, and at the first look what `last_alarm` raises.
        """
        if self._standing is None:
            self._standing = StoreHealth.known(await self._last_alarm())
        if self._standing.rests(self._now_ms()) or self._complaints.rests(LEDGER, self._now_ms()):
            return 0
        waiting = await self._in_thread(self._waiting)
        moved, why = await self._moved(waiting)
        left = waiting if why else await self._in_thread(self._waiting)
        oldest_ms = min((stored.changed_ms for stored in left), default=None)
        self._standing, said = self._standing.after(why, len(left), oldest_ms, self._now_ms())
        for one in said:
            self._alarm(one.kind, one.detail)
        await self._prune()
        return moved

    def _waiting(self) -> list[Stored]:
        return [
            stored
            for stored in self._near.list()
            if stored.path.endswith(SIDECAR) and not receipt_of(self._near.root, _file(stored)).exists()
        ]

    async def _moved(self, waiting: Sequence[Stored]) -> tuple[int, str]:
        """How many, and why the store did not take them; the first goes alone, to see whether the store answers."""
        moved = 0
        for portion in (waiting[:1], *(waiting[at : at + AT_ONCE] for at in range(1, len(waiting), AT_ONCE))):
            for done in await asyncio.gather(*(self._move(stored) for stored in portion), return_exceptions=True):
                if isinstance(done, StoreAwayError):
                    return moved, str(done)
                if isinstance(done, _NotNotedError):
                    self._complaints.failed(LEDGER, done.why, self._now_ms())
                    return moved, ""
                if isinstance(done, BaseException):
                    raise done
                moved += done
        return moved, ""

    async def _move(self, stored: Stored) -> bool:
        """Move one; what is wrong with this one alone is said once, and tried again. Raises StoreAwayError."""
        file = _file(stored)
        if origin_of(file) is None or self._complaints.rests(file, self._now_ms()):
            return False
        try:
            sidecar = await self._in_thread(lambda: self._carried(stored))
            await self._noted(sidecar)
            await self._in_thread(lambda: drop(self._near, sidecar))
        except (StoreAwayError, _NotNotedError):
            raise
        except DisposedOfError:
            path = sidecar.recording.path
            await self._in_thread(lambda: [remove(store, path) for store in (self._far, self._near)])
            return False
        except Exception as error:  # one bad file must not stop the others
            if self._complaints.failed(file, error, self._now_ms()):
                self._alarm(AlarmKind.RECORDING_NOT_STORED, f"{file}: {error}")
            return False
        self._complaints.cleared(file)
        self._complaints.cleared(LEDGER)
        log.info("recording stored", file=file, path=self._far.place_of(sidecar.recording.path))
        return True

    async def _noted(self, sidecar: Sidecar) -> None:
        try:
            await self._note(sidecar)
        except DisposedOfError:
            raise
        except Exception as error:  # the ledger's errors are not ours to name
            raise _NotNotedError(error) from error

    def _carried(self, stored: Stored) -> Sidecar:
        sidecar = read(self._near, stored.path)
        carry(self._near, self._far, sidecar, self._keys() if sidecar.sealed else None)
        return sidecar

    async def _prune(self) -> None:
        now_ms = self._now_ms()
        if now_ms - self._pruned_ms > PRUNE_EVERY_MS:
            self._pruned_ms = now_ms
            await self._in_thread(lambda: self._near.prune(now_ms))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class _NotNotedError(Exception):
    """The audit log took no entry: nothing may be dropped here, whatever the store says."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


def _file(sidecar: Stored) -> str:
    return PurePosixPath(sidecar.path).name.removesuffix(SIDECAR)


def uploader_of(places: Places, ledger: Ledger, alarm: Callable[[str, str], None]) -> Uploader | None:
    """The uploader; None where recordings stay in the local folder."""
    if places.remote is None:
        return None
    note = partial(note_stored, ledger, places.remote.url)
    ring = partial(ring_at, places.keys)
    return Uploader(Folder(places.archive), object_store(places.remote), ring, note, alarm, partial(last_alarm, ledger))


async def last_alarm(ledger: Ledger) -> str:
    """The kind of the last alarm on the store in these weeks; empty for none. Raises LedgerUnavailableError."""
    now_ms = time.time_ns() // 1_000_000
    told = [alarm.kind for alarm in await ledger.alarms_between(now_ms - LOOK_BACK_MS, now_ms) if alarm.kind in KINDS]
    return told[-1] if told else ""


async def note_stored(ledger: Ledger, url: str, sidecar: Sidecar) -> None:
    """Enter that the store gave back what was put there, unless it is entered.

    Raises DisposedOfError, LedgerUnavailableError.
    """
    made, now_ms = sidecar.recording, time.time_ns() // 1_000_000
    note = Note("archive", STORED, made.file, {"store": url, "sha256": made.sha256})

    def enter(connection: Connection) -> None:
        audit.take_turn(connection)
        row = by_file(connection, made.file)
        if row is not None and row.status is RecordingStatus.DISPOSED:
            raise DisposedOfError(f"{made.file} was disposed of while it moved")
        known = [entry.detail for entry in audit.about(connection, made.file) if entry.kind == STORED]
        if canonical(note.detail) not in known[-1:]:
            audit.append(connection, (note,), now_ms)

    await ledger.write(enter)


def store_unreached(settings: Settings, base: Path, source: Source) -> list[Problem]:
    """What is wrong with the object storage, tried out with all that will be asked of it; nothing without one."""
    remote = places_of(settings, base).remote
    if remote is None:
        return []
    try:
        object_store(remote).try_out()
    except StoreAwayError as error:
        return [source.problem(Finding(("recordings", "store"), str(error)))]
    return []


def carry(near: Folder, far: Store, sidecar: Sidecar, ring: KeyRing | None) -> None:
    """Store what is not there yet, then fetch all of it, open it, and hold it against the sidecar.

    May be done twice, and goes on where a kill left off. What another has put there is never overwritten. Raises
    StoreAwayError, UploadDiffersError, KeyMissingError, and OSError when the local file cannot be read.
    """
    path = sidecar.recording.path
    fresh = [part for part in (path, beside(path)) if not far.exists(part)]
    try:
        for part in fresh:
            far.put(part, near.root / part)
    except FileNotFoundError:  # disposed of at this moment: what has arrived already must go, too
        for part in fresh:
            far.remove(part)
        raise
    if differs := _difference(far, sidecar, ring):
        for part in fresh:
            far.remove(part)
        if fresh:
            raise UploadDiffersError(f"{path}: what {far.place_of('')} gives back is not what was stored: {differs}")
        raise UploadDiffersError(
            f"{far.place_of(path)} is another recording ({differs}): does another hotline use this store?"
        )


def drop(near: Folder, sidecar: Sidecar) -> None:
    """End the local copy: the sidecar last, since a drop that was half done is found by it. Raises OSError."""
    path = sidecar.recording.path
    near.let_go(path)
    near.let_go(beside(path))


def _difference(far: Store, sidecar: Sidecar, ring: KeyRing | None) -> str:
    """What is wrong with what lies there; nothing when it is what it should be."""
    try:
        if sidecar_of(far, sidecar.recording.path) != sidecar:
            return "another sidecar"
        sha256 = plain_sha256(open_recording(far, sidecar, ring))
    except (FileNotFoundError, SealBrokenError) as error:
        return str(error)
    return "" if sha256 == sidecar.recording.sha256 else "another SHA-256"
