"""A disk of a few megabytes that is really there: it gets full, and read-only, for root and for anybody.

A tmpfs in a user namespace of its own: no privilege is needed, and from outside it is a folder.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILLING = "filling"


class SmallDisk:
    """The disk, mounted as long as its process lives."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.path = Path(f"/proc/{process.pid}/root/mnt")

    def fill(self) -> None:
        """Take the last byte of it, over and over: whatever is freed meanwhile, too."""
        with (self.path / FILLING).open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass

    def leave(self, free_bytes: int) -> None:
        """Give so much of it back."""
        filling = self.path / FILLING
        os.truncate(filling, filling.stat().st_size - free_bytes)

    def empty(self) -> None:
        """Give the room back."""
        (self.path / FILLING).unlink()

    def read_only(self, *, on: bool) -> None:
        """Mount it so that nothing can be written, or as before; a disk with a file that is being written stays."""
        self.do(f"mount -o remount,bind,{'ro' if on else 'rw'} /mnt {'2>&1 || true' if on else ''}")

    def do(self, command: str) -> None:
        """Have the namespace's own shell do something."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{command} && echo done || echo failed\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline().strip()
        assert said == "done", f"{command}: {said}"


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Such a disk for a while."""
    command = ("unshare", "--user", "--map-root-user", "--mount", "sh")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        disk = SmallDisk(process)
        try:
            disk.do(f"mount -t tmpfs -o size={megabytes}m,mode=700 small /mnt")
            yield disk
        finally:
            process.kill()
