"""What the controller costs beside Asterisk: five calls a second through menu, wait, talk and rating.

Callers press two keys in the menu (RFC 4733), wait, talk with operators about six seconds and are hung up on after the
question of the rating, which they leave unanswered; voice goes both ways all the time, every talk is recorded. CPU is
read from `/proc` over consecutive stretches of one steady load; each stretch is a run. The controller's share holds
everything it does: dispatching, menus, and its back office's ledger and finishing of recordings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bench.centre import Centre, MediaPorts, centre
from bench.cpu import family_s, used_s
from bench.figures import Run, Target
from bench.queueing import backlog
from bench.report import Tell, run
from phones.load import Arrival, Press, callers, operators

OPERATORS, WAITING = 30, 10
SHORTEST_TALK_S, LONGEST_TALK_S = 4.0, 8.0
CALLS_PER_S = 2 * OPERATORS / (SHORTEST_TALK_S + LONGEST_TALK_S)
"""Five: as many as so many operators can talk with, so that about ten callers are always waiting."""

KEYS = (Press(2.8, "1"), Press(6.0, "1"))
"""About when a caller knows the option and has thought for a second, seconds after the answer."""

WARM_UP_S = 16.0
"""Until callers are in every part of their way: menu, wait, talk and rating."""

STRETCH_S, RUNS = 30.0, 5
QUICK_STRETCH_S, QUICK_RUNS = 10.0, 3

TARGETS = (Target("controller_cpu_share", 0.4),)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Bring a hotline up, load it, and read the clocks of both processes."""
    stretch_s, runs = (QUICK_STRETCH_S, QUICK_RUNS) if quick else (STRETCH_S, RUNS)
    seconds = WARM_UP_S + stretch_s * runs
    calls = round(CALLS_PER_S * seconds) + OPERATORS + WAITING
    jobs = backlog(calls, OPERATORS, WAITING, SHORTEST_TALK_S, LONGEST_TALK_S, seed=1414)
    talks = {_caller(at): job.talk_s for at, job in enumerate(jobs)}
    async with centre(OPERATORS, MediaPorts()) as hotline, hotline.phones(operators(talks=talks)):
        number = hotline.up.settings.hotline.numbers[0]
        arrivals = [Arrival(job.at_s, _caller(at), number) for at, job in enumerate(jobs)]
        begin_s = time.time() + 1.0
        async with hotline.sipp(callers(arrivals, begin_s, presses=KEYS)):
            tell(f"{CALLS_PER_S:g} calls a second, {OPERATORS} operators; {WARM_UP_S:g} s until all stages are full")
            await asyncio.sleep(begin_s + WARM_UP_S - time.time())
            return [await _stretch(hotline, stretch_s, number, runs, tell) for number in range(1, runs + 1)]


async def _stretch(hotline: Centre, seconds: float, number: int, runs: int, tell: Tell) -> Run:
    tell(f"Run {number} of {runs}: {seconds:g} s")
    asterisk, controller = hotline.asterisk_pid(), hotline.up.supervisor.pid
    if controller is None:
        raise ProcessLookupError("the controller is gone")
    begun_s, before = time.time(), (used_s(asterisk), family_s(controller))
    await asyncio.sleep(seconds)
    lasted_s, after = time.time() - begun_s, (used_s(asterisk), family_s(controller))
    asterisk_s, controller_s = after[0] - before[0], after[1] - before[1]
    waits = list(hotline.waits().values())
    arrived = sum(begun_s <= one.arrived_s < begun_s + lasted_s for one in waits)
    talked = sum(begun_s <= (one.talking_s or 0) < begun_s + lasted_s for one in waits)
    return {
        "controller_cpu_share": controller_s / asterisk_s,
        "asterisk_cpu_per_call_ms": 1000 * asterisk_s / max(arrived, 1),
        "controller_cpu_per_call_ms": 1000 * controller_s / max(arrived, 1),
        "asterisk_cpu_cores": asterisk_s / lasted_s,
        "controller_cpu_cores": controller_s / lasted_s,
        "calls_per_s": arrived / lasted_s,
        "talks_per_s": talked / lasted_s,
    }


def _caller(at: int) -> str:
    return f"7703{at:07}"


if __name__ == "__main__":
    run("cost", "what the controller costs beside Asterisk", measure, TARGETS)
