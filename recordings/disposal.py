"""Removes a recording for good: first its key, then its sound."""

from __future__ import annotations

import os
from pathlib import Path

from recordings import durable
from recordings.sidecar import sidecar_path


def remove(archive: Path, path: str) -> bool:
    """Overwrite and remove the sidecar with the only copy of the key, then the file; False when neither was there.

    May be done twice. Raises OSError.
    """
    audio = archive / path
    found = False
    for file in (sidecar_path(audio), audio):
        if file.exists():
            found = True
            _overwrite(file)
            file.unlink()
    if found:
        durable.sync(audio.parent)
    return found


def _overwrite(file: Path) -> None:
    """So that nothing of it is found in the disk's free blocks (on disks that write in place)."""
    with file.open("r+b") as opened:
        left = file.stat().st_size
        while left > 0:
            left -= opened.write(b"\0" * min(left, 1 << 20))
        opened.flush()
        os.fsync(opened.fileno())
