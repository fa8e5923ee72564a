"""The processes that `bench.loop` measures: the real controller with a fine ticker in its loop, and its back office.

What is done from time to time is done all the time in them. Run as
`python -m bench.loop_controller controller|back-office CONFIG RESULT`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import threading
import time
from pathlib import Path

from bailanys import back_office, controller
from bailanys.api import reports
from bailanys.cli.context import ROOT
from bailanys.logging import set_up_logging
from bailanys.loop.late_clock import LateClock, Stall
from bailanys.loop.seen import Seen, what_runs
from bailanys.site.secrets import site_secrets
from config.load import load
from config.places import places_of
from dispatch import dispatcher
from recordings.upkeep import disk_watch, reconcile
from storage.engine import open_engine
from storage.journal import reserve
from storage.ledger import Ledger

TICK_S = 0.002
TOLD_S = 0.005
"""Stalls from here on are told one by one."""
LOOK_S = 0.008
RECALL_EVERY_S = 0.1
CALLERS = 60_000


def hurry() -> None:
    """Do what is done from time to time every second or two."""
    reconcile.EVERY_S = 2.0
    back_office.AUDIT_EVERY_S = back_office.RETENTION_EVERY_S = back_office.DEMANDS_EVERY_S = 1.0
    controller.LOST_EVERY_S = dispatcher.AUDIT_EVERY_S = 1.0
    reserve.EVERY_S = disk_watch.LOOK_EVERY_S = 1.0
    reports.KEPT_S = 0.5


class Ticker:
    """Looks every two milliseconds how late it is, in the loop that it belongs to."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.stalls: list[dict[str, float | str]] = []
        self.recalls_ms: list[float] = []
        self.ticks = 0
        self._due_s = time.monotonic()
        self._seen: Seen | None = None
        self._began_s = time.time()
        self._collecting_s = 0.0
        self._rounds: list[tuple[int, float]] = []
        gc.callbacks.append(self._collects)

    async def run(self) -> None:
        """Tick until cancelled."""
        clock, loop = LateClock(), asyncio.get_running_loop()
        threading.Thread(target=self._sample, args=(clock, loop, threading.get_ident()), daemon=True).start()
        while True:
            await asyncio.sleep(TICK_S)
            self._take(clock.look(TICK_S, LOOK_S))
            self._due_s = time.monotonic() + TICK_S

    async def recall(self) -> None:
        """Ask for a caller's language, as the menu does, until cancelled."""
        ledger = Ledger(open_engine(self._url))
        for number in range(1_000_000):
            began_s = time.monotonic()
            if await ledger.language_of(f"+7701{1_000_000 + number * 7919 % CALLERS}") != "ru":
                raise RuntimeError("a caller's language is not recalled")
            self.recalls_ms.append(1000 * (time.monotonic() - began_s))
            await asyncio.sleep(RECALL_EVERY_S)

    def _take(self, one: Stall) -> None:
        self.ticks += 1
        seen, self._seen = self._seen, None
        if one.late_s < TOLD_S:
            self._rounds.clear()
        if one.late_s >= TOLD_S:
            self.stalls.append({
                "at_s": round(time.time() - self._began_s, 3), "ours_ms": round(1000 * one.ours_s, 2),
                "late_ms": round(1000 * one.late_s, 2), "work_ms": round(1000 * one.work_s, 2),
                "starved_ms": round(1000 * one.starved_s, 2),
                "seen": f"{seen or ''} {self._beside(one)} {self._collected()}",
            })  # fmt: skip

    def _beside(self, one: Stall) -> str:
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        return f"[{names.get(one.busiest, one.busiest)} worked {1000 * one.busiest_s:.1f} ms]"

    def _collected(self) -> str:
        rounds, self._rounds = self._rounds, []
        return " ".join(f"[garbage {generation}: {1000 * took_s:.1f} ms]" for generation, took_s in rounds)

    def _collects(self, phase: str, told: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_s = time.monotonic()
        else:
            self._rounds.append((told["generation"], time.monotonic() - self._collecting_s))

    def _sample(self, clock: LateClock, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        for number in range(1_000_000_000):
            time.sleep(LOOK_S / 2)
            late_s = time.monotonic() - self._due_s
            if late_s < TICK_S and number % 5 == 0:
                clock.remember()
            elif self._seen is None and late_s > LOOK_S:
                self._seen = what_runs(loop, thread)


async def run_watched(config: Path, command: list[str], found: Path) -> None:
    """The controller with the ticker beside it; what was found is written at the end."""
    settings = load(config)
    places = places_of(settings, ROOT)
    keys = site_secrets(places.state, (operator.number for operator in settings.operators))
    ticker = Ticker(places.database_url)
    beside = [asyncio.create_task(ticker.run()), asyncio.create_task(ticker.recall())]
    await controller.run_controller(settings, places, keys, command, ())
    for task in beside:
        if task.done():
            task.result()
        task.cancel()
    said = {"began_s": ticker._began_s, "stalls": ticker.stalls, "recalls_ms": ticker.recalls_ms, "ticks": ticker.ticks}
    await asyncio.to_thread(found.write_text, json.dumps(said))


def go_first() -> None:
    """Before what else the machine does, where that is allowed; the back office behind it, as always."""
    with contextlib.suppress(PermissionError):
        os.nice(-15)


if __name__ == "__main__":
    _, what, path, result = sys.argv
    hurry()
    set_up_logging()
    if what == "back-office":
        os.nice(15)
        sys.stdin.readline()
        made = load(Path(path))
        asyncio.run(back_office.run_back_office(made, places_of(made, ROOT)))
    else:
        go_first()
        office = [sys.executable, "-m", "bench.loop_controller", "back-office", path, result]
        asyncio.run(run_watched(Path(path), office, Path(result)))
