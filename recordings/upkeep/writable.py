"""Whether a folder takes our bytes, tried out: 64 KiB are written, synced and taken away again.

Free space alone would not tell: a disk may be read-only, over its quota, or away. The file's own time says when the
folder took bytes last, also to a controller that was not there meanwhile.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from recordings.upkeep.disk_space import Look, Room

PROBE = ".writable"
_BYTES = b"\0" * 65_536
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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
