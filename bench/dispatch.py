"""How soon a free operator's phone rings again, and how long callers wait: ours against `app_queue`, in one run.

`app_queue` is this hotline's own safety net with the controller absent (`bench/sides.py`). A wait is counted from the
journal's `queued` to the 200 OK that leaves the operator's phone, on both sides; the telling of the operator's number,
which only our side does, comes after it and is shown as `announcement_s`. `idle_beside_waiting` counts, over the whole
run, operators of ours left idle beside a caller for more than 100 ms.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Run, Target, percentile
from bench.queueing import Job, backlog, erlang_c_wait_s, ideal_waits, trace
from bench.report import Tell, run
from bench.sides import Caller, Side, two_sides
from bench.waits import ring_gaps, set_ups
from phones.load import operators

OPERATORS = 10
WAITING = 30
LOAD = 0.85

TARGETS = (
    Target("ring_gap_p95_ms", 20),
    Target("mean_wait_s", "mean_wait_limit_s"),
    Target("mean_wait_s", "app_queue_mean_wait_s"),
    Target("idle_beside_waiting", 0),
    Target("idle_alarms", 0),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: calls of the two parts, the mean talk of the second one, runs, the first trace's seed."""

    gap_calls: int
    wait_calls: int
    mean_talk_s: float
    runs: int
    seed: int


FULL = Size(gap_calls=200, wait_calls=400, mean_talk_s=6.0, runs=3, seed=1414)
# Of thirty callers hardly one need wait; this trace has a rush in it, so that there is a wait to compare.
QUICK = Size(gap_calls=44, wait_calls=30, mean_talk_s=3.5, runs=1, seed=1426)
SHORTEST_S, LONGEST_S = 3.0, 5.0
"""Of the talks of the first part; no talk is shorter, since the operator's number is told in its first 2.7 s."""


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Bring both sides up and measure them, run after run."""
    size = QUICK if quick else FULL
    phones = operators(talks=talk_table(size))
    tell("Starting two hotlines: ours, and one whose controller is then killed")
    async with two_sides(OPERATORS, phones) as (ours, net):
        return [await _run(number, size, ours, net, tell) for number in range(size.runs)]


def talk_table(size: Size) -> dict[str, float]:
    """How long each caller of all runs will talk, by number."""
    table: dict[str, float] = {}
    for number in range(size.runs):
        for part, jobs in parts(number, size).items():
            table |= {caller(part, number, at): job.talk_s for at, job in enumerate(jobs)}
    return table


def parts(number: int, size: Size) -> dict[int, tuple[Job, ...]]:
    """The two traces of a run, by the part of the benchmark that they are for."""
    return {
        1: backlog(size.gap_calls, OPERATORS, WAITING, SHORTEST_S, LONGEST_S, seed=size.seed + number),
        2: trace(size.wait_calls, OPERATORS, LOAD, SHORTEST_S, size.mean_talk_s, seed=size.seed + number),
    }


def caller(part: int, number: int, at: int) -> str:
    """The number of a caller, by which both sides know how long the talk is."""
    return f"7701{part}{number:02}{at:04}"


async def _run(number: int, size: Size, ours: Side, net: Side, tell: Tell) -> Run:
    jobs, begun_s = parts(number, size), time.time()
    figures: dict[str, float] = {}
    tell(f"Run {number + 1} of {size.runs}: {size.gap_calls} calls, {OPERATORS} operators, about {WAITING} waiting")
    gaps = await asyncio.gather(*(_gaps(side, number, jobs[1]) for side in (ours, net)))
    for found, name in zip(gaps, ("", "app_queue_"), strict=True):
        figures[f"{name}ring_gap_p95_ms"] = 1000 * percentile(found, 0.95)
        figures[f"{name}ring_gap_p50_ms"] = 1000 * percentile(found, 0.5)
        figures[f"{name}ring_gap_max_ms"] = 1000 * max(found)
    tell(f"Run {number + 1} of {size.runs}: {size.wait_calls} calls at load {LOAD}")
    waits = await asyncio.gather(*(_waits(side, number, jobs[2]) for side in (ours, net)))
    return figures | _wait_figures(jobs[2], size, *waits) | ours.idle_beside_waiting(begun_s, tell)


def _callers(side: Side, part: int, number: int, jobs: tuple[Job, ...]) -> list[Caller]:
    return [Caller(job.at_s, caller(part, number, at), side.centre.group) for at, job in enumerate(jobs)]


async def _gaps(side: Side, number: int, jobs: tuple[Job, ...]) -> list[float]:
    begun_s = await side.play(_callers(side, 1, number, jobs))
    queued = [one.queued_s for one in side.centre.waits().values() if one.queued_s and one.queued_s >= begun_s]
    return ring_gaps(side.legs(begun_s), queued)


async def _waits(side: Side, number: int, jobs: tuple[Job, ...]) -> dict[str, float]:
    calls = side.served(await side.play(_callers(side, 2, number, jobs)))
    if len(calls) != len(jobs):
        raise RuntimeError(f"{len(calls)} of {len(jobs)} callers reached an operator: the figures would flatter")
    return {
        "mean_wait_s": statistics.fmean(call.wait_s for call in calls),
        "setup_s": statistics.median(set_ups(calls, OPERATORS)),
        "announcement_s": statistics.fmean(call.talking_s - call.answered_s for call in calls),
    }


def _wait_figures(jobs: tuple[Job, ...], size: Size, ours: Run, net: Run) -> dict[str, float]:
    ideal_s = statistics.fmean(ideal_waits(jobs, OPERATORS))
    return {
        "mean_wait_s": ours["mean_wait_s"],
        "app_queue_mean_wait_s": net["mean_wait_s"],
        "ideal_s": ideal_s,
        "erlang_c_s": erlang_c_wait_s(OPERATORS, LOAD, size.mean_talk_s),
        "setup_s": ours["setup_s"],
        "app_queue_setup_s": net["setup_s"],
        "announcement_s": ours["announcement_s"],
        "mean_wait_limit_s": 1.05 * ideal_s + ours["setup_s"],
    }


if __name__ == "__main__":
    run("dispatch", "the next ring and the wait, ours and app_queue", measure, TARGETS)
