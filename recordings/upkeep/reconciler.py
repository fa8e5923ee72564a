"""The controller's part of reconciling: every mismatch is found within five minutes, and told once (promise 15)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from calls.alarms import AlarmKind
from recordings.naming import file_of_talk
from recordings.upkeep.reconcile import SETTLED_S, Mismatch, reconcile, reconcile_hour
from recordings.vault.places import Places
from storage.ledger import Ledger

EVERY_S = 120.0
HOURS = 3
OVERDUE_MS = 5 * 60_000
FIRST_LOOK_S = 24 * 3600.0
"""How far back folders are looked for that were changed while nobody looked."""


class Reconciler:
    """One for each controller; call `look` every two minutes.

    It looks at what the last hours made, and at the folder of every hour, however old, in which a file came or went.
    """

    def __init__(self, ledger: Ledger, places: Places, alarm: Callable[[str, str], None]) -> None:
        self._ledger = ledger
        self._places = places
        self._alarm = alarm
        self._told: set[Mismatch] = set()
        self._looked_s = time.time() - FIRST_LOOK_S
        self._overdue = False

    async def look(self) -> None:
        """Look once. Raises LedgerUnavailableError, OSError."""
        now_s = time.time()
        found = await reconcile(self._ledger, self._places, round(now_s * 1000) - HOURS * 3_600_000, again=False)
        for hour in await asyncio.to_thread(changed_hours, self._places.archive, self._looked_s - SETTLED_S):
            found += await reconcile_hour(self._ledger, self._places, hour, again=False)
        self._looked_s = now_s
        for mismatch in found:
            if mismatch not in self._told and not mismatch.told:
                self._told.add(mismatch)
                self._alarm(AlarmKind.RECORDING_MISMATCH, f"{mismatch.file}: {mismatch.what} {mismatch.done}".strip())
        await self._look_for_overdue(round(now_s * 1000))

    async def _look_for_overdue(self, now_ms: int) -> None:
        talks = [one for one in await self._ledger.segments_to_finalise() if now_ms - one.ended_ms > OVERDUE_MS]
        if talks and not self._overdue:
            oldest = file_of_talk(talks[0])
            said = f"{len(talks)} talks that ended over 5 minutes ago have no recording yet, the oldest {oldest}"
            self._alarm(AlarmKind.RECORDINGS_OVERDUE, said)
        self._overdue = bool(talks)


def changed_hours(archive: Path, since_s: float) -> list[str]:
    """The folders, `2026/11/27/04`, in which a file came or went since. Raises OSError."""
    hours = archive.glob("[0-9]*/*/*/*")
    return sorted(hour.relative_to(archive).as_posix() for hour in hours if hour.stat().st_mtime >= since_s)
