"""What it costs to count packets for silence (promise 2), beside what a recorded talk costs anyhow.

So many talks are up at once, with voice both ways all the time, and all of them recorded. Asterisk's CPU is read from
`/proc` over stretches in turn: without the channel that counts (it is told that another has begun, and ends), and with
it (a short talk more begins it again). A pair of stretches is a run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from bailanys.control import ask
from bench.centre import Centre, MediaPorts, centre
from bench.coverage import shorten
from bench.cpu import used_s
from bench.figures import Run, Target
from bench.kills import ADDRESS, all_ready
from bench.leg import Leg
from bench.report import Tell, run
from bench.sides import OURS, entrances
from bench.switchboard import Switchboard, switchboard
from bench.voice import Clock
from phones.registration import register
from phones.sipp import free_port

TALKS, STRETCH_S, RUNS = 20, 20.0, 5
QUICK_TALKS, QUICK_STRETCH_S, QUICK_RUNS = 10, 6.0, 3
SETTLES_S = 3.0
OVER = {"BAILANYS_RATING__TRIES": "1", "BAILANYS_RATING__ANSWER_S": "0.5"}

TARGETS = (Target("ratio", 1.10),)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Let the talks begin, and read the clock of Asterisk with and without."""
    talks, stretch_s, runs = (QUICK_TALKS, QUICK_STRETCH_S, QUICK_RUNS) if quick else (TALKS, STRETCH_S, RUNS)
    clock, port, found = Clock(), free_port(), list[Run]()
    async with centre(talks + 1, MediaPorts(), OVER) as stage, AsyncExitStack() as stack:
        shorten(stage)
        await stage.open_ways_in(entrances(stage.groups, stage.up.settings.hotline.default_language))
        server = (ADDRESS, stage.up.settings.sip.port)
        await register({f"op{n}": stage.up.secrets.operators[n] for n in stage.operators}, server[1], port)
        ticking = asyncio.create_task(clock.run())
        stack.callback(ticking.cancel)
        picked_up = asyncio.Queue[Leg]()

        def rings(_account: str, _caller: str, leg: Leg) -> None:
            leg.answer()
            picked_up.put_nowait(leg)

        await stack.enter_async_context(switchboard(ADDRESS, server, clock, port, rings))
        trunk = await stack.enter_async_context(switchboard(ADDRESS, server, clock))
        for number in stage.operators:
            await ask(stage.up.places.control, "POST /operators/{number}/ready", number)
        await all_ready(stage)
        up = [await _talk(trunk, picked_up, f"7702000{at:04}") for at in range(talks)]
        for turn in range(1, runs + 1):
            tell(f"Run {turn} of {runs}: {talks} talks, twice {stretch_s:g} s")
            await stage.console("dialplan set global BAILANYS_WATCH_OF none")
            await asyncio.sleep(SETTLES_S)
            without = await _share(stage, stretch_s, talks)
            await stage.console("dialplan set global BAILANYS_WATCH 0")
            for leg in await _talk(trunk, picked_up, f"7702999{turn:04}"):
                leg.hang_up()
            await asyncio.sleep(SETTLES_S)
            with_it = await _share(stage, stretch_s, talks)
            shares = {"cpu_of_a_talk": with_it, "cpu_without": without, "clock_late_s": clock.latest_s}
            found.append({"ratio": with_it / without, **shares})
        for _, operator in up:
            operator.hang_up()
    return found


async def _talk(trunk: Switchboard, picked_up: asyncio.Queue[Leg], number: str) -> tuple[Leg, Leg]:
    caller = trunk.dial(number, f"{OURS}1", 440)
    async with asyncio.timeout(20):
        operator = await picked_up.get()
        await caller.answered.wait()
    await asyncio.sleep(0.5)
    return caller, operator


async def _share(stage: Centre, seconds: float, talks: int) -> float:
    """CPU of Asterisk for one talk, in per cent of a core."""
    pid = stage.asterisk_pid()
    began_s, before_s = time.time(), used_s(pid)
    await asyncio.sleep(seconds)
    return 100 * (used_s(pid) - before_s) / (time.time() - began_s) / talks


if __name__ == "__main__":
    run("counting", "what counting packets costs beside a recorded talk", measure, TARGETS)
