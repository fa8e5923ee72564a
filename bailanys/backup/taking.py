"""Makes a backup of the whole site while calls go on.

What is copied when: the file of checkpoints; then, with the finishing of recordings held up for that moment, the spool
and the ledger; then what the ledger names in the archive, the journals, and the keys last. So every recording that the
ledger has is there, one that is finished meanwhile is there raw, and a key that is rotated meanwhile is there, too. The
journals go further than the ledger and are read again when it is put back: rows have keys. A folder that was not
written to its end keeps the name `….part`, and the next backup removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from bailanys.backup import manifest, parts
from bailanys.backup.copies import Copies, make_private, settle
from bailanys.backup.errors import BackupBusyError, BackupRefusedError
from bailanys.backup.manifest import Manifest
from config.ownership import as_caller
from config.places import Places
from config.settings import Settings
from recordings import secret_file
from recordings.capture import spool
from recordings.naming import FLAC, SEALED, SIDECAR
from recordings.upkeep import audit_checkpoints
from recordings.vault.archive import PENDING
from recordings.vault.sidecar import beside
from recordings.vault.signing import Signer
from recordings.vault.vault import Vault
from storage import dump, snapshot
from storage.journal.reader import files_of
from storage.snapshot import Known

PART = ".part"
WAIT_S = 60.0
"""So long a recording that is being finished is waited for."""
_LOOK_EVERY_S = 0.05
TRIES = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that is whole."""

    folder: Path
    keys: Path
    files: int
    copied_bytes: int
    linked: int
    """Files that the backup before had already."""
    missing: tuple[str, ...]
    """Recordings that the ledger has and the archive has not."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """Opened as whoever they belong to; what is written is the caller's."""

    ledger: sqlite3.Connection | None
    """None: PostgreSQL has it."""
    asterisk: sqlite3.Connection | None
    signer: Signer


def take(
    settings: Settings,
    config: Path,
    places: Places,
    to: Path,
    keys: Path,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Taken:
    """Make a set in `to` and its keys in `keys`. Blocks the thread.

    Raises BackupError, KeysUnreadableError, LedgerUnavailableError, OSError; what was begun is then removed.
    """
    to, keys = to.absolute(), keys.absolute()
    _must_be_apart(to, keys, places)
    with _opened(settings, places) as sources, as_caller(), _alone(to):
        make_private(keys)
        for left in (*to.glob(f"*{PART}"), *keys.glob(f"*{PART}")):  # by a kill; nobody else is at it
            if manifest.NAME.fullmatch(left.name.removesuffix(PART)):
                shutil.rmtree(left)
        begun_ms = now_ms()
        name = f"{datetime.fromtimestamp(begun_ms / 1000, UTC):%Y%m%dT%H%M%S}.{begun_ms % 1000:03}Z"
        ours, theirs = Copies(to / f"{name}{PART}"), Copies(keys / f"{name}{PART}")
        if (before := latest(to)) is not None:
            ours.before, ours.before_sums = before, manifest.read(before)[1]
        head = Manifest(name, begun_ms, version("bailanys"), 0, "")
        try:
            missing = _written(head, settings, config, places, sources, ours, theirs)
            for made in (theirs, ours):  # a set is there only with its keys
                settle(made.folder)
                made.folder.rename(made.folder.with_name(name))
                settle(made.folder.parent)
        except BaseException:
            for made in (ours, theirs):
                shutil.rmtree(made.folder, ignore_errors=True)
            raise
    return Taken(to / name, keys / name, len(ours.sums), ours.copied_bytes, ours.linked, missing)


def _written(
    head: Manifest,
    settings: Settings,
    config: Path,
    places: Places,
    sources: _Sources,
    ours: Copies,
    theirs: Copies,
) -> tuple[str, ...]:
    """Both folders to their ends, the manifests last; the recordings that are missing."""
    for made in (ours, theirs):
        made.folder.mkdir(mode=0o700)
    known, missing = _site(config, places, sources, ours)
    entries = known.end.seq if known.end else 0
    sums = manifest.write_sums(ours.folder, ours.sums)
    told = replace(
        head,
        files=len(ours.sums),
        sums_sha256=sums,
        ledger="postgresql" if sources.ledger is None else "sqlite",
        audit_entries=entries,
        missing=missing,
    )
    digest = manifest.write(ours.folder, told, sources.signer)
    for name, path in parts.secret_places(settings, places).items():
        if path.is_file():
            theirs.file(path, name)
    sums = manifest.write_sums(theirs.folder, theirs.sums)
    manifest.write(theirs.folder, replace(head, files=len(theirs.sums), sums_sha256=sums, of_set=digest))
    return missing


def latest(to: Path) -> Path | None:
    """The newest whole set in a folder."""
    found = [path for path in to.glob("*") if manifest.NAME.fullmatch(path.name) and (path / manifest.HEAD).is_file()]
    return max(found, default=None, key=lambda path: path.name)


def _must_be_apart(to: Path, keys: Path, places: Places) -> None:
    """Keys lie apart from what they open, and a backup apart from what it is of. Raises BackupRefusedError."""
    for one, other in ((to, keys), (keys, to)):
        if other.resolve().is_relative_to(one.resolve()):
            raise BackupRefusedError(f"{other} lies in {one}: whoever had the backup had its keys; name another --keys")
    for folder in (to, keys):
        for ours in (places.state, places.archive, places.keys.parent):
            if folder.resolve().is_relative_to(ours.resolve()):
                raise BackupRefusedError(f"{folder} lies in {ours}, and would be lost with it: name a folder elsewhere")


@contextmanager
def _opened(settings: Settings, places: Places) -> Iterator[_Sources]:
    """What is read, opened as the hotline itself does. Raises what `take` raises."""
    file, asterisk = parts.ledger_file(places), places.asterisk_database
    if settings.recordings.encrypt and not places.keys.exists():
        secret_file.must_be_first(places.keys, Vault(places).sealed_before)
    with ExitStack() as stack:
        ledger = stack.enter_context(snapshot.opened(file)) if file is not None else None
        kept = stack.enter_context(snapshot.opened(asterisk)) if asterisk.exists() else None
        yield _Sources(ledger, kept, Vault(places).signer())


@contextmanager
def _alone(to: Path) -> Iterator[None]:
    """One backup at a time into one folder. Raises BackupBusyError, OSError."""
    make_private(to)
    descriptor = os.open(to / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupBusyError(f"{to}: another backup is being made there") from error
        yield
    finally:
        os.close(descriptor)


def _site(config: Path, places: Places, sources: _Sources, ours: Copies) -> tuple[Known, tuple[str, ...]]:
    """Everything but the keys, and the recordings that are missing.

    Where some are, they may have been disposed of after the ledger was copied: it is copied once more, to see.
    """
    missing: tuple[str, ...] = ()
    for _ in range(TRIES):
        ours.forget([name for name in ours.sums if not name.startswith(f"{parts.ARCHIVE}/")])
        ours.forget([name for name in ours.sums if name.startswith(f"{parts.ARCHIVE}/{PENDING}/")])
        known, held_ns = _at_one_moment(places, sources, ours)
        before, missing = missing, _archive(places, known, held_ns, ours)
        if not missing or missing == before:
            break
    for source in places.journals:
        _journal(source, places.log, ours)
    if sources.asterisk is not None:
        snapshot.copy(sources.asterisk, ours.room_for(parts.ASTERISK_DATABASE))
        ours.written(parts.ASTERISK_DATABASE)
    if (places.state / parts.IDENTITY).exists():
        ours.file(places.state / parts.IDENTITY, parts.IDENTITY)
    ours.file(config, parts.CONFIG)
    for path in sorted(places.override.rglob("*")):
        if path.is_file():
            ours.file(path, f"{parts.STUDIO}/{path.relative_to(places.override).as_posix()}", 0o644, steady=True)
    return known, missing


def _at_one_moment(places: Places, sources: _Sources, ours: Copies) -> tuple[Known, int]:
    """Spool and ledger as they are while no recording is finished, and when that was (UTC epoch ns)."""
    points = ours.folder / parts.CHECKPOINTS
    if places.checkpoints.exists():  # before the ledger, so that none signs what the copy has not
        with places.checkpoints.open("rb") as file:
            ours.opened(file, parts.CHECKPOINTS, whole_lines=True)
    with _nothing_finished(places.spool):
        held_ns = time.time_ns()
        for path in sorted(places.spool.iterdir()):
            if path.is_file() and not path.is_symlink():
                ours.file(path, f"{parts.SPOOL}/{path.name}")
        for path in sorted((places.archive / PENDING).glob("*")):
            if path.is_file():
                ours.file(path, f"{parts.ARCHIVE}/{PENDING}/{path.name}")
        if sources.ledger is None:
            name = parts.DUMP
            known = dump.dump(places.database_url, ours.room_for(name))
        else:
            name = parts.LEDGER
            snapshot.copy(sources.ledger, ours.room_for(name))
    ours.written(name)
    if sources.ledger is not None:
        known = snapshot.known_of_file(ours.folder / name)
    if known.end is not None and (audit_checkpoints.newest_in(points) or 0) < known.end.seq:
        make_private(points.parent)
        audit_checkpoints.add(points, sources.signer, known.end, time.time_ns() // 1_000_000)
        points.chmod(0o600)
        ours.written(parts.CHECKPOINTS)
    return known, held_ns


@contextmanager
def _nothing_finished(folder: Path) -> Iterator[None]:
    """Hold the finishing of recordings up: what is raw stays raw, what has a row is in its place."""
    end_s = time.monotonic() + WAIT_S
    while True:
        with spool.alone(folder) as alone:
            if alone:
                yield
                return
        if time.monotonic() > end_s:
            raise BackupBusyError(f"recordings have been finished for {WAIT_S:.0f} s without a pause: try again later")
        time.sleep(_LOOK_EVERY_S)


def _archive(places: Places, known: Known, held_ns: int, ours: Copies) -> tuple[str, ...]:
    """Copy what the ledger names, and what lay there without a row; what is missing of the former."""
    wanted = known.kept | {beside(path) for path in known.kept}
    ours.forget([name for name in ours.sums if _is_gone(name, known)])
    for path in _below(places.archive):
        within = path.relative_to(places.archive).as_posix()
        name = f"{parts.ARCHIVE}/{within}"
        if name in ours.sums:
            continue
        try:
            if within in wanted or (path.stat().st_ctime_ns < held_ns and not _is_gone(name, known)):
                ours.file(path, name, steady=True)
        except FileNotFoundError:
            continue  # disposed of, or moved to the object storage, in this moment
    if places.remote is not None:
        return ()
    return tuple(sorted(path for path in known.kept if f"{parts.ARCHIVE}/{path}" not in ours.sums))


def _is_gone(name: str, known: Known) -> bool:
    stem = PurePosixPath(name).name.removesuffix(SEALED).removesuffix(FLAC).removesuffix(SIDECAR)
    return name.startswith(f"{parts.ARCHIVE}/") and stem in known.gone


def _below(folder: Path) -> Iterator[Path]:
    """Files of the archive's hours; what is being finished is looked at apart."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one != PENDING)
        yield from (Path(place, file) for file in sorted(files))


def _journal(source: Path, log: Path, ours: Copies) -> None:
    """The live file is opened first, so that its lines are there once, should it be put aside in between."""
    if not source.exists():
        return
    with source.open("rb") as live:
        inode = os.fstat(live.fileno()).st_ino
        for path in files_of(source)[:-1]:
            if path.stat().st_ino != inode:
                ours.file(path, f"{parts.JOURNALS}/{path.relative_to(log).as_posix()}")
        ours.opened(live, f"{parts.JOURNALS}/{source.relative_to(log).as_posix()}", whole_lines=True)
