"""`python -m bench.kills`: real calls while the controller is killed again and again; nothing may be lost.

Callers and operators are wire-level phones with voice both ways on a real Asterisk. The controller is killed with
SIGKILL at instants spread over the run, and is dead for some seconds each time: now so short that the waiting callers
do not notice, now so long that the safety net serves them. In the end what the phones saw is compared with the ledger
and the archive, call by call. One run: a loss in any is a loss, and no median would tell it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bailanys.control import ask
from bailanys.processes.hotline import Hotline, controller_ready
from bench.centre import Centre, MediaPorts, centre
from bench.crowd import Crowd, Stage, plans
from bench.figures import Run, Target
from bench.losses import Losses, counts, losses
from bench.report import Tell, run
from bench.switchboard import switchboard
from bench.voice import Clock
from config.places import Places
from phones.registration import register
from phones.sipp import free_port
from recordings.vault.vault import Vault
from storage.engine import open_engine
from storage.ledger import CallStory, Ledger

ADDRESS = "127.0.0.1"
PATIENCE_S = 150.0
SETTLE_S = 90.0
DEAD_S = (4.0, 0.0, 2.0, 7.0, 0.0)
"""How long the controller may not come back, kill by kill; the supervisor's own pause comes on top."""
ALL = 1 << 52


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    calls: int
    kills: int
    span_s: float
    """All callers arrive within so many seconds."""
    operators: int


FULL = Size(calls=1000, kills=20, span_s=400, operators=20)
QUICK = Size(calls=60, kills=3, span_s=20, operators=18)


@dataclass(slots=True)
class Kills:
    """What was killed, and where the callers were at those instants."""

    count: int = 0
    stages: Counter[Stage] = field(default_factory=Counter)


async def measure(quick: bool, tell: Tell) -> list[Run]:
    """One run of the size that was asked for."""
    size = QUICK if quick else FULL
    crowd = Crowd(plans(size.calls, size.span_s, random.Random(1414)), PATIENCE_S)  # noqa: S311 - a trace, no secret
    async with centre(size.operators, MediaPorts(), {"BAILANYS_OFFERS__WRAP_UP_S": "1"}) as stage:
        async with phones(stage, crowd) as clock:
            tell(f"{size.calls} callers within {size.span_s:g} s, {size.operators} operators, {size.kills} kills")
            kills = await under_fire(stage.up, crowd, size, tell)
        tell("All callers have hung up; waiting until the ledger knows it all")
        stories = await settled(stage.up)
        found = losses(crowd.visits.values(), stories, Vault(stage.up.places).recording)
        explain(found, stories, stage.up.places, tell)
    return [figures(found, stories, kills, clock, stage.idle_alarms())]


@contextlib.asynccontextmanager
async def phones(stage: Centre, crowd: Crowd) -> AsyncIterator[Clock]:
    """The operators' phones, registered and ready, and the trunk that the callers come by."""
    clock, port = Clock(), free_port()
    server = (ADDRESS, stage.up.settings.sip.port)
    await register({f"op{n}": stage.up.secrets.operators[n] for n in stage.operators}, server[1], port)
    ticking = asyncio.create_task(clock.run())
    try:
        async with switchboard(ADDRESS, server, clock, port, crowd.rings), switchboard(ADDRESS, server, clock) as trunk:
            crowd.trunk = trunk
            for number in stage.operators:
                await ask(stage.up.places.control, "POST /operators/{number}/ready", number)
            await all_ready(stage)
            yield clock
    finally:
        ticking.cancel()


async def all_ready(stage: Centre) -> None:
    """Wait until every operator may be offered a call. Raises TimeoutError."""
    async with asyncio.timeout(15):
        while True:
            rows = (await ask(stage.up.places.control, "GET /operators"))["operators"]
            if all(row["state"] == "ready" for row in rows):
                return
            await asyncio.sleep(0.1)  # Asterisk asks a new phone whether it is there


async def under_fire(up: Hotline, crowd: Crowd, size: Size, tell: Tell) -> Kills:
    """Let all callers come while the controller dies again and again."""
    kills = Kills()
    calling = asyncio.create_task(crowd.call(up.settings.hotline.numbers[0]))
    killing = asyncio.create_task(kill_again_and_again(up, crowd, size, kills, tell))
    await calling
    await killing
    return kills


async def kill_again_and_again(up: Hotline, crowd: Crowd, size: Size, kills: Kills, tell: Tell) -> None:
    """Spread the kills over the run, each at a random instant of its share of it."""
    chance = random.Random(1)  # noqa: S311 - a trace, no secret
    share_s = size.span_s / size.kills
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for at in range(size.kills):
        due_s = began_s + share_s * (at + chance.uniform(0.2, 0.8))
        await asyncio.sleep(due_s - loop.time())
        await controller_ready(up.places)  # a controller that is not up cannot be killed
        pid = up.supervisor.pid
        if pid is None:
            raise RuntimeError("the controller was ready a moment ago")
        up.supervisor.may_start.clear()
        os.kill(pid, signal.SIGKILL)
        stages = crowd.stages()
        kills.count += 1
        kills.stages.update(stages)
        dead_s = DEAD_S[at % len(DEAD_S)]
        tell(f"kill {at + 1}: {', '.join(f'{n} in {s}' for s, n in stages.items())}; dead for {dead_s:g} s or more")
        await asyncio.sleep(dead_s)
        up.supervisor.may_start.set()
    await controller_ready(up.places)


async def settled(up: Hotline) -> list[CallStory]:
    """Every call of the ledger, once all have ended there and every talk has its recording, or when patience ends."""
    engine = open_engine(up.places.database_url)
    ledger = Ledger(engine)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while await ledger.open_calls() or await ledger.recordings.segments_to_finalise() or _pending(up):
                    await asyncio.sleep(0.5)
        stories = [await ledger.call_story(call_id) for call_id in await ledger.call_ids_between(0, ALL)]
        return [story for story in stories if story is not None]
    finally:
        engine.dispose()


def _pending(up: Hotline) -> bool:
    return any(up.places.archive.glob(".pending/*"))


def figures(found: Losses, stories: list[CallStory], kills: Kills, clock: Clock, idle_alarms: int) -> Run:
    """The figures of the run, flat."""
    segments = [segment for story in stories for segment in story.record.segments.values()]
    waits_s = [
        (story.record.call.answered_ms - story.record.call.arrived_ms) / 1000
        for story in stories
        if story.record.call.answered_ms is not None
    ]
    return {
        **counts(found),
        "calls": len(stories),
        "kills": kills.count,
        "recordings": sum(len(story.recordings) for story in stories),
        "ratings": sum(row.outcome == "given" for story in stories for row in story.record.ratings.values()),
        "served_by_net": sum(segment.via == "net" for segment in segments),
        "mean_wait_s": sum(waits_s) / max(len(waits_s), 1),
        "longest_wait_s": max(waits_s, default=0.0),
        **{f"at_kills_in_{stage}": kills.stages[stage] for stage in Stage if stage is not Stage.OVER},
        "phones_late_ms": round(clock.latest_s * 1000),
        "idle_alarms": idle_alarms,
    }


def explain(found: Losses, stories: list[CallStory], places: Places, tell: Tell) -> None:
    """Name every loss, with all that the journals and the controller's log say of that call."""
    ids = {story.record.call.caller_raw: story.record.call.id for story in stories}
    kept = [path for path in places.log.rglob("*") if path.is_file()]
    named = {"call": found.calls, "recording": found.recordings, "rating": found.ratings, "talk": found.cut}
    for what, lost in (named | {"phone": found.doubled}).items():
        for number, why in lost.items():
            tell(f"{what} of {number}: {why}")
            if call_id := ids.get(number):
                for path in kept:
                    lines = path.read_text(errors="replace").splitlines()
                    for line in (line for line in lines if f'{call_id}"' in line or f"{call_id}-" in line):
                        tell(f"  {path.name}: {line[:400]}")


TARGETS = tuple(
    Target(key, 0)
    for key in ("calls_lost", "recordings_lost", "ratings_lost", "talks_cut", "operators_doubled", "idle_alarms")
)

if __name__ == "__main__":
    run("kills", "calls while the controller is killed; nothing may be lost", measure, TARGETS)
