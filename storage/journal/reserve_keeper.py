"""Keeps room set aside for the journals, whatever else fills the disk (promise 14)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from storage.journal.reserve import reserve

log = structlog.get_logger(__name__)

EVERY_S = 5.0


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
