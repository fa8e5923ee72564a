"""A file with a secret: found where it should be, else made once; under a lock, whole, durable, for its owner alone.

A file that is away at one look (a disk that is not mounted, a slip in its path) looks like one that was never made. To
make it anew then loses whatever is sealed by the new one once the old one is put back. So it is made only where nothing
tells that there was one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config.whole_file import named
from recordings import durable
from recordings.errors import KeysAwayError

Used = Callable[[], str]
"""What tells that such a file was in use before, for a person to read; empty where nothing does. May raise."""

WAIT_S = 10.0
_LOOK_EVERY_S = 0.02
_LEFT = ".new"


def never() -> str:
    """Where nothing can have been sealed or signed before."""
    return ""


def look(path: Path) -> bytes | None:
    """What is in the file; None where there is none. Raises KeysAwayError when that cannot be told."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise KeysAwayError(f"{path}: leads to no file: mount its disk, or mend the link") from None
        return None
    except IsADirectoryError:
        raise KeysAwayError(f"{path}: is a folder: move it away, and put the file's backup in place") from None
    except OSError as error:
        raise KeysAwayError(f"{path}: {error.strerror or error}") from error


def found(path: Path) -> bytes:
    """What is in the file. Raises KeysAwayError for one that is not there."""
    content = look(path)
    if content is None:
        raise KeysAwayError(f"{path}: not there; mount its disk, mend its path, or put its backup in place")
    return content


def found_or_made(path: Path, make: Callable[[], bytes], used: Used) -> bytes:
    """What is in the file; it is made where nothing tells that there was one. Raises KeysAwayError, OSError."""
    content = look(path)
    if content is not None:
        return content
    must_be_first(path, used)
    with turn(path):
        content = look(path)
        if content is None:
            content = make()
            write(path, content, must_be_new=True)
    return content


def must_be_first(path: Path, used: Used) -> None:
    """Raise KeysAwayError where something tells that there was such a file, which is not there."""
    if why := used():
        raise KeysAwayError(
            f"{path}: not there, though {why}: mount its disk, mend its path, or put its backup in place; "
            "none is made instead of it"
        )


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """One process and thread at a time changes the file; the kernel lets go of the lock when we die. Raises OSError."""
    durable.make_folder(path.parent)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end_s = time.monotonic() + WAIT_S
        while not _taken(descriptor):
            if time.monotonic() > end_s:
                raise TimedOutError(f"{path}: another program is changing it; try again once it is done")
            time.sleep(_LOOK_EVERY_S)
        yield
    finally:
        os.close(descriptor)


class TimedOutError(OSError):
    """Somebody else holds the file for longer than a change takes."""


def write(path: Path, content: bytes, *, must_be_new: bool = False) -> None:
    """Put the file in place; call it in its `turn`. Never over one that was put there meanwhile, if it must be new.

    Raises OSError (FileExistsError).
    """
    for left in path.parent.glob(f"{path.name}.*{_LEFT}"):  # by a kill; nobody else writes now
        with suppress(FileNotFoundError):
            left.unlink()
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_LEFT}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with named(path), os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if must_be_new:
            path.hardlink_to(fresh)
        else:
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    durable.sync(path.parent)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
