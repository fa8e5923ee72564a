"""Keeps the logs bounded, whoever else is dead: put aside when they are large, the oldest deleted.

The supervisor does it, so that it goes on with the controller dead, too. Nothing is lost: a log is renamed, its writer
goes on in it, and begins the new one when told (Asterisk) or when it sees that the name is no longer its own
(the controller, `bailanys/logging.py`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from telephony.process import AsteriskSilentError

log = structlog.get_logger(__name__)

EVERY_S = 5.0
LARGEST_BYTES = 16 * 1024 * 1024
KEPT = 5
"""Put aside, of each: `.1` is the newest. With what is being written a hundred megabytes for each log."""
OF_ASTERISK, OF_CONTROLLER = ("messages.log", "queue_log"), ("controller.log",)
OF_NOBODY = ("asterisk.out",)
"""Whoever writes it cannot be told to begin anew: what is in it is copied, and it is made empty."""


class LogKeeper:
    """One for each supervisor; `look` is called every few seconds."""

    def __init__(self, folder: Path, begin_anew: Callable[[], Awaitable[object]], largest: int = LARGEST_BYTES) -> None:
        """`begin_anew`: has Asterisk open its logs again. May raise AsteriskSilentError."""
        self._folder = folder
        self._begin_anew = begin_anew
        self._largest = largest
        self._owed = False
        """Asterisk has not been told yet."""

    async def keep(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Put aside what is too large. Raises nothing."""
        try:
            put_aside = [
                name for name in (*OF_ASTERISK, *OF_CONTROLLER) if await self._in_thread(self._put_aside, name)
            ]
            self._owed = self._owed or any(name in OF_ASTERISK for name in put_aside)
            for name in OF_NOBODY:
                await self._in_thread(self._copy_aside, name)
        except OSError as error:  # a full or read-only disk: the watch over the disks tells
            log.warning("logs are not put aside", error=str(error))
        if self._owed:
            try:
                await self._begin_anew()
                self._owed = False
            except (AsteriskSilentError, OSError) as error:  # being started again: it then begins anew by itself
                log.warning("Asterisk writes on in the log put aside", error=str(error))

    async def _in_thread(self, work: Callable[[str], bool], name: str) -> bool:
        return await asyncio.to_thread(work, name)

    def _put_aside(self, name: str) -> bool:
        path = self._folder / name
        if not self._is_large(path):
            return False
        self._make_way(path)
        path.rename(_aside(path, 1))
        return True

    def _copy_aside(self, name: str) -> bool:
        path = self._folder / name
        if not self._is_large(path):
            return False
        self._make_way(path)
        shutil.copyfile(path, _aside(path, 1))
        os.truncate(path, 0)
        return True

    def _is_large(self, path: Path) -> bool:
        try:
            return path.stat().st_size > self._largest
        except FileNotFoundError:
            return False

    def _make_way(self, path: Path) -> None:
        _aside(path, KEPT).unlink(missing_ok=True)
        for number in range(KEPT - 1, 0, -1):
            if (older := _aside(path, number)).exists():
                older.rename(_aside(path, number + 1))


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
