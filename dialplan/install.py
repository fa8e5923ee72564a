"""Puts rendered files in place: each whole or not at all, and all of them back if Asterisk does not take them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.whole_file import named


def install(files: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Write what changed, readable by us alone (it holds passwords); return the names that changed. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.stat()
    reader = found.st_gid if os.geteuid() == 0 == found.st_uid and found.st_gid != 0 else None
    changed: list[str] = []
    for name, text in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() == text.encode():
            continue
        _put(path, text, reader)
        changed.append(name)
    return tuple(changed)


def _put(path: Path, text: str, reader: int | None) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # left by a kill; and the folder may be one that others write to, too
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with named(path), os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if reader is not None:  # Asterisk runs as somebody else, who has this group
                os.fchown(descriptor, -1, reader)
                os.fchmod(descriptor, 0o640)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


class Former:
    """The files of a folder as they were, whoever's they are: the very files, kept under another name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = tuple(path.name for path in folder.glob("*.conf"))

    def kept(self, name: str) -> Path:
        """Where a file is kept meanwhile."""
        return self._folder / f".{name}.former"

    def put_back(self) -> None:
        """Have everything as it was. Raises OSError."""
        for name in self._names:
            self.kept(name).replace(self._folder / name)
        for path in self._folder.glob("*.conf"):
            if path.name not in self._names:
                path.unlink()


@contextlib.contextmanager
def former(folder: Path) -> Iterator[Former]:
    """Keep a folder's files for as long as the block lasts. Raises OSError."""
    kept = Former(folder)
    for path in folder.glob("*.conf"):
        kept.kept(path.name).unlink(missing_ok=True)
        kept.kept(path.name).hardlink_to(path)
    try:
        yield kept
    finally:
        for path in folder.glob(".*.former"):
            path.unlink(missing_ok=True)
