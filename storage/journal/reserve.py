"""Room that is set aside for the journals, so that a full disk takes recordings and not what happened (promise 14).

Blocks are allocated beyond a journal's end without changing its size: whoever appends, Asterisk too, fills those first.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import structlog

RESERVE_BYTES = 32 * 1024 * 1024
"""Some 200,000 lines: hours of a busy day."""
SHARE = 50
"""Of a small disk no more than a fiftieth is set aside for each journal."""
_KEEP_SIZE = 1
_libc = ctypes.CDLL(None, use_errno=True)
log = structlog.get_logger(__name__)

EVERY_S = 5.0


def reserve(journal: Path, most_bytes: int = RESERVE_BYTES) -> None:
    """Set room aside beyond the journal's end, unless half of it is left from before.

    Raises OSError: no room is left, or a file system that cannot do it (then a full disk costs lines of the journal).
    """
    begins = os.O_CREAT if journal.parent.stat().st_uid == os.geteuid() else 0  # else whose folder it is begins it
    try:
        descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | begins, 0o640)
    except FileNotFoundError:
        if begins:
            raise
        return
    try:
        told, disk = os.fstat(descriptor), os.fstatvfs(descriptor)
        wanted = min(most_bytes, disk.f_blocks * disk.f_frsize // SHARE)
        if told.st_blocks * 512 - told.st_size >= wanted // 2:
            return
        offset, length = ctypes.c_int64(told.st_size), ctypes.c_int64(max(wanted, 1))
        if _libc.fallocate64(descriptor, _KEEP_SIZE, offset, length) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(journal))
    finally:
        os.close(descriptor)


class JournalRoom:
    """One for each controller; `keep` is called every few seconds, since a journal that was put aside begins anew."""

    def __init__(self, journals: Sequence[Path]) -> None:
        self._journals = journals
        self._said = ""

    async def keep(self) -> None:
        """Set room aside for each journal; where that cannot be done it is said once. Raises nothing."""
        for journal in self._journals:
            try:
                await asyncio.to_thread(reserve, journal)
            except (OSError, AttributeError) as error:  # AttributeError: a C library without it
                if self._said != str(error):
                    self._said = str(error)
                    log.warning("no room is set aside for the journal", journal=journal.name, error=self._said)
