"""The last act: an authorised body demands the first caller's recordings, and gets them (rule 14)."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from bailanys.processes.hotline import Hotline
from calls.demand import Authority, StepKind
from calls.local_day import local_date
from demands.desk import DemandDesk, time_left
from demands.package import pack
from storage.demands import Register
from storage.engine import open_engine
from storage.ledger import Ledger


async def demand_is_met(up: Hotline, phone: str, tell: Callable[[str], None]) -> None:
    """From the letter to the handing over, by three persons; the package checks itself with a bare Python."""
    zone = up.settings.hotline.time_zone
    engine = open_engine(up.places.database_url)
    desk = DemandDesk(Register(engine), Ledger(engine), zone)
    now_ms = time.time_ns() // 1_000_000
    tell(f"Act 5: an authorised body demands in writing today's talks of {phone}; four hours run from now")
    entered = await desk.enter(
        Authority.SERVICE_QUALITY, "14-2/118", "rule 14", local_date(now_ms, zone), phone, now_ms, "clerk"
    )
    demand = entered.state.demand
    files = [hit.recording.file for hit in entered.found if hit.recording is not None and hit.recording.path]
    tell(f"       {demand.id}: {len(files)} recordings found at once, and on hold")
    await desk.do(demand.id, StepKind.SELECTED, "auditor", files)
    await desk.do(demand.id, StepKind.APPROVED, "chief")
    package, _ = await pack(desk, demand.id, "auditor", up.places, zone)
    tell(f"       selected by one person, approved by another, packed and signed: {package.name}")
    tell(f"       verify.py of the package: {await _verified(package)}")
    state = await desk.do(demand.id, StepKind.DELIVERED, "clerk", detail="to A. Serikova, by courier")
    left_ms = demand.deadline_ms - (state.closed_ms or demand.deadline_ms)
    tell(f"       handed over; {time_left(left_ms)} of the four hours")
    engine.dispose()


async def _verified(package: Path) -> str:
    """What is said by the package's own verifier, run as the authority would: a Python that knows nothing of us."""
    with tempfile.TemporaryDirectory(prefix="bailanys-package-") as folder:
        with zipfile.ZipFile(package) as opened:
            opened.extractall(folder)
        run = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "verify.py", cwd=folder, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await run.communicate()
    lines = said.decode().splitlines()
    return lines[0] if run.returncode == 0 and lines else f"FAILED ({run.returncode})"
