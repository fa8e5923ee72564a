"""Moves the archive on to its object storage, each recording entered in the audit log (rule 14)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from calls.audit import Note, canonical
from calls.recording import RecordingStatus
from calls.store import StoreAwayError
from config.problems import Finding, Problem
from config.settings import Settings
from config.source import Source
from recordings.errors import DisposedOfError
from recordings.vault.folder import Folder
from recordings.vault.keyring import ring_at
from recordings.vault.places import Places, far, places_of
from recordings.vault.sidecar import Sidecar
from recordings.vault.store_health import KINDS
from recordings.vault.uploader import Uploader
from storage import audit
from storage.engine import Connection
from storage.ledger import Ledger
from storage.recordings import by_file
from storage.transaction import in_transaction

STORED = "recording.stored"
LOOK_BACK_MS = 30 * 24 * 3_600_000


def uploader_of(places: Places, ledger: Ledger, alarm: Callable[[str, str], None]) -> Uploader | None:
    """The uploader; None where recordings stay in the local folder."""
    if places.remote is None:
        return None
    note = partial(note_stored, ledger, places.remote.url)
    ring = partial(ring_at, places.keys)
    return Uploader(Folder(places.archive), far(places.remote), ring, note, alarm, partial(last_alarm, ledger))


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

    await in_transaction(ledger.engine, enter)


def store_unreached(settings: Settings, base: Path, source: Source) -> list[Problem]:
    """What is wrong with the object storage, tried out with all that will be asked of it; nothing without one."""
    remote = places_of(settings, base).remote
    if remote is None:
        return []
    try:
        far(remote).try_out()
    except StoreAwayError as error:
        return [source.problem(Finding(("recordings", "store"), str(error)))]
    return []
