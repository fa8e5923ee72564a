"""How long the event loop that handles the calls stands still, with a day of 100,000 calls behind it.

The real controller with its back office, on SQLite, beside a pretended Asterisk: 800 operators who all talk, callers
who wait, come and are connected. The ledger and the archive hold a day of 100,000 calls with their recordings, audit
log, callbacks and demands. What is done every few seconds, minutes or once a day is done every second or two
(reconciling, retention, audit checks, demands, the look for lost and forgotten calls, the target), every page of the
API is asked for all the time, and the link to Asterisk is lost, so that the truth is rebuilt. A ticker in the loop
looks each two milliseconds how late it is, from the start on.

`longest_stall_ms` leaves out the time that the kernel says the loop wanted to run and had no processor
(`starved_longest_ms`): on a busy machine that is the machine's.
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
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bailanys.site.free_ports import own_place
from bench.centre import CONFIG, ROOT
from bench.figures import Run, Target, percentile
from bench.loop_day import fill
from bench.pretend_asterisk import FIRST_OPERATOR
from bench.report import Tell, run
from calls.local_day import local_time
from config.load import load
from config.places import places_of
from console.scopes import Scope
from console.token_file import TokenFile
from console.tokens import new_token

CALLS, OPERATORS = 100_000, 800
TALK_S = 180.0
CALLS_PER_S = OPERATORS / TALK_S
SETTLE_S = 6.0
"""The API's modules are loaded in it, and the back office started; its stalls count like all."""
MEASURED_S, RUNS = 60.0, 3
QUICK_MEASURED_S, QUICK_RUNS = 20.0, 1
RELINK_EVERY_S = 7.0
WRONG = ("will be tried again", "event not handled", "Traceback", "the back office ended", "the ledger is behind")
"""In the controller's log."""
BORNE = ("not claimed by this hotline yet", "database is locked")
"""Of the ledger: in the first seconds, and where everybody writes every second. It is done at the next look."""
TARGETS = (Target("longest_stall_ms", 20.0),)
PAGES = (
    "/metrics", "/operators", "/calls", "/callbacks", "/stats", "/target", "/demands?every=true", "/groups", "/health",
)  # fmt: skip


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Make the day once, then run the controller beside it."""
    seconds, runs = (QUICK_MEASURED_S, QUICK_RUNS) if quick else (MEASURED_S, RUNS)
    state = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        env = {**os.environ, **own_place(state), **_over()}
        settings = load(CONFIG, env)
        places = places_of(settings, ROOT)
        began_s = time.monotonic()
        for folder in (places.spool, places.log, places.journals[0].parent, places.state / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(fill, places.database_url, places.archive, CALLS)
        secret, token = new_token("bench", [scope.value for scope in Scope], 0)
        TokenFile(places.tokens).add(token)
        tell(f"A day of {CALLS:,} calls made up in {time.monotonic() - began_s:.0f} s")
        found = []
        for number in range(1, runs + 1):
            said = await _one(env, settings.ports.ami, settings.api.port, places.journals[0], secret, seconds)
            found.append(_figures(said, seconds))
            tell(f"Run {number} of {runs}: longest {found[-1]['longest_stall_ms']:.1f} ms")
            for one in sorted(said["stalls"], key=lambda one: -one["ours_ms"])[:12]:
                tell(
                    "  {at_s:7.2f} s  ours {ours_ms:6.1f}  late {late_ms:6.1f}  work {work_ms:6.1f}  {seen}".format(
                        **one
                    )
                )
        return found
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _over() -> dict[str, str]:
    """Settings over the file's: many operators, nobody called back at this hour."""
    groups = [group.name for group in load(CONFIG).groups]
    people = [
        {"number": str(number), "name": f"Operator {number}", "groups": groups}
        for number in range(FIRST_OPERATOR, FIRST_OPERATOR + OPERATORS)
    ]
    hour = (local_time(time.time_ns() // 1_000_000, "Asia/Almaty") + timedelta(hours=12)).hour
    return {
        "BAILANYS_OPERATORS": json.dumps(people),
        "BAILANYS_PEOPLE": "[]",
        "BAILANYS_CALLBACK__OUTBOUND": "127.0.0.1",
        "BAILANYS_CALLBACK__FROM_HOUR": str(min(hour, 22)),
        "BAILANYS_CALLBACK__UNTIL_HOUR": str(min(hour, 22) + 1),
        "BAILANYS_TARGET__EVERY_S": "1",
        "BAILANYS_TRUNKS": json.dumps([{"name": "carrier", "addresses": ["127.0.0.1"]}]),
    }


async def _one(
    env: Mapping[str, str], ami: int, api: int, journal: Path, secret: str, seconds: float
) -> dict[str, Any]:
    found = journal.with_name("found.json")
    log = journal.with_name("controller.log").open("ab")
    asterisk = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.pretend_asterisk", str(ami), str(journal), str(OPERATORS), str(CALLS_PER_S),
        str(TALK_S), env=env, cwd=ROOT, stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    controller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.loop_controller", "controller", str(CONFIG), str(found), env=env, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=log,
    )  # fmt: skip
    statuses: dict[str, int] = {}
    asking = asyncio.create_task(_ask_all(api, secret, statuses))
    try:
        await asyncio.sleep(SETTLE_S)
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and controller.returncode is None:
            await asyncio.sleep(min(RELINK_EVERY_S, max(0.1, until_s - time.monotonic())))
            assert asterisk.stdin is not None
            asterisk.stdin.write(b"lose\n")
        assert controller.stdin is not None
        controller.stdin.close()
        async with asyncio.timeout(30):
            status = await controller.wait()
        if status:
            raise RuntimeError(f"the controller ended with status {status}: {_log(journal)[-2000:]}")
        lines = [line for line in _log(journal).splitlines() if not any(word in line for word in BORNE)]
        if wrong := [line for line in lines if any(word in line for word in WRONG)]:
            raise RuntimeError(f"not everything was done: {wrong[:5]}")
        said: dict[str, Any] = json.loads(found.read_text())
        if unanswered := [page for page in PAGES if not statuses.get(f"{page} 200")]:
            raise RuntimeError(f"the API did not answer: {unanswered}, {statuses}")
        return said
    finally:
        asking.cancel()
        log.close()
        for process in (controller, asterisk):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _ask_all(api: int, secret: str, statuses: dict[str, int]) -> None:
    """Ask for every page of the API, again and again, until cancelled, and count the answers."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {secret}"}) as session:
        while True:
            for page in PAGES:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{api}/api/v1{page}") as response:
                        await response.read()
                        statuses[f"{page} {response.status}"] = statuses.get(f"{page} {response.status}", 0) + 1
                await asyncio.sleep(0.1)


def _figures(said: Mapping[str, Any], seconds: float) -> Run:
    stalls = said["stalls"]
    ours = [one["ours_ms"] for one in stalls]
    return {
        "longest_stall_ms": max(ours, default=0.0),
        "stalls_over_20_ms": sum(one > 20 for one in ours),
        "stalls_over_10_ms": sum(one > 10 for one in ours),
        "longest_late_ms": max((one["late_ms"] for one in stalls), default=0.0),
        "starved_longest_ms": max((one["starved_ms"] for one in stalls), default=0.0),
        "longest_at_start_ms": max((one["ours_ms"] for one in stalls if one["at_s"] < SETTLE_S), default=0.0),
        "recall_p99_ms": percentile(said["recalls_ms"], 0.99),
        "recall_longest_ms": max(said["recalls_ms"]),
        "ticks": said["ticks"],
        "seconds": seconds,
    }


def _log(journal: Path) -> str:
    return journal.with_name("controller.log").read_text()


if __name__ == "__main__":
    run("loop", "how long the calls' event loop stands still", measure, TARGETS)
