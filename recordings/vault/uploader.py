"""Moves finished recordings on to the far store, by itself and whenever it answers; calls never wait for it (rule 14).

A recording is in the ledger before it is moved, so that it is found, heard and packed from the local folder for as
long as it has to wait there. It is moved once its receipt is gone, that is, once the finaliser has done with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TypeVar

import structlog

from calls.alarms import AlarmKind
from calls.store import Store, StoreAwayError, Stored
from recordings.capture.finaliser import LEDGER
from recordings.errors import DisposedOfError
from recordings.naming import SIDECAR, origin_of
from recordings.retries import Complaints
from recordings.vault.archive import receipt_of
from recordings.vault.carrying import carry, drop
from recordings.vault.disposal import remove
from recordings.vault.folder import Folder
from recordings.vault.opening import Keys
from recordings.vault.sidecar import Sidecar, read
from recordings.vault.store_health import StoreStanding

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Threads of their own, so that a store that hangs holds up nobody else."""
PRUNE_EVERY_MS = 3_600_000

T = TypeVar("T")

Note = Callable[[Sidecar], Awaitable[None]]
"""Enters in the audit log that a recording is in the far store; durable when it returns, and may be called twice.

Raises DisposedOfError for one that was disposed of meanwhile."""

LastAlarm = Callable[[], Awaitable[str]]
"""The kind of the last alarm on the store, before this life of ours; empty for none."""


class Uploader:
    """One for each controller; call `look` every second or so."""

    def __init__(
        self,
        near: Folder,
        far: Store,
        keys: Keys,
        note: Note,
        alarm: Callable[[str, str], None],
        last_alarm: LastAlarm,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._near, self._far, self._keys, self._note, self._alarm = near, far, keys, note, alarm
        self._last_alarm, self._now_ms = last_alarm, now_ms
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upload")
        self._complaints = Complaints()
        self._standing: StoreStanding | None = None
        self._pruned_ms = 0

    async def look(self) -> int:
        """Move what waits, and return how many were moved; tells of a store that is away or slow.

        Raises OSError for the local folder, and at the first look what `last_alarm` raises.
        """
        if self._standing is None:
            self._standing = StoreStanding.known(await self._last_alarm())
        if self._standing.rests(self._now_ms()) or self._complaints.rests(LEDGER, self._now_ms()):
            return 0
        waiting = await self._in_thread(self._waiting)
        moved, why = await self._moved(waiting)
        left = waiting if why else await self._in_thread(self._waiting)
        oldest_ms = min((stored.changed_ms for stored in left), default=None)
        self._standing, said = self._standing.after(why, len(left), oldest_ms, self._now_ms())
        for one in said:
            self._alarm(one.kind, one.detail)
        await self._prune()
        return moved

    def _waiting(self) -> list[Stored]:
        return [
            stored
            for stored in self._near.list()
            if stored.path.endswith(SIDECAR) and not receipt_of(self._near.root, _file(stored)).exists()
        ]

    async def _moved(self, waiting: Sequence[Stored]) -> tuple[int, str]:
        """How many, and why the store did not take them; the first goes alone, to see whether the store answers."""
        moved = 0
        for portion in (waiting[:1], *(waiting[at : at + AT_ONCE] for at in range(1, len(waiting), AT_ONCE))):
            for done in await asyncio.gather(*(self._move(stored) for stored in portion), return_exceptions=True):
                if isinstance(done, StoreAwayError):
                    return moved, str(done)
                if isinstance(done, _NotNotedError):
                    self._complaints.failed(LEDGER, done.why, self._now_ms())
                    return moved, ""
                if isinstance(done, BaseException):
                    raise done
                moved += done
        return moved, ""

    async def _move(self, stored: Stored) -> bool:
        """Move one; what is wrong with this one alone is said once, and tried again. Raises StoreAwayError."""
        file = _file(stored)
        if origin_of(file) is None or self._complaints.rests(file, self._now_ms()):
            return False
        try:
            sidecar = await self._in_thread(lambda: self._carried(stored))
            await self._noted(sidecar)
            await self._in_thread(lambda: drop(self._near, sidecar))
        except (StoreAwayError, _NotNotedError):
            raise
        except DisposedOfError:
            path = sidecar.recording.path
            await self._in_thread(lambda: [remove(store, path) for store in (self._far, self._near)])
            return False
        except Exception as error:  # one bad file must not stop the others
            if self._complaints.failed(file, error, self._now_ms()):
                self._alarm(AlarmKind.RECORDING_NOT_STORED, f"{file}: {error}")
            return False
        self._complaints.cleared(file)
        self._complaints.cleared(LEDGER)
        log.info("recording stored", file=file, path=self._far.place_of(sidecar.recording.path))
        return True

    async def _noted(self, sidecar: Sidecar) -> None:
        try:
            await self._note(sidecar)
        except DisposedOfError:
            raise
        except Exception as error:  # the ledger's errors are not ours to name
            raise _NotNotedError(error) from error

    def _carried(self, stored: Stored) -> Sidecar:
        sidecar = read(self._near, stored.path)
        carry(self._near, self._far, sidecar, self._keys() if sidecar.sealed else None)
        return sidecar

    async def _prune(self) -> None:
        now_ms = self._now_ms()
        if now_ms - self._pruned_ms > PRUNE_EVERY_MS:
            self._pruned_ms = now_ms
            await self._in_thread(lambda: self._near.prune(now_ms))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class _NotNotedError(Exception):
    """The audit log took no entry: nothing may be dropped here, whatever the store says."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


def _file(sidecar: Stored) -> str:
    return PurePosixPath(sidecar.path).name.removesuffix(SIDECAR)
