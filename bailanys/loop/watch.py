"""The watch over the event loop that handles the calls: how long it stood still, why, and an alarm (decision 16).

A timer that comes late tells how long nothing could be done for a caller. The kernel tells how much of that the thread
spent working, and how much it wanted to work and had no processor: what is left it waited for other threads (Python
runs one at a time) or for a disk. Work and waiting are ours to mend; a machine that is too busy is told apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from bailanys.loop.late_clock import LateClock, Stall
from bailanys.loop.seen import Seen, what_runs
from calls.alarms import AlarmKind
from console.operations.health import LoopNow

TICK_S = 0.02
ALARM_S = 0.1
"""Of ours: `bench.loop` holds 20 ms; five times that is a fault that callers begin to notice."""
STARVED_S = 1.0
"""Without a processor: after two to four seconds the safety net takes the callers."""
QUIET_S = 60.0
"""An alarm of each kind at most so often; those between are counted."""
SAMPLE_EVERY_S = 0.05
WINDOW_S = 60.0
"""The longest is told of the last one to two such windows."""


class LoopWatch:
    """One for each controller; `run` belongs to the loop that is watched."""

    def __init__(self, alarm: Callable[[str, str], None], every: Callable[[Stall], None] = lambda _: None) -> None:
        """`every`: is told each look, stall or not."""
        self._alarm = alarm
        self._every = every
        self._windows = [0.0, 0.0]
        self._window_ends_s = 0.0
        self._counts = {AlarmKind.LOOP_STALLED: 0, AlarmKind.LOOP_STARVED: 0}
        self._untold = {AlarmKind.LOOP_STALLED: 0, AlarmKind.LOOP_STARVED: 0}
        self._quiet_until_s = {AlarmKind.LOOP_STALLED: 0.0, AlarmKind.LOOP_STARVED: 0.0}
        self._due_s = 0.0
        self._seen: Seen | None = None
        self._ended = threading.Event()

    @property
    def now(self) -> LoopNow:
        """How the loop did so far."""
        return LoopNow(max(self._windows), self._counts[AlarmKind.LOOP_STALLED], self._counts[AlarmKind.LOOP_STARVED])

    async def run(self) -> None:
        """Watch until cancelled."""
        clock, loop = LateClock(), asyncio.get_running_loop()
        looking = (clock, loop, threading.get_ident())
        sampler = threading.Thread(target=self._sample, args=looking, name="loop watch", daemon=True)
        self._due_s = time.monotonic() + TICK_S
        sampler.start()
        try:
            while True:
                await asyncio.sleep(TICK_S)
                self._take(clock.look(TICK_S, ALARM_S), time.monotonic())
                self._due_s = time.monotonic() + TICK_S
        finally:
            self._ended.set()
            clock.close()

    def _take(self, one: Stall, now_s: float) -> None:
        if now_s >= self._window_ends_s:
            self._windows, self._window_ends_s = [0.0, self._windows[0]], now_s + WINDOW_S
        self._windows[0] = max(self._windows[0], one.ours_s)
        seen, self._seen = self._seen, None
        if one.ours_s >= ALARM_S:
            self._tell(AlarmKind.LOOP_STALLED, one, seen, now_s)
        if one.starved_s >= STARVED_S:
            self._tell(AlarmKind.LOOP_STARVED, one, None, now_s)
        self._every(one)

    def _tell(self, kind: AlarmKind, one: Stall, seen: Seen | None, now_s: float) -> None:
        self._counts[kind] += 1
        if now_s < self._quiet_until_s[kind]:
            self._untold[kind] += 1
            return
        untold, self._untold[kind] = self._untold[kind], 0
        self._quiet_until_s[kind] = now_s + QUIET_S
        with contextlib.suppress(OSError):  # a full disk is told by others
            self._alarm(kind, words(one, seen, untold))

    def _sample(self, clock: LateClock, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        """In a thread of its own: while the loop stands still, look once at what it does."""
        while not self._ended.wait(SAMPLE_EVERY_S):
            late_s = time.monotonic() - self._due_s
            if late_s < TICK_S:
                clock.remember()
            elif self._seen is None and late_s > ALARM_S / 2:
                self._seen = what_runs(loop, thread)


def words(one: Stall, seen: Seen | None, untold: int) -> str:
    """`412 ms: 390 of work, 20 of waiting for other threads or a disk, 2 without a processor; in …`."""
    waited_s = max(0.0, one.late_s - one.work_s - one.starved_s)
    said = (
        f"{1000 * one.late_s:.0f} ms: {1000 * one.work_s:.0f} of work, {1000 * waited_s:.0f} of waiting for other "
        f"threads or a disk, {1000 * one.starved_s:.0f} without a processor"
    )
    return said + (f"; {seen}" if seen else "") + (f"; {untold} more since the last such alarm" if untold else "")
