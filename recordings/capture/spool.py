"""The spool: where Asterisk writes raw recordings, and how to tell that it has ended writing one."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recordings.durable import sync
from recordings.naming import RAW, file_in_spool


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """A raw recording as found. Instants are UTC epoch ms."""

    file: str
    bytes: int
    changed_ms: int
    being_written: bool | None
    """Whether a process has it open for writing; None when the system would not say."""


def look(spool: Path) -> dict[str, SpoolFile]:
    """All raw recordings, by name without suffix; other files are left alone. Raises OSError."""
    found: dict[str, SpoolFile] = {}
    with os.scandir(spool) as entries:
        for entry in entries:
            file = file_in_spool(entry.name)
            if file is None or not entry.is_file(follow_symlinks=False):
                continue
            try:
                told = entry.stat(follow_symlinks=False)
                written = being_written(Path(entry.path))
            except FileNotFoundError:
                continue
            found[file] = SpoolFile(file, told.st_size, told.st_mtime_ns // 1_000_000, written)
    return found


def being_written(path: Path) -> bool | None:
    """Whether any process has the file open for writing; None when this system or file's owner keeps that secret.

    MixMonitor writes in bursts of 32 KiB, a second of talk, so a size that stays the same for half a second proves
    nothing. Linux grants a read lease only on files that nobody writes to; the lease is given back at once.
    Raises OSError when the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        # Should somebody open the file this very moment, we are told by a signal that does nothing, not by SIGIO.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


@contextmanager
def alone(spool: Path) -> Iterator[bool]:
    """Whether nobody else finishes this spool's recordings meanwhile: two processes would encode one into the other.

    The kernel lets go of it when we die. Raises OSError.
    """
    descriptor = os.open(spool, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def raw_path(spool: Path, file: str) -> Path:
    """The raw file of that name."""
    return spool / f"{file}{RAW}"


def remove(spool: Path, file: str) -> None:
    """Remove a raw file for good, so that no power cut brings it back. Raises OSError."""
    raw_path(spool, file).unlink(missing_ok=True)
    sync(spool)


def size_of(spool: Path, file: str) -> int | None:
    """The raw file's size in bytes; None when it is not there. Raises OSError."""
    try:
        return raw_path(spool, file).stat().st_size
    except FileNotFoundError:
        return None
