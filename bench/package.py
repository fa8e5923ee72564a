"""From a demand to its package: 20 recordings of 30 minutes, encrypted in the archive (rule 14; promise 11).

The clock runs from the search to the signed package on the disk, by the product's own functions and in a process of
its own, whose peak of memory is what the kernel says. `--quick` packs 20 recordings of 3 minutes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.archived import ARRIVED_MS, PHONE, ZONE, archived
from bench.figures import Run, Target
from bench.report import Tell, run
from calls.demand import Authority, DemandStep, StepKind
from calls.local_day import local_date
from config.places import Places
from demands.desk import DemandDesk
from demands.package import pack
from storage.demands import Register
from storage.engine import open_engine
from storage.ledger import Ledger

RECORDINGS = 20
MINUTES, QUICK_MINUTES = 30.0, 3.0
RUNS = 3
TARGETS = (Target("seconds", 60.0), Target("peak_mb", 200.0))


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Make the recordings once, and pack them again and again."""
    minutes = QUICK_MINUTES if quick else MINUTES
    with tempfile.TemporaryDirectory(prefix="bailanys-package-") as folder:
        tell(f"making {RECORDINGS} recordings of {minutes:g} minutes")
        places = await asyncio.to_thread(archived, Path(folder), RECORDINGS, minutes * 60)
        runs = []
        for number in range(RUNS):
            tell(f"packing, run {number + 1} of {RUNS}")
            runs.append(await asyncio.to_thread(_apart, places))
    return runs


def _apart(places: Places) -> Run:
    """In a process of its own: its peak of memory is nobody else's."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_packed, args=(places, sender))
    child.start()
    figures: Run = receiver.recv()
    child.join()
    return figures


def _packed(places: Places, sender: multiprocessing.connection.Connection) -> None:
    began_s = time.perf_counter()
    size = asyncio.run(_way(places))
    seconds = time.perf_counter() - began_s
    sender.send({"seconds": seconds, "peak_mb": _peak_mb(), "package_mb": size / 1e6})


def _peak_mb() -> float:
    """The most memory that this program ever had resident; `ru_maxrss` would count in what started it (proc(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


async def _way(places: Places) -> int:
    engine = open_engine(places.database_url)
    register = Register(engine)
    desk = DemandDesk(register, Ledger(engine), ZONE)
    day = local_date(ARRIVED_MS, ZONE)
    entered = await desk.enter(
        Authority.SERVICE_QUALITY,
        "14-2/118",
        "rule 14",
        day,
        PHONE,
        time.time_ns() // 1_000_000,
        "clerk",
        confirm_dates=True,
    )
    demand = entered.state.demand.id
    files = [hit.recording.file for hit in entered.found if hit.recording is not None]
    if len(files) != RECORDINGS:
        raise RuntimeError(f"{len(files)} recordings found instead of {RECORDINGS}")
    await desk.do(demand, StepKind.SELECTED, "auditor", files)
    await register.do(demand, DemandStep(StepKind.APPROVED, 0, "chief"))
    target, _ = await pack(desk, demand, "auditor", places, ZONE)
    size = target.stat().st_size
    target.unlink()
    engine.dispose()
    return size


if __name__ == "__main__":
    run("package", f"from a demand to its package, {RECORDINGS} recordings", measure, TARGETS)
