"""The machine's two clocks: the wall's, which can be set, and the time since its start, which nobody can set.

What was written together with both tells, until the next start of the machine, how late it really is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks at one moment."""

    wall_ms: int
    """UTC epoch ms."""
    boot: str = ""
    """Which start of the machine `up_ms` counts from; empty where that is not known."""
    up_ms: int = 0
    """Since that start, sleep included."""


def read() -> Reading:
    """Look at both clocks."""
    wall_ms = time.time_ns() // 1_000_000
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return Reading(wall_ms)
    return Reading(wall_ms, boot, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
