"""How full a disk is, how soon it will be full, and whether it takes our bytes (promise 14).

Free space alone would not tell: a disk may be read-only, over its quota, or away. So 64 KiB are written, synced and
taken away again; the file's own time says when the folder took bytes last, also to a controller that was not there
meanwhile.
What a look means is reckoned without the disk.

An alarm comes at 70, 85 and 95 % used, and goes again once there is 3 % less; a fault ends when the disk has taken our
bytes for half a minute, so that one which is full to the brim is not told every second anew.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

MARKS = (70, 85, 95)
EASED_BY = 3.0
SLOW_S, QUICK_S = 2.0, 0.5
"""A disk that needs so long for 64 KiB is slow, and is quick again when it needs no longer than that."""
SOUND_AFTER_MS = 30_000
WINDOW_MS = 3_600_000
KNOWN_AFTER_MS = 60_000
SAMPLE_EVERY_MS = 20_000
PROBE = ".writable"
_BYTES = b"\0" * 65_536
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class Room:
    """What is used of a disk with what we may still use, and that alone, at an instant (UTC epoch ms)."""

    at_ms: int
    total_bytes: int
    free_bytes: int

    @property
    def used_percent(self) -> float:
        """What is used of it, as `df` says; a disk without a size is full."""
        return 100.0 * (1 - self.free_bytes / self.total_bytes) if self.total_bytes else 100.0


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a disk has found."""

    at_ms: int
    room: Room | None
    """None when even that cannot be told."""
    fault: str = ""
    """`full`, `unwritable`, or nothing."""
    why: str = ""
    took_s: float = 0.0
    since_ms: int | None = None
    """When it is known to have taken bytes last, of a disk with a fault."""


@dataclass(frozen=True, slots=True)
class DiskState:
    """How a disk stands, after all the looks so far."""

    mark: int = 0
    """The highest of `MARKS` that is reached, in per cent; 0 below all of them."""
    fault: str = ""
    slow: bool = False
    sound_since_ms: int | None = None
    """Since when it takes bytes again, while its fault is not over yet."""


def state_after(before: DiskState, look: Look) -> DiskState:
    """How the disk stands after one more look."""
    mark = before.mark if look.room is None else mark_of(before.mark, look.room.used_percent)
    slow = look.took_s > (QUICK_S if before.slow else SLOW_S)
    if look.fault:
        return DiskState(mark, look.fault, slow)
    if not before.fault:
        return DiskState(mark, "", slow)
    since_ms = look.at_ms if before.sound_since_ms is None else before.sound_since_ms
    if look.at_ms - since_ms >= SOUND_AFTER_MS:
        return DiskState(mark, "", slow)
    return replace(before, mark=mark, slow=slow, sound_since_ms=since_ms)


def mark_of(before: int, used_percent: float) -> int:
    """The highest mark that is reached, or that was and is not left far enough."""
    kept = [mark for mark in MARKS if used_percent >= (mark - EASED_BY if mark <= before else mark)]
    return max(kept, default=0)


def sampled(samples: Sequence[Room], room: Room) -> tuple[Room, ...]:
    """The rooms of the last hour with one more, no closer together than need be."""
    recent = [one for one in samples if 0 <= room.at_ms - one.at_ms <= WINDOW_MS]
    if recent and room.at_ms - recent[-1].at_ms < SAMPLE_EVERY_MS:
        return tuple(recent)
    return (*recent, room)


def hours_to_full(samples: Sequence[Room], room: Room) -> float | None:
    """How long the disk lasts at the rate of the last hour; None while it is not known, or is not filling."""
    first = samples[0] if samples else room
    passed_ms, taken = room.at_ms - first.at_ms, first.free_bytes - room.free_bytes
    if passed_ms < KNOWN_AFTER_MS or taken <= 0:
        return None
    return room.free_bytes * passed_ms / taken / 3_600_000


def news(before: DiskState, after: DiskState, look: Look, hours: float | None) -> list[tuple[str, str]]:
    """What a person should hear of the change: the kind after the disk's name (`full`), and the detail."""
    told: list[tuple[str, str]] = []
    if after.fault != before.fault:
        told.append((after.fault, look.why) if after.fault else ("writable", "it takes recordings again"))
    if after.mark != before.mark and look.room is not None:
        told.append(("filling" if after.mark > before.mark else "eased", words(look.room, hours)))
    if after.slow != before.slow:
        told.append(("slow" if after.slow else "quick", f"64 KiB took {look.took_s:.1f} s"))
    return told


def words(room: Room, hours: float | None) -> str:
    """`87.2 % used, 12.5 GB free, full in 5.1 hours at the rate of the last hour`."""
    rate = "" if hours is None else f", full in {hours:.1f} hours at the rate of the last hour"
    return f"{room.used_percent:.1f} % used, {room.free_bytes / 1e9:.1f} GB free{rate}"


def look_at(folder: Path) -> Look:
    """Look once; blocks for as long as the disk does. Raises nothing."""
    began_s, now_ms = time.monotonic(), time.time_ns() // 1_000_000
    try:
        room = room_of(os.statvfs(folder), now_ms)
    except OSError:
        room = None
    probe = folder / PROBE
    try:
        before_ns = probe.stat().st_mtime_ns
    except OSError:
        before_ns = None
    try:
        _try_out(probe, before_ns)
    except OSError as error:
        fault = "full" if error.errno in _FULL else "unwritable"
        since_ms = None if before_ns is None else before_ns // 1_000_000
        return Look(now_ms, room, fault, error.strerror or str(error), time.monotonic() - began_s, since_ms)
    return Look(now_ms, room, took_s=time.monotonic() - began_s)


def room_of(told: os.statvfs_result, now_ms: int) -> Room:
    """The room of a file system as `df` counts it: what only root may use is neither used nor free."""
    used, free = told.f_blocks - told.f_bfree, told.f_bavail
    return Room(now_ms, (used + free) * told.f_frsize, free * told.f_frsize)


def _try_out(probe: Path, before_ns: int | None) -> None:
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        try:
            if os.write(descriptor, _BYTES) < len(_BYTES):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.ftruncate(descriptor, 0)
    except OSError:
        if before_ns is not None:
            os.utime(descriptor, ns=(before_ns, before_ns))
        raise
    finally:
        os.close(descriptor)
