"""Watches the disks of spool and archive: alarms at 70, 85 and 95 %, and within ten seconds of a full one (promise 14).

Calls never wait for it: a disk that hangs holds one thread, and is told as slow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from calls.disks import DiskCondition, DiskNow
from config.places import Places
from recordings.upkeep.disk_space import (
    SLOW_S,
    DiskState,
    Look,
    Room,
    hours_to_full,
    look_at,
    news,
    sampled,
    state_after,
)

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0

Alarm = Callable[[str, str, int], None]
"""Raises an alarm of a kind with a detail, as of an instant (UTC epoch ms). Raises OSError when it is not written."""


@dataclass(slots=True)
class _Watched:
    folder: Path
    stands: DiskState = field(default_factory=DiskState)
    samples: tuple[Room, ...] = ()
    room: Room | None = None
    looking: asyncio.Future[Look] | None = None


def disks_of(places: Places) -> dict[str, Path]:
    """What recordings are written to, by the name that alarms begin with."""
    return {"spool": places.spool, "archive": places.archive}


class DiskWatch:
    """One for each controller; `look` is called every two seconds."""

    def __init__(self, folders: Mapping[str, Path], alarm: Alarm, look_at: Callable[[Path], Look] = look_at) -> None:
        """`folders`: by the name that alarms begin with."""
        self._disks = {name: _Watched(folder) for name, folder in folders.items()}
        self._alarm = alarm
        self._look_at = look_at
        self._untold: list[tuple[str, str, int]] = []
        self._threads = ThreadPoolExecutor(len(self._disks), thread_name_prefix="disk")
        """Of its own: one that hangs must not be missed elsewhere."""

    def now(self) -> tuple[DiskNow, ...]:
        """How the disks stand."""
        return tuple(_shown(name, one) for name, one in self._disks.items())

    async def look(self) -> None:
        """Look at every disk once, and tell what has changed. Raises nothing."""
        await asyncio.gather(*(self._look(name, one) for name, one in self._disks.items()))
        untold, self._untold = self._untold, []
        for told in untold:
            self._tell(*told)

    async def _look(self, name: str, one: _Watched) -> None:
        if one.looking is None:
            one.looking = asyncio.get_running_loop().run_in_executor(self._threads, self._look_at, one.folder)
        done, _ = await asyncio.wait([one.looking], timeout=SLOW_S)
        if not done:
            if not one.stands.slow:
                one.stands = DiskState(one.stands.mark, one.stands.fault, slow=True)
                self._tell(f"{name}-slow", "the disk does not answer", _now_ms())
            return
        look, one.looking = one.looking.result(), None
        before, one.stands = one.stands, state_after(one.stands, look)
        if look.room is not None:
            one.samples, one.room = sampled(one.samples, look.room), look.room
        hours = hours_to_full(one.samples, look.room) if look.room else None
        for kind, detail in news(before, one.stands, look, hours):
            began_ms = look.since_ms if kind in ("full", "unwritable") and look.since_ms is not None else look.at_ms
            self._tell(f"{name}-{kind}", detail, began_ms)

    def _tell(self, kind: str, detail: str, at_ms: int) -> None:
        try:
            self._alarm(kind, detail, at_ms)
        except OSError as error:  # the journal's own disk; it is written as soon as there is room
            log.error("an alarm is not written yet", kind=kind, error=str(error))
            self._untold.append((kind, detail, at_ms))


def _shown(name: str, one: _Watched) -> DiskNow:
    condition: DiskCondition = "slow" if one.stands.slow else "filling" if one.stands.mark else "ok"
    if one.stands.fault:
        condition = "full" if one.stands.fault == "full" else "unwritable"
    hours = hours_to_full(one.samples, one.room) if one.room else None
    return DiskNow(
        name=name,
        state=condition,
        used_percent=None if one.room is None else round(one.room.used_percent, 1),
        free_bytes=None if one.room is None else one.room.free_bytes,
        hours_to_full=None if hours is None else round(hours, 1),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
