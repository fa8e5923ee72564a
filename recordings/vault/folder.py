"""The archive as a local folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import BinaryIO

from calls.store import Stored
from recordings import durable

EMPTY_AFTER_S = 24 * 3600.0
"""An empty folder this old is removed; a recording may come late into a younger one."""

_HOURS = "[0-9]*/*/*/*"


@dataclass(frozen=True, slots=True)
class Folder:
    """Fills `calls.store.Store`."""

    root: Path

    def open(self, path: str) -> BinaryIO:
        """The file, open. Raises OSError."""
        return (self.root / path).open("rb")

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self.root / path).is_file()

    def list(self, folder: str = "") -> Iterator[Stored]:
        """What lies in one hour's folder, or in all of them; what goes in the meantime is left out."""
        for path in sorted(self.root.glob(f"{folder or _HOURS}/*")):
            try:
                changed_ms = path.stat().st_mtime_ns // 1_000_000
            except FileNotFoundError:
                continue
            yield Stored(path.relative_to(self.root).as_posix(), changed_ms)

    def put(self, path: str, source: Path) -> None:
        """Copy a file into the folder, whole or not at all. Raises OSError."""
        target = self.root / path
        durable.make_folder(target.parent)
        fresh = target.with_name(f"{target.name}.part")
        copyfile(source, fresh)
        durable.sync(fresh)
        fresh.replace(target)
        durable.sync(target.parent)

    def remove(self, path: str) -> bool:
        """Overwrite and remove a file. Raises OSError."""
        file = self.root / path
        if not file.exists():
            return False
        _overwrite(file)
        file.unlink()
        durable.sync(file.parent)
        return True

    def let_go(self, path: str) -> None:
        """Remove a file that is elsewhere now; not overwritten, since somebody may be reading it. Raises OSError."""
        file = self.root / path
        file.unlink(missing_ok=True)
        durable.sync(file.parent)

    def prune(self, now_ms: int) -> None:
        """Remove the empty folders of hours that nothing new will go into."""
        last = f"{datetime.fromtimestamp(now_ms / 1000 - EMPTY_AFTER_S, UTC):%Y/%m/%d/%H}"
        for hour in self.root.glob(_HOURS):
            if hour.relative_to(self.root).as_posix() < last:
                with suppress(OSError):  # not empty
                    for folder in (hour, *hour.parents[:3]):
                        folder.rmdir()

    def place_of(self, path: str) -> str:
        """The file's absolute path."""
        return str(self.root / path)


def _overwrite(file: Path) -> None:
    """So that nothing of it is found in the disk's free blocks (on disks that write in place)."""
    with file.open("r+b") as opened:
        left = file.stat().st_size
        while left > 0:
            left -= opened.write(b"\0" * min(left, 1 << 20))
        opened.flush()
        os.fsync(opened.fileno())
