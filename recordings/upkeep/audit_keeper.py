"""Keeps the audit log honest while the hotline runs: looked through at the start, signed every so often (promise 9)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from calls.alarms import AlarmKind
from calls.audit import Checkpoint, Fault, contradicts, faults
from recordings.errors import KeysUnreadableError
from recordings.upkeep.audit_checkpoints import OVERDUE_MS, Written, add, newest_in, read
from recordings.vault.places import Places
from recordings.vault.signing import Signer
from storage.ledger import Ledger

LOOK_BACK = 100
"""Checkpoints held against the log at the start; `bailanys audit verify` holds all of it."""


class AuditKeeper:
    """One for each controller; `keep` is called every minute or so."""

    def __init__(self, places: Places, ledger: Ledger, alarm: Callable[[str, str], None]) -> None:
        self._places = places
        self._ledger = ledger
        self._alarm = alarm
        self._looked = False
        self._away = ""
        """What is away and was told."""
        self._newest: Checkpoint | None = None
        """What is signed last; None where nothing is."""
        self._signed = False
        """Whether we have seen or made any checkpoint."""

    async def keep(self) -> None:
        """Look the log over the first time, hold its end against what was signed last, then sign how far it has come.

        While the signing key or the file of checkpoints is away, nothing is signed, and none is made instead of it.
        Raises OSError, LedgerUnavailableError.
        """
        try:
            signer = await asyncio.to_thread(self._places.signer)
        except KeysUnreadableError as error:
            said = f"{error}; the audit log goes on, and is signed once it is back"
            self._tell_away(AlarmKind.SIGNING_KEY_AWAY, said)
            return
        if await self._cut():
            said = "not there, empty or cut, though the log was signed: put it back"
            self._tell_away(AlarmKind.AUDIT_LOG, f"{self._places.checkpoints}: {said}")
            return
        self._away = ""
        if not self._looked:
            self._newest = await self._looked_over(signer)
            self._looked = True
        elif self._newest is not None:
            await self._hold_against(self._newest)
        end = await self._ledger.audit_end()
        if end is not None and (self._newest is None or end.seq > self._newest.seq):
            now_ms = time.time_ns() // 1_000_000
            await asyncio.to_thread(add, self._places.checkpoints, signer, end, now_ms)
            self._newest = Checkpoint(end.seq, end.digest, now_ms)

    async def _cut(self) -> bool:
        """Whether there must have been a file of checkpoints, and there is none, or one without what we have signed."""
        path = self._places.checkpoints
        if self._newest is not None and (await asyncio.to_thread(newest_in, path) or 0) < self._newest.seq:
            # Told now; a file that goes on from there is looked over anew.
            self._newest, self._looked, self._signed = None, False, True
            return True
        if await asyncio.to_thread(lambda: path.exists() and path.stat().st_size > 0):
            return False
        first = await self._ledger.audit_entry(1)
        begun_ms = time.time_ns() // 1_000_000 - OVERDUE_MS
        return self._signed or (first is not None and first.at_ms < begun_ms)

    def _tell_away(self, kind: str, detail: str) -> None:
        if detail != self._away:
            self._alarm(kind, detail)
        self._away = detail

    async def _looked_over(self, signer: Signer) -> Checkpoint | None:
        """Alarm whatever is wrong near the end; returns how far is signed."""
        written = await asyncio.to_thread(read, self._places.checkpoints, signer.public_key)
        for fault in [*written.faults, *await self._faults(written)]:
            self._alarm(AlarmKind.AUDIT_LOG, f"entry {fault.seq} {fault.what}")
        return max(written.points, key=lambda point: point.seq, default=None)

    async def _hold_against(self, newest: Checkpoint) -> None:
        """Alarm, once, a database that was put back while we run; what is signed next is of the log that is there."""
        if fault := contradicts(newest, await self._ledger.audit_entry(newest.seq)):
            self._alarm(AlarmKind.AUDIT_LOG, f"entry {fault.seq} {fault.what}")
            self._newest = None

    async def _faults(self, written: Written) -> list[Fault]:
        points = sorted(written.points, key=lambda point: point.seq)[-LOOK_BACK:]
        told = [contradicts(point, await self._ledger.audit_entry(point.seq)) for point in points]
        found = [fault for fault in told if fault is not None]
        since = points[-2].seq if len(points) > 1 else 0
        before = await self._ledger.audit_entry(since) if since else None
        if since and before is None:
            return found
        return found + list(faults(await self._ledger.audit_after(since), before))
