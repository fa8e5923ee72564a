"""How late a loop is, and whose doing that is: its own work, other threads', a disk's, or a machine's that is too busy.

From the clocks of the kernel, which counts for each thread how long it worked and how long it wanted to and had no
processor.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

Told = tuple[float, float]
"""Of a thread, seconds: how long it worked, and how long it had no processor."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """At one moment, seconds: time, the loop's thread's own work, and its time without a processor."""

    now_s: float
    work_s: float
    starved_s: float


@dataclass(frozen=True, slots=True)
class Stall:
    """How late the loop was, seconds, and of that: its own work, and no processor.

    Who waits for a thread that has no processor itself has none either.
    """

    late_s: float
    work_s: float
    starved_s: float
    busiest: int | None = None
    """The other thread that worked most meanwhile."""
    busiest_s: float = 0.0

    @property
    def ours_s(self) -> float:
        """What we could mend: work, and waiting for other threads or a disk."""
        return max(0.0, self.late_s - self.starved_s)


def stall(before: Clocks, after: Clocks, asked_s: float) -> Stall:
    """What a pause that was to last so long tells."""
    late_s = max(0.0, after.now_s - before.now_s - asked_s)
    return Stall(late_s, min(late_s, after.work_s - before.work_s), min(late_s, after.starved_s - before.starved_s))


def beside(one: Stall, before: Mapping[int, Told], after: Mapping[int, Told]) -> Stall:
    """The same with what the other threads did meanwhile, by the kernel's numbers of them.

    Waiting is ours as far as another thread worked in it, and where none of them wanted to: then it was for a disk.
    """
    did = {
        thread: (after[thread][0] - before[thread][0], after[thread][1] - before[thread][1])
        for thread in after.keys() & before.keys()
    }
    if not did or not one.late_s:
        return one
    waited_s = max(0.0, one.late_s - one.work_s - one.starved_s)
    worked_s, starved_s = (sum(each[part] for each in did.values()) for part in (0, 1))
    ours_s = min(waited_s, max(worked_s * waited_s / one.late_s, waited_s - starved_s))
    busiest = max(did, key=lambda thread: did[thread][0])
    return replace(one, starved_s=one.starved_s + waited_s - ours_s, busiest=busiest, busiest_s=did[busiest][0])


class LateClock:
    """Belongs to the thread that makes it; without the kernel's word nothing counts as starved.

    Another thread calls `remember` from time to time: to look at all threads at every tick would cost too much.
    """

    def __init__(self) -> None:
        self._own = threading.get_native_id()
        self._file: int | None = None
        with contextlib.suppress(OSError):
            self._file = os.open(f"/proc/self/task/{self._own}/schedstat", os.O_RDONLY)
        self._before = self._read()
        self._others: Mapping[int, Told] = {}

    def look(self, asked_s: float, closer_s: float) -> Stall:
        """What the pause since the last look tells; from so late on with what the other threads did."""
        after = self._read()
        one, self._before = stall(self._before, after, asked_s), after
        return beside(one, self._others, self._told()) if one.late_s >= closer_s else one

    def remember(self) -> None:
        """Look at the other threads, while all is well."""
        self._others = self._told()

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self) -> Clocks:
        starved_ns = 0
        if self._file is not None:
            with contextlib.suppress(OSError, ValueError, IndexError):
                starved_ns = int(os.pread(self._file, 64, 0).split()[1])
        return Clocks(time.monotonic(), time.thread_time(), starved_ns / 1e9)

    def _told(self) -> dict[int, Told]:
        told: dict[int, Told] = {}
        with contextlib.suppress(OSError):
            for task in Path("/proc/self/task").iterdir():
                with contextlib.suppress(OSError, ValueError):  # it has ended
                    work_ns, starved_ns, _ = (task / "schedstat").read_bytes().split()
                    told[int(task.name)] = (int(work_ns) / 1e9, int(starved_ns) / 1e9)
        told.pop(self._own, None)
        return told
