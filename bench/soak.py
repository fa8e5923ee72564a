"""Whether the controller and its back office grow: 20,000 calls one after the other, as fast as it goes.

The real controller and back office beside a pretended Asterisk (`bench.pretend_asterisk`): callers wait, are moved to
operators, talk for a second and are gone; what happened goes through the journal into the ledger. After every thousand
calls in the ledger the memory of both processes is read. `…_late_mb` is what the last quarter of the calls added, for
a thousand, and `…_half_mb` the last half: on a plateau next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bailanys.site.free_ports import own_place
from bench.centre import CONFIG, ROOT
from bench.figures import Run, Target
from bench.pretend_asterisk import FIRST_OPERATOR
from bench.report import Tell, run
from config.load import load
from config.places import places_of
from storage.engine import open_engine
from storage.ledger import Ledger
from storage.migrate import upgrade

OPERATORS, TALK_S = 100, 1.0
CALLS_PER_S = 60.0
CALLS, QUICK_CALLS = 20_000, 2_000
EACH = 1_000
PATIENCE_S = 1500.0
TARGETS = (Target("controller_late_mb", 0.5), Target("back_office_late_mb", 0.5))
_PAGE = os.sysconf("SC_PAGE_SIZE")


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """One run; the quick one is too short for a plateau."""
    state = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        env = {**os.environ, **own_place(state), **_over()}
        settings = load(CONFIG, env)
        places = places_of(settings, ROOT)
        for folder in (places.spool, places.log, places.journals[0].parent, places.state / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        upgrade(places.database_url)
        steps = await _soaked(env, settings.ports.ami, places.journals[0], places.database_url, quick, tell)
        size = sum(journal.stat().st_size for journal in places.journals if journal.exists())
        return [_figures(steps, size)]
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _over() -> dict[str, str]:
    groups = [group.name for group in load(CONFIG).groups]
    people = [
        {"number": str(number), "name": f"Operator {number}", "groups": groups}
        for number in range(FIRST_OPERATOR, FIRST_OPERATOR + OPERATORS)
    ]
    return {
        "BAILANYS_OPERATORS": json.dumps(people),
        "BAILANYS_PEOPLE": "[]",
        "BAILANYS_OFFERS__WRAP_UP_S": "0",
        "BAILANYS_TRUNKS": json.dumps([{"name": "carrier", "addresses": ["127.0.0.1"]}]),
    }


async def _soaked(
    env: Mapping[str, str], ami: int, journal: Path, url: str, quick: bool, tell: Tell
) -> list[tuple[int, float, float]]:
    """Calls in the ledger, and the MB of the controller and of the back office, at each step."""
    log = journal.with_name("controller.log").open("ab")
    pretended = (str(ami), str(journal), str(OPERATORS), str(CALLS_PER_S), str(TALK_S))
    asterisk = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.pretend_asterisk", *pretended, env=env, cwd=ROOT, stdin=asyncio.subprocess.PIPE
    )
    controller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bailanys", "controller", "--config", str(CONFIG), env=env, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=log,
    )  # fmt: skip
    steps: list[tuple[int, float, float]] = []
    ledger, most, began_ms = Ledger(open_engine(url)), QUICK_CALLS if quick else CALLS, time.time_ns() // 1_000_000
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not steps or steps[-1][0] < most:
                await asyncio.sleep(0.5)
                if controller.returncode is not None:
                    raise RuntimeError(
                        f"the controller ended: {journal.with_name('controller.log').read_text()[-1000:]}"
                    )
                count, _ = await ledger.answered_between(began_ms - 86_400_000, began_ms + 86_400_000)
                if count >= EACH * (len(steps) + 1):
                    office = _child_of(controller.pid)
                    steps.append((count, _resident_mb(controller.pid), _resident_mb(office)))
                    tell(f"{count:6} calls: controller {steps[-1][1]:.1f} MB, back office {steps[-1][2]:.1f} MB")
        return steps
    finally:
        log.close()
        assert controller.stdin is not None
        controller.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20):
                await controller.wait()
        for process in (controller, asterisk):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _figures(steps: Sequence[tuple[int, float, float]], journal_bytes: int) -> Run:
    half, quarter, last = steps[len(steps) // 2], steps[len(steps) * 3 // 4], steps[-1]
    found: dict[str, float] = {}
    for at, name in ((1, "controller"), (2, "back_office")):
        found[f"{name}_mb"] = last[at]
        found[f"{name}_half_mb"] = (last[at] - half[at]) * 1000 / max(1000, last[0] - half[0])
        found[f"{name}_late_mb"] = (last[at] - quarter[at]) * 1000 / max(1000, last[0] - quarter[0])
    return found | {"journal_bytes_a_call": journal_bytes / last[0], "calls": last[0]}


if __name__ == "__main__":
    run("soak", "whether the controller grows with the calls", measure, TARGETS)
