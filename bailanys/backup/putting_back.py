"""Puts a backup back into an empty place. Every file is held against its digest as it is written.

While it is at work, and after it was killed, a file in the state folder says so (`restoring`), and no hotline is
started there. What fails is taken away again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bailanys.backup import manifest, parts
from bailanys.backup.copies import settle
from bailanys.backup.errors import BackupDamagedError, BackupRefusedError
from bailanys.backup.manifest import Manifest
from bailanys.site.half_restored import MARK
from config.places import Places
from config.settings import Settings
from config.whole_file import named
from recordings import durable
from recordings.vault.signing import signer_at
from storage import dump

_PORTION = 1 << 20


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file of the backup, and where it goes."""

    source: Path
    target: Path
    sha256: str
    mode: int = 0o600


def put_back(settings: Settings, places: Places, folder: Path, keys: Path) -> Manifest:
    """Put the set in `folder` back with its keys, where nothing is. Blocks the thread.

    Raises BackupError, KeysUnreadableError, OSError; nothing is left then of what was written.
    """
    folder, keys = folder.absolute(), keys.absolute()
    if not (keys / manifest.HEAD).exists() and (keys / folder.name / manifest.HEAD).exists():
        keys /= folder.name
    told, sums, digest = manifest.read(folder)
    of_keys, secret_sums, _ = manifest.read(keys)
    if of_keys.of_set != digest:
        raise BackupDamagedError(f"{keys} has not the keys of {folder}: take those of the same name")
    if not manifest.signed(folder, signer_at(keys / parts.SIGNING).public_key):
        raise BackupDamagedError(f"{folder}: its manifest is not what the hotline signed: take another backup")
    _must_be_of(told.ledger, places)
    pieces = [*_of_set(folder, sums, places), *_of_keys(keys, secret_sums, settings, places)]
    _must_be_empty(pieces, places)
    durable.make_folder(places.state)
    mark = places.state / MARK
    made = [mark]
    try:
        mark.write_text(f"{folder} is being put back; what is here is not whole\n", encoding="utf-8")
        settle(places.state)
        for piece in pieces:
            made.append(piece.target)
            _write(piece)
        for place in {piece.target.parent for piece in pieces}:
            settle(place)
        if parts.DUMP in sums:  # last: it is there whole or not at all
            with (folder / parts.DUMP).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sums[parts.DUMP]:
                    raise BackupDamagedError(f"{folder / parts.DUMP}: not what was written: take another backup")
            dump.bring_back(places.database_url, folder / parts.DUMP)
        mark.unlink()
        durable.sync(places.state)
    except BaseException:
        for path in reversed(made):
            path.unlink(missing_ok=True)
        raise
    return told


def _must_be_of(ledger: str, places: Places) -> None:
    """The same kind of database, and an empty one. Raises BackupRefusedError, LedgerUnavailableError."""
    ours = "sqlite" if parts.ledger_file(places) is not None else "postgresql"
    if ledger != ours:
        raise BackupRefusedError(f"the backup's ledger is of {ledger}, and [storage] database_url of {ours}")
    if ours == "postgresql" and not dump.is_empty(places.database_url):
        raise BackupRefusedError("there is a ledger in that database: name an empty one in [storage] database_url")


def _of_set(folder: Path, sums: Mapping[str, str], places: Places) -> list[_Piece]:
    placed = [(name, digest, parts.place_of(name, places)) for name, digest in sums.items()]
    return [
        _Piece(folder / name, place, digest, 0o644 if name.startswith(f"{parts.STUDIO}/") else 0o600)
        for name, digest, place in placed
        if place is not None
    ]


def _of_keys(keys: Path, sums: Mapping[str, str], settings: Settings, places: Places) -> list[_Piece]:
    known = parts.secret_places(settings, places)
    if strange := sums.keys() - known.keys():
        raise BackupDamagedError(f"{keys / min(strange)}: no key of ours")
    return [_Piece(keys / name, known[name], digest) for name, digest in sums.items()]


def _must_be_empty(pieces: list[_Piece], places: Places) -> None:
    if (places.state / MARK).exists():
        raise BackupRefusedError(f"{places.state} is half restored: remove what is in it, and restore again")
    for folder in (places.state, places.archive):
        for place, _, files in os.walk(folder):  # empty folders and disks that are mounted there are no hindrance
            if files:
                raise BackupRefusedError(
                    f"{folder} is not empty ({Path(place) / files[0]}): nothing is put back over what is there; "
                    "move it away, or name another folder in the configuration"
                )
    for piece in pieces:
        if os.path.lexists(piece.target):
            raise BackupRefusedError(f"{piece.target} is there already: nothing is put back over it; move it away")


def _write(piece: _Piece) -> None:
    digest = hashlib.sha256()
    _make_folder(piece.target.parent, piece.mode)
    with named(piece.target), piece.source.open("rb") as source:
        told = os.fstat(source.fileno())
        descriptor = os.open(piece.target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, piece.mode)
        with os.fdopen(descriptor, "wb") as target:
            while portion := source.read(_PORTION):
                digest.update(portion)
                target.write(portion)
        piece.target.chmod(piece.mode)
        os.utime(piece.target, ns=(told.st_atime_ns, told.st_mtime_ns))
    if digest.hexdigest() != piece.sha256:
        raise BackupDamagedError(f"{piece.source}: not what was written: take another backup")


def _make_folder(folder: Path, mode: int) -> None:
    """Make a folder; one of a secret or of a studio as wide as what lies in it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, mode)
    folder.mkdir(mode=0o755 if mode & 0o044 else 0o750, exist_ok=True)
