"""Files that survive a power cut: written beside, synced, renamed, and the folder synced too."""

from __future__ import annotations

import os
from pathlib import Path

from config.whole_file import named


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each of them durable. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file, or the names in a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; its name is durable only when its folder is synced. Raises OSError."""
    fresh = path.with_name(f"{path.name}.part")
    with named(path):
        try:
            fresh.write_text(text, encoding="utf-8")
            sync(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
