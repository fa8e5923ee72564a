"""A day of 10,000 recordings looked at: opened, decoded, held against ledger and audit log, on all cores (promise 9).

500 recordings of 3 minutes are made by the product's own finaliser, ledger and audit log with them, looked at by the
product's own function, and the day reckoned from their time. `--quick`: 60 of them, five times each, so that starting
the processes is not most of it. Reading from a cold disk is not in it. `cpu_day_minutes` is what the processor's time
alone comes to on two cores, whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.archived import archived
from bench.cpu import own_s
from bench.figures import Run, Target
from bench.report import Tell, run
from config.places import Places
from recordings.access.verify import verified
from recordings.vault.vault import Vault
from storage.engine import open_engine
from storage.ledger import Ledger

RECORDINGS, QUICK_RECORDINGS = 500, 60
TIMES, QUICK_TIMES = 1, 5
SECONDS = 180.0
OF_A_DAY = 10_000
CORES = 2
RUNS = 3
TARGETS = (Target("day_minutes", 10.0),)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Make the recordings once, and look at them again and again."""
    number, times = (QUICK_RECORDINGS, QUICK_TIMES) if quick else (RECORDINGS, TIMES)
    with tempfile.TemporaryDirectory(prefix="bailanys-verify-") as folder:
        tell(f"making {number} recordings of {SECONDS:g} s")
        places = await asyncio.to_thread(archived, Path(folder), number, SECONDS)
        runs = []
        for turn in range(RUNS):
            tell(f"looking at them on {os.cpu_count()} cores, run {turn + 1} of {RUNS}")
            runs.append(await asyncio.to_thread(_looked_at, places, number, times))
    return runs


def _looked_at(places: Places, number: int, times: int) -> Run:
    engine = open_engine(places.database_url)
    began_s, used_s = time.perf_counter(), own_s()
    rows = asyncio.run(Ledger(engine).recordings.kept()) * times
    verdicts = list(verified(Vault(places).store, places.keys, rows))
    seconds, used_s = time.perf_counter() - began_s, own_s() - used_s
    engine.dispose()
    looks = number * times
    if len(verdicts) != looks or any(verdict.faults for verdict in verdicts):
        raise RuntimeError(f"{len(verdicts)} verdicts: {[verdict for verdict in verdicts if verdict.faults][:3]}")
    return {
        "day_minutes": seconds / looks * OF_A_DAY / 60,
        "recording_ms": seconds / looks * 1000,
        "cpu_day_minutes": used_s / CORES / looks * OF_A_DAY / 60,
    }


if __name__ == "__main__":
    run("verify", f"a day of {OF_A_DAY:,} recordings of {SECONDS:g} s looked at", measure, TARGETS)
