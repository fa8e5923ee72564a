"""Files copied whole, with their digests; what the backup before has already is linked, not copied again."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from bailanys.backup.errors import BackupError
from config.whole_file import named

_PORTION = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(eq=False)
class Copies:
    """What was put into one folder so far. Every file is for its owner alone."""

    folder: Path
    before: Path | None = None
    """The backup before, in the same folder: files of it that did not change are linked."""
    before_sums: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    copied_bytes: int = 0
    linked: int = 0

    def file(self, source: Path, name: str, mode: int = 0o600, *, steady: bool = False) -> None:
        """Copy a file as it is at this moment, with its time; one that grows meanwhile is cut there. Raises OSError.

        `steady`: it is never written to again once it is there, so that the copy of the backup before can be linked.
        """
        with source.open("rb") as opened:
            if not (steady and self._linked(name, os.fstat(opened.fileno()))):
                self.opened(opened, name, mode)

    def opened(self, source: BinaryIO, name: str, mode: int = 0o600, *, whole_lines: bool = False) -> None:
        """Copy an open file; `whole_lines`: without a last line that is not finished. Raises OSError."""
        told = os.fstat(source.fileno())
        with named(self.folder / name):
            target = self.room_for(name)
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:  # noqa: PTH123
                self.sums[name] = _copied(source, file, told.st_size, whole_lines=whole_lines)
                self.copied_bytes += file.tell()
            target.chmod(mode)  # whatever the umask
            os.utime(target, ns=(told.st_atime_ns, told.st_mtime_ns))

    def written(self, name: str) -> None:
        """A file that somebody else has written into the folder counts as it is. Raises OSError."""
        path = self.folder / name
        with path.open("rb") as file:
            self.sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
        self.copied_bytes += path.stat().st_size

    def room_for(self, name: str) -> Path:
        """Where a file of that name is put, its folder made. Raises OSError, BackupError for an unusable name."""
        if "\n" in name or "\\" in name:
            raise BackupError(f"{name!r}: rename that file: no list of files can hold its name")
        target = self.folder / name
        make_private(target.parent)
        return target

    def forget(self, names: Iterable[str]) -> None:
        """Take files out again. Raises OSError."""
        for name in list(names):
            self.sums.pop(name, None)
            (self.folder / name).unlink(missing_ok=True)

    def _linked(self, name: str, told: os.stat_result) -> bool:
        if self.before is None or name not in self.before_sums:
            return False
        with suppress(OSError):  # another disk, no links there, too many: copied then
            older = (self.before / name).stat()
            if (older.st_size, older.st_mtime_ns) == (told.st_size, told.st_mtime_ns):
                os.link(self.before / name, self.room_for(name))
                self.sums[name] = self.before_sums[name]
                self.linked += 1
                return True
        return False


def make_private(folder: Path) -> None:
    """Make a folder and its parents, for their owner alone. Raises OSError."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def settle(folder: Path) -> None:
    """Have the disk hold all that was written in the folder (syncfs(2)). Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _libc.syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)


def _copied(source: BinaryIO, target: BinaryIO, most: int, *, whole_lines: bool) -> str:
    digest, left, waiting = hashlib.sha256(), most, b""
    while left > 0 and (portion := source.read(min(left, _PORTION))):
        left -= len(portion)
        portion, waiting = waiting + portion, b""
        if whole_lines:
            end = portion.rfind(b"\n") + 1
            portion, waiting = portion[:end], portion[end:]
        digest.update(portion)
        target.write(portion)
    return digest.hexdigest()
