"""How long callers wait where operators differ in skills: ours against `app_queue`, one trace for both, in one run.

The study's base case N (nobody gives up) in small: six groups, 20 operators in the chain of two skills, talks of 6 s
in the mean, log-normal, as great a deviation, Poisson arrivals at load 0.9, no wrap-up. The first callers find an empty
centre and are not counted. `app_queue` is this hotline's own safety net with the controller absent: a queue for each
group with the group's operators (`bench/sides.py`). A wait goes from the journal's `queued` to the 200 OK of the
operator's phone. A talk's length counts from there on both sides, so the telling of the operator's number, which only
our side does, keeps no operator longer; it is cut to 50 ms, in the proportion of the talks.

A real talk is forty times as long, and `app_queue`'s looking once a second cannot be scaled: here it costs more than
in a real centre. So the same trace is computed, too: `computed_mean_wait_s` is our core in the simulator without any
set-up, `computed_app_queue_mean_wait_s` the model of `app_queue`, and `computed_fine_mean_wait_s` that model with looks
scaled like the talks (25 ms), what `app_queue` loses by its order alone; `mean_over_fine` is ours, measured, over it.
The constants of `recommended` and `foresight` are seconds of a real centre and are not scaled.

`idle_beside_waiting` counts operators of ours left idle beside a caller whom they serve for more than 100 ms.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from bench.app_queue_model import app_queue
from bench.base_cases import SHARES, BaseCase, chained, stream
from bench.base_cases import TALK_S as REAL_TALK_S
from bench.figures import Run, Target
from bench.report import Tell, command_line, run
from bench.sides import Caller, Side, two_sides
from config.settings import Routing
from phones.load import operators
from planning.simulator import Arrival, Centre, simulate
from planning.simulator import Served as Computed
from routing.policy import POLICIES
from routing.rules import Rules
from routing.skills import Skills

OPERATORS = 20
LOAD = 0.9
SHORTEST_TALK_S = 0.5
"""Who hangs up while the number is told has not talked, and the caller goes back to the line."""
TELLING_S = 0.05
GROUPS = tuple(SHARES)
LANGUAGE = "kk"
DEFAULT_POLICY: str = Routing().policy

TARGETS = (
    Target("mean_over_app_queue", 0.8),
    Target("worst_over_app_queue", 1.0),
    Target("idle_beside_waiting", 0),
    Target("idle_alarms", 0),
    Target("abandoned", 0),
    Target("app_queue_abandoned", 0),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: calls of a run, the first of them that do not count, their talks, runs, the first seed."""

    calls: int
    warm_up: int
    talk_s: float
    runs: int
    seed: int


FULL = Size(calls=450, warm_up=50, talk_s=6.0, runs=3, seed=1414)
QUICK = Size(calls=100, warm_up=10, talk_s=4.0, runs=1, seed=1414)


async def measure(policy: str, quick: bool, tell: Tell) -> Sequence[Run]:
    """Bring both sides up and measure them, run after run."""
    size = QUICK if quick else FULL
    talks = {number(run_, at): call.talk_s for run_ in range(size.runs) for at, call in enumerate(trace(run_, size))}
    tell(f"Starting two hotlines: ours with policy {policy}, and one whose controller is then killed")
    phones = operators(talks=talks, tone_hz=None)
    async with two_sides(OPERATORS, phones, settings(policy), telling_s=TELLING_S) as sides:
        return [await _run(run_, size, policy, sides, tell) for run_ in range(size.runs)]


def trace(run_: int, size: Size) -> list[Arrival]:
    """Make the calls of a run; the same for the same seed."""
    chance = random.Random(f"skills {size.seed + run_}")  # noqa: S311 - the same trace each time is meant
    case = BaseCase("skills", LOAD * OPERATORS)
    return [
        replace(call, talk_s=max(call.talk_s, SHORTEST_TALK_S), language=LANGUAGE)
        for call in islice(stream(case, size.talk_s, chance), size.calls)
    ]


def number(run_: int, at: int) -> str:
    """The number of a caller, by which both sides know how long the talk is."""
    return f"7704{run_:02}{at:05}"


def settings(policy: str) -> dict[str, str]:
    """The chain as settings: six groups, operators with two of them, one language."""
    groups = [
        {"name": name, "title": {LANGUAGE: name}, "transfer_number": str(61 + at)} for at, name in enumerate(GROUPS)
    ]
    people = [
        {"number": operator, "name": f"Operator {operator}", "groups": [group for group, _ in skills.levels]}
        for operator, skills in chained(OPERATORS).items()
    ]
    return {
        "BAILANYS_HOTLINE__LANGUAGES": json.dumps([LANGUAGE]),
        "BAILANYS_HOTLINE__DEFAULT_GROUP": GROUPS[0],
        "BAILANYS_GROUPS": json.dumps(groups),
        "BAILANYS_MENU__CHOICES": json.dumps([{"key": "1", "group": GROUPS[0], "prompt": "menu-state-services"}]),
        "BAILANYS_OPERATORS": json.dumps(people),
        "BAILANYS_ROUTING__POLICY": policy,
    }


async def _run(run_: int, size: Size, policy: str, sides: tuple[Side, Side], tell: Tell) -> Run:
    calls = trace(run_, size)
    tell(f"Run {run_ + 1} of {size.runs}: {size.calls} calls in {calls[-1].at_s:.0f} s, {OPERATORS} operators")
    found = await asyncio.gather(*(_waits(side, run_, calls) for side in sides))
    for (waits, _), side in zip(found, sides, strict=True):
        _tell_of_missing(side, {number(run_, at) for at in range(len(calls)) if at not in waits}, tell)
    (ours, begun_s), (net, _) = [({at: waits[at] for at in waits if at >= size.warm_up}, at_s) for waits, at_s in found]
    return {
        **compared(ours, net),
        "abandoned": size.calls - len(found[0][0]),
        "app_queue_abandoned": size.calls - len(found[1][0]),
        **sides[0].idle_beside_waiting(begun_s, tell),
        **computed(calls, size, policy, statistics.fmean(ours.values())),
        **group_means(calls, ours, ""),
        **group_means(calls, net, "app_queue_"),
    }


def _tell_of_missing(side: Side, numbers: set[str], tell: Tell) -> None:
    for one in side.centre.waits().values():
        if one.caller in numbers:
            tell(f"No operator's phone is known to have answered {one}")
            for line in side.centre.history(one.call):
                tell(line)


async def _waits(side: Side, run_: int, calls: Sequence[Arrival]) -> tuple[dict[int, float], float]:
    """The wait of each call by its place in the trace, seconds, and when the trace began."""
    places = {number(run_, at): at for at in range(len(calls))}
    callers = [Caller(call.at_s, number(run_, at), call.group) for at, call in enumerate(calls)]
    begun_s = await side.play(callers, tone_hz=None)
    return {places[one.caller]: one.wait_s for one in side.served(begun_s)}, begun_s


def compared(ours: Mapping[int, float], net: Mapping[int, float]) -> dict[str, float]:
    """Mean and longest wait of both, and their ratios."""
    means_s = [statistics.fmean(one.values()) for one in (ours, net)]
    worst_s = [max(one.values()) for one in (ours, net)]
    return {
        "mean_wait_s": means_s[0],
        "app_queue_mean_wait_s": means_s[1],
        "mean_over_app_queue": means_s[0] / means_s[1],
        "worst_wait_s": worst_s[0],
        "app_queue_worst_wait_s": worst_s[1],
        "worst_over_app_queue": worst_s[0] / worst_s[1],
    }


def computed(calls: Sequence[Arrival], size: Size, policy: str, measured_s: float) -> dict[str, float]:
    """What the simulator and the model of `app_queue` make of the same trace."""
    spoken = frozenset({LANGUAGE})
    staff = {operator: Skills(skills.levels, spoken) for operator, skills in chained(OPERATORS).items()}
    fine_ms = round(1000 * size.talk_s / REAL_TALK_S)
    ours_s = _mean_s(simulate(calls, Centre(staff, Rules(policy=policy, wrap_up_s=0.0))), size)
    fine_s = _mean_s(app_queue(calls, staff, fine_ms), size)
    return {
        "computed_mean_wait_s": ours_s,
        "computed_app_queue_mean_wait_s": _mean_s(app_queue(calls, staff), size),
        "computed_fine_mean_wait_s": fine_s,
        "mean_over_fine": measured_s / fine_s,
    }


def _mean_s(served: Sequence[Computed], size: Size) -> float:
    return statistics.fmean(one.wait_s for one in served[size.warm_up :])


def group_means(calls: Sequence[Arrival], waits_s: Mapping[int, float], prefix: str) -> dict[str, float]:
    """The mean wait of each group that was called."""
    by_group: dict[str, list[float]] = {group: [] for group in GROUPS}
    for at, wait_s in waits_s.items():
        by_group[calls[at].group].append(wait_s)
    return {f"{prefix}{group}_mean_wait_s": statistics.fmean(found) for group, found in by_group.items() if found}


if __name__ == "__main__":
    ABOUT = "the wait with differing skills, ours and app_queue"
    names = (DEFAULT_POLICY, *(name for name in POLICIES if name != DEFAULT_POLICY))
    wanted = command_line("skills", ABOUT, policies=names)
    run("skills", ABOUT, partial(measure, wanted.policy), TARGETS, wanted)
