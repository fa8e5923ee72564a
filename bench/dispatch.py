"""How soon a free operator's phone rings again, and how long callers wait: ours against `app_queue`, in one run.

`app_queue` is this hotline's own safety net with the controller absent: `leastrecent`, `retry=1` (0 would mean 5 s),
`wrapuptime=0`, `ringinuse=no`, `autofill=yes`; the same Asterisk, the same phones, the same trace of callers. The menu
is left out on both sides: callers enter at `[enter]` and at `[net]`. A wait is counted from the journal's `queued` to
the 200 OK that leaves the operator's phone, on both sides; the telling of the operator's number, which only our side
does, comes after it and is shown as `announcement_s`.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.centre import Centre, MediaPorts, centre
from bench.figures import Run, Target, percentile
from bench.queueing import Job, backlog, erlang_c_wait_s, ideal_waits, trace
from bench.report import Tell, run
from bench.waits import ring_gaps, served, set_ups
from phones.legs import Leg
from phones.load import Arrival, callers, operators
from phones.sipp import SippRun

OPERATORS = 10
WAITING = 30
LOAD = 0.85
OURS, NET = "91", "92"
"""Numbers of the benchmark alone that lead past the menu."""

ENTRANCES = Path(__file__).with_name("entrances.conf")

TARGETS = (
    Target("ring_gap_p95_ms", 20),
    Target("mean_wait_s", "mean_wait_limit_s"),
    Target("mean_wait_s", "app_queue_mean_wait_s"),
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


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared, with its phones up."""

    centre: Centre
    phones: SippRun
    number: str


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Bring both sides up and measure them, run after run."""
    size = QUICK if quick else FULL
    talks = talk_table(size)
    async with contextlib.AsyncExitStack() as stack:
        media = MediaPorts()
        tell("Starting two hotlines: ours, and one whose controller is then killed")
        ours, net = [await stack.enter_async_context(_side(media, number, talks)) for number in (OURS, NET)]
        await net.centre.lose_controller()
        return [await _run(number, size, ours, net, tell) for number in range(size.runs)]


@contextlib.asynccontextmanager
async def _side(media: MediaPorts, number: str, talks: dict[str, float]) -> AsyncIterator[Side]:
    over = {"BAILANYS_RATING__TRIES": "1", "BAILANYS_RATING__ANSWER_S": "0.5"}
    async with centre(OPERATORS, media, over) as made:
        entrances = ENTRANCES.read_text().replace("${BENCH_GROUP}", made.group)
        entrances = entrances.replace("${BENCH_LANGUAGE}", made.up.settings.hotline.default_language)
        await made.open_ways_in(entrances)
        async with made.phones(operators(talks=talks)) as phones:
            yield Side(made, phones, number)


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
    jobs = parts(number, size)
    figures: dict[str, float] = {}
    tell(f"Run {number + 1} of {size.runs}: {size.gap_calls} calls, {OPERATORS} operators, about {WAITING} waiting")
    gaps = await asyncio.gather(*(_gaps(side, number, jobs[1]) for side in (ours, net)))
    for found, name in zip(gaps, ("", "app_queue_"), strict=True):
        figures[f"{name}ring_gap_p95_ms"] = 1000 * percentile(found, 0.95)
        figures[f"{name}ring_gap_p50_ms"] = 1000 * percentile(found, 0.5)
        figures[f"{name}ring_gap_max_ms"] = 1000 * max(found)
    tell(f"Run {number + 1} of {size.runs}: {size.wait_calls} calls at load {LOAD}")
    waits = await asyncio.gather(*(_waits(side, number, jobs[2]) for side in (ours, net)))
    return figures | _wait_figures(jobs[2], size, *waits)


async def _play(side: Side, part: int, number: int, jobs: tuple[Job, ...]) -> None:
    arrivals = [Arrival(job.at_s, caller(part, number, at), side.number) for at, job in enumerate(jobs)]
    async with side.centre.sipp(callers(arrivals, time.time() + 1.0)) as run:
        await run.done(jobs[-1].at_s + 180)


async def _gaps(side: Side, number: int, jobs: tuple[Job, ...]) -> list[float]:
    begun_s = time.time()
    await _play(side, 1, number, jobs)
    queued = [one.queued_s for one in side.centre.waits().values() if one.queued_s and one.queued_s >= begun_s]
    return ring_gaps(_legs(side, begun_s), queued)


async def _waits(side: Side, number: int, jobs: tuple[Job, ...]) -> dict[str, float]:
    begun_s = time.time()
    await _play(side, 2, number, jobs)
    waited = [one for one in side.centre.waits().values() if one.arrived_s >= begun_s]
    calls = served(waited, _legs(side, begun_s))
    if len(calls) != len(jobs):
        raise RuntimeError(f"{len(calls)} of {len(jobs)} callers reached an operator: the figures would flatter")
    return {
        "mean_wait_s": statistics.fmean(call.wait_s for call in calls),
        "setup_s": statistics.median(set_ups(calls, OPERATORS)),
        "announcement_s": statistics.fmean(call.talking_s - call.answered_s for call in calls),
    }


def _legs(side: Side, since_s: float) -> list[Leg]:
    return [leg for leg in side.phones.legs() if leg.invite_at >= since_s]


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
