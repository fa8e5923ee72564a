"""Files that are there whole or not at all, and errors that say of which file they are.

What a full disk refuses at a write names no file: a person who reads "No space left on device" looks at the wrong disk.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MOST_LINKS = 40


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Have an OSError from within name this file, where it names none."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _end_of(path: Path) -> Path:
    """Where a link leads, which goes on leading there."""
    for _ in range(_MOST_LINKS):
        if not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def write_whole(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a person's file over what is there, in one step, with the mode less their umask.

    What is no plain file (`/dev/stdout`, a pipe) is written to as it is. Raises OSError, which names the file.
    """
    what = content.encode() if isinstance(content, str) else content
    with named(path):
        if path.exists() and not path.is_file():
            path.write_bytes(what)
            return
        target = _end_of(path)
        fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(what)
                file.flush()
                os.fsync(descriptor)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
