"""Journal files: read from an offset by whole lines, appended to by one write, put aside when they are large."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

READ_LIMIT = 256 * 1024
"""Bytes taken at once: some 1,500 lines, one transaction."""
LONGEST_LINE = 1024 * 1024
"""A longer "line" is damage (zeroes after a crash): it is given up, so that what follows can be read."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file has been read: bytes from its beginning; `head` is the digest of its first line."""

    head: str
    offset: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Whole lines read from one file, with the position before (None: never read) and after them."""

    source: str
    inode: int
    before: Position | None
    after: Position
    lines: tuple[bytes, ...]


def files_of(source: Path) -> list[Path]:
    """The files of a source in the order to read them: those put aside, oldest first, then the live one."""
    aside = (path for path in source.parent.glob(f"{source.name}.*") if path.suffix[1:].isdecimal())
    return [*sorted(aside, key=lambda path: int(path.suffix[1:])), source]


def read_portion(
    source: Path, path: Path, positions: Mapping[tuple[str, int], Position], limit: int = READ_LIMIT
) -> Portion | None:
    """The next whole lines of a file, or None if there are none yet (no file, no line, a half-written one).

    A position counts only if the file still begins with the line it was taken from: an inode is used again, and a
    file that was cut short or replaced is read from its beginning (rows have keys: reading twice does no harm).
    """
    try:
        with path.open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            before = positions.get((source.name, status.st_ino))
            if before is not None and before.offset == status.st_size:
                return None
            return _next_lines(file.fileno(), source.name, status, before, limit)
    except FileNotFoundError:
        return None


def unread_bytes(source: Path, positions: Mapping[tuple[str, int], Position]) -> int:
    """How much of a source is not taken in yet, in bytes; 0 where there is no journal. Raises OSError."""
    unread = 0
    for path in files_of(source):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        before = positions.get((source.name, status.st_ino))
        unread += max(0, status.st_size - (before.offset if before is not None else 0))
    return unread


def _next_lines(fd: int, source: str, status: os.stat_result, before: Position | None, limit: int) -> Portion | None:
    head = _head(fd)
    start = before.offset if before is not None and before.head == head and before.offset <= status.st_size else 0
    chunk = os.pread(fd, limit, start)
    end = chunk.rfind(b"\n") + 1
    if end == 0 and len(chunk) == limit:
        chunk = os.pread(fd, LONGEST_LINE, start)
        end = chunk.find(b"\n") + 1 or (len(chunk) if len(chunk) == LONGEST_LINE else 0)
    if end == 0:
        return None
    lines = tuple(chunk[:end].removesuffix(b"\n").split(b"\n"))
    return Portion(source, status.st_ino, before, Position(head, start + end), lines)


def _head(fd: int) -> str:
    first, newline, _ = os.pread(fd, 4096, 0).partition(b"\n")
    return hashlib.sha256(first + newline).hexdigest()[:32]


def append(path: Path, line: bytes) -> None:
    """Append a whole line by one write, so that no other writer's line is torn (raises OSError).

    The file is opened anew each time, as `cel_custom` does, so that it may be put aside at any moment.
    """
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        written = os.write(fd, line)
    finally:
        os.close(fd)
    if written != len(line):
        raise OSError(f"journal {path.name}: only {written} of {len(line)} bytes were written")


def rotate_if_large(source: Path, limit_bytes: int, now_ms: int) -> Path | None:
    """Put the live file aside once it is larger than `limit_bytes`; the path it now has, or None.

    Nothing is lost: the name `<source>.<now_ms>` is read to its end before the new file, and a writer that had the
    old one open may finish its line there. `now_ms` must grow from one call to the next.
    """
    try:
        if source.stat().st_size <= limit_bytes:
            return None
        aside = source.with_name(f"{source.name}.{now_ms}")
        os.link(source, aside)  # refuses a name that is there, where a rename would overwrite it
        source.unlink()
    except FileNotFoundError:
        return None
    return aside


def drop_read(source: Path, positions: Mapping[tuple[str, int], Position], older_than_ms: int) -> list[Path]:
    """Delete files put aside before `older_than_ms` that have been read to their end; the paths deleted."""
    dropped = []
    for path in files_of(source)[:-1]:
        status = path.stat()
        position = positions.get((source.name, status.st_ino))
        read = position is not None and position.offset == status.st_size
        if read and int(path.suffix[1:]) < older_than_ms:
            path.unlink()
            dropped.append(path)
    return dropped
