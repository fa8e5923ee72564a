"""Whether the simulator is the hotline's twin: one trace on the real Asterisk and through `planning.simulator`.

Real: SIPp's callers and operators on a hotline of its own, new for each run; operators of two groups and one or two
languages each, levels, eligibility that widens with the wait, ringing, wrap-up; the policy `foresight`, which learns
the traffic as it comes. Talks are scaled to seconds, nobody gives up, the menu is left out, nobody is lent to another
group (that is by the day's average, of which a run is a few minutes). A real wait is counted from
the journal's `queued` to the 200 OK that leaves the operator's phone.

Simulated: the same trace, the same configuration, the same core from its beginning. The one thing that it is told is
the time to set a call up: the median wait of calls that came to an idle centre, at the beginning of the very same run,
which are not counted afterwards. Nothing is fitted.

`replay_difference` is the same for `bailanys simulate --day`: the run's ledger is read and played again, with presence,
arrivals, talks and the mean ringing as the ledger tells them.

`shaken_*` tells what chance alone does: the simulator against itself, arrivals and talks some milliseconds later, as
the wire has them. An order that falls differently by a millisecond makes another evening for single callers and small
groups; so only the mean of all is held to a limit.

`speed` is simulated seconds per second over a day of 100 operators at load 0.9, under the slowest policy.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bailanys.cli.simulate_wanted import configured
from bench.centre import Centre, MediaPorts, centre
from bench.figures import Run, Target, percentile
from bench.report import Tell, run
from bench.twin_trace import NEEDS, Size, busy_calls, busy_day, idle_calls, people
from bench.waits import Served, served
from calls.local_day import Span
from phones.load import Arrival as Caller
from phones.load import callers, operators
from planning import simulator
from planning.day import duties
from planning.replay import replay
from planning.simulator import Arrival, Habits, simulate
from routing.from_settings import rules_of
from routing.policy import POLICIES
from routing.rules import Rules
from storage.engine import open_engine
from storage.wait_history import read_past_day

POLICY = "foresight"
STEPS = ({"after_s": 0, "level": 2, "any_language": False}, {"after_s": 2, "level": 5, "any_language": True})
IDLE_CALLS, IDLE_GAP_S, SETTLED_S = 10, 0.7, 5.0
"""For the time to set a call up; then until all are idle again."""

LATE_S, LONGER_S, SHAKEN = 0.006, 0.004, 8
"""How late SIPp's callers come (see `phones.load`), how much longer talks get on their way; how often it is tried."""

TARGETS = (
    Target("wait_difference", 0.05),
    Target("replay_difference", 0.05),
    Target("speed", least=1000),
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    size: Size
    runs: int
    seed: int
    hours: float
    """Of the day that the speed is measured on."""


FULL = Extent(Size(20, 0.92, 400, 6.0, 1.0, 0.4), runs=3, seed=1414, hours=24)
QUICK = Extent(Size(10, 0.97, 45, 4.5, 1.0, 0.4), runs=1, seed=1414, hours=2)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """One hotline for each run."""
    extent = QUICK if quick else FULL
    media = MediaPorts()
    return [await _run(extent, number, media, tell) for number in range(extent.runs)]


async def _run(extent: Extent, number: int, media: MediaPorts, tell: Tell) -> Run:
    size, seed = extent.size, extent.seed + number
    idle = idle_calls(IDLE_CALLS, IDLE_GAP_S)
    trace = [*idle, *busy_calls(size, idle[-1].at_s + SETTLED_S, seed)]
    tell(f"Run {number + 1} of {extent.runs}: {size.calls} calls in {trace[-1].at_s:.0f} s, {size.operators} operators")
    async with centre(size.operators, media, _over(size)) as hotline:
        span, real = await _real(hotline, size, trace)
        set_up_s = statistics.median(real[:IDLE_CALLS])
        simulated = _simulated(hotline, trace, set_up_s)
        shaken = [_simulated(hotline, shake(trace, seed), set_up_s) for seed in range(SHAKEN)]
        replayed = await _replayed(hotline, span, len(trace))
    busy = slice(IDLE_CALLS, None)
    figures = _compared(real[busy], simulated[busy], replayed[busy])
    figures["group_difference"] = _group_difference(trace[busy], real[busy], simulated[busy])
    figures |= _shaken(trace[busy], simulated[busy], [waits[busy] for waits in shaken])
    return figures | {"set_up_s": set_up_s, "speed": _speed(extent.hours, seed)}


def _over(size: Size) -> dict[str, str]:
    return {
        "BAILANYS_OPERATORS": people([str(201 + at) for at in range(size.operators)]),
        "BAILANYS_OFFERS__WRAP_UP_S": str(size.wrap_up_s),
        "BAILANYS_ROUTING__POLICY": POLICY,
        "BAILANYS_ROUTING__STEPS": json.dumps(STEPS),
        "BAILANYS_TARGET__WIDEN": "false",
        "BAILANYS_RATING__TRIES": "1",
        "BAILANYS_RATING__ANSWER_S": "0.5",
    }


# -- the real one --------------------------------------------------------------------------------------------------


async def _real(hotline: Centre, size: Size, trace: Sequence[Arrival]) -> tuple[Span, list[float]]:
    """Each caller's wait in the order of the trace, seconds, and the time it all took."""
    await hotline.open_ways_in(_ways_in())
    talks = {_number(at): call.talk_s for at, call in enumerate(trace)}
    phones = operators(talks=talks, answer_after_s=size.ring_s, tone_hz=None)
    begun_ms = time.time_ns() // 1_000_000
    async with hotline.phones(phones) as answering:
        came = [Caller(call.at_s, _number(at), _way_in(call)) for at, call in enumerate(trace)]
        async with hotline.sipp(callers(came, time.time() + 1.0, tone_hz=None)) as calling:
            await calling.done(trace[-1].at_s + 180)
        found = served(hotline.waits().values(), answering.legs())
    by_caller: dict[str, Served] = {one.caller: one for one in found}
    if len(by_caller) != len(trace):
        raise RuntimeError(f"{len(by_caller)} of {len(trace)} callers reached an operator: the figures would flatter")
    span = Span(begun_ms, time.time_ns() // 1_000_000 + 1)
    return span, [by_caller[_number(at)].wait_s for at in range(len(trace))]


def _ways_in() -> str:
    ways = [
        f"exten => {_way(at)},1,Gosub(bench-arrival,s,1({need.group},{need.language}))\n same => n,Goto(enter,s,1)"
        for at, need in enumerate(NEEDS)
    ]
    return "\n".join(["", "[from-trunk]", *ways, ""])


def _way(need: int) -> str:
    return f"93{need:02}"


def _way_in(call: Arrival) -> str:
    return _way(list(NEEDS).index((call.group, call.language)))  # type: ignore[arg-type]  # plain words


def _number(at: int) -> str:
    return f"7704{at:07}"


# -- its twins -----------------------------------------------------------------------------------------------------


def _simulated(hotline: Centre, trace: Sequence[Arrival], set_up_s: float) -> list[float]:
    settings = hotline.up.settings
    made = simulator.Centre(configured(settings), rules_of(settings), Habits(set_up_s=set_up_s))
    return [one.wait_s for one in simulate(trace, made)]


async def _replayed(hotline: Centre, span: Span, calls: int) -> list[float]:
    """The waits of the day as `bailanys simulate --day` plays it, in the order of the trace."""
    settings = hotline.up.settings
    engine = open_engine(hotline.up.places.database_url)
    try:
        async with asyncio.timeout(30):
            while len((found := read_past_day(engine, span.from_ms, span.to_ms, "kk")).waits) < calls:
                await asyncio.sleep(0.2)  # the ledger follows the journal
    finally:
        engine.dispose()
    day = replay(found.waits, found.states, span, configured(settings), seed=1)
    skills = {operator: one.skills for operator, one in day.staff.items()}
    rules, habits = rules_of(settings), Habits(set_up_s=day.set_up_s)
    return [one.wait_s for one in simulate(day.arrivals, simulator.Centre(skills, rules, habits, duties(day.staff)))]


# -- figures -------------------------------------------------------------------------------------------------------


def _compared(real: Sequence[float], simulated: Sequence[float], replayed: Sequence[float]) -> dict[str, float]:
    means = [statistics.fmean(waits) for waits in (real, simulated, replayed)]
    return {
        "wait_difference": abs(means[1] - means[0]) / means[0],
        "replay_difference": abs(means[2] - means[0]) / means[0],
        "real_mean_s": means[0],
        "simulated_mean_s": means[1],
        "replayed_mean_s": means[2],
        "real_p90_s": percentile(real, 0.9),
        "simulated_p90_s": percentile(simulated, 0.9),
        "real_longest_s": max(real),
        "simulated_longest_s": max(simulated),
        "caller_difference_s": statistics.fmean(abs(one - two) for one, two in zip(real, simulated, strict=True)),
    }


def _group_difference(trace: Sequence[Arrival], real: Sequence[float], simulated: Sequence[float]) -> float:
    """The largest difference of a group's mean wait, over the mean of all."""
    most_s = 0.0
    for group in {call.group for call in trace}:
        mine = [at for at, call in enumerate(trace) if call.group == group]
        most_s = max(most_s, abs(statistics.fmean(real[at] - simulated[at] for at in mine)))
    return most_s / statistics.fmean(real)


def _shaken(
    trace: Sequence[Arrival], simulated: Sequence[float], shaken: Sequence[Sequence[float]]
) -> dict[str, float]:
    found = [_compared(simulated, waits, waits) for waits in shaken]
    return {
        "shaken_wait_difference": statistics.fmean(one["wait_difference"] for one in found),
        "shaken_caller_difference_s": statistics.fmean(one["caller_difference_s"] for one in found),
        "shaken_group_difference": statistics.fmean(_group_difference(trace, simulated, waits) for waits in shaken),
    }


def shake(trace: Sequence[Arrival], seed: int) -> list[Arrival]:
    """The trace with every instant a little later, as the wire makes it."""
    chance = random.Random(seed)  # noqa: S311 - the same figures each time are meant
    return [
        replace(call, at_s=call.at_s + chance.uniform(0, LATE_S), talk_s=call.talk_s + chance.uniform(0, LONGER_S))
        for call in trace
    ]


def _speed(hours: float, seed: int) -> float:
    """Simulated seconds per second, of the slowest policy."""
    calls, staff = busy_day(100, 0.9, hours, seed)
    slowest = float("inf")
    for policy in POLICIES:
        began_s = time.perf_counter()
        simulate(calls, simulator.Centre(staff, Rules(policy=policy, wrap_up_s=0.0), Habits(set_up_s=3.0)))
        slowest = min(slowest, calls[-1].at_s / (time.perf_counter() - began_s))
    return slowest


if __name__ == "__main__":
    run("twin", "the simulator beside the real Asterisk on one trace", measure, TARGETS)
