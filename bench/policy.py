"""The policies against the pooled bound and against `app_queue`, on the study's base cases, the real core simulated.

**N**: nobody gives up, 75.5 Erlang. **P**: patience is exponential, 240 s, 90 Erlang. 80 operators in three layouts of
skills; 13 hours of which the first is dropped; ratios of means, their 95 % intervals paired by seed. The pooled bound
is the same day with operators who can do everything. Under P the mean over answered calls can be gamed by letting a
group give up, so abandonment, the groups' means and the worst waits are told with it, of every policy.

Figures of `foresight` have no policy in their names, those of P begin with `p_`. `*_worst_caller_s` is the longest wait
of a day in the mean over the days, `*_worst_caller_of_all_s` that of all days; `worst_caller_*` is the worst layout's.
Nobody gives up under N: on the busiest of these days even the pooled bound is beyond 400 s, and the layouts' worst
callers are beyond it on a few more days whatever the policy. So `*_days_beyond_400` are counted, beside those of
`longest_wait`, which looks at nothing else; the limit is on the mean over the days, and under P on all days.

`quiet_*_workload_factor` is how much more the busiest kind of operator talks than the least busy in quiet hours.
`fresh_*` are our figures on seeds on which no parameter was chosen.

The traces are the study's own. Its times are rounded to milliseconds in the file, and a policy that compares indices
is chaotic: one comparison that falls differently makes another day. So each trace is played several times with talks
moved within the rounding: `trace_*_off` is the worst trace's difference of the mean wait in the variant that is nearest
to the study's day, `trace_*_worst_mean_off` that of the variants' mean, `trace_*_mean_off` that of all traces together.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from bench.app_queue_model import app_queue
from bench.base_cases import BaseCase, N, P, arrivals
from bench.figures import Run, Target
from bench.policy_figures import Day, day
from bench.policy_table import APP_QUEUE, FIFO, OURS, Days, told, worth
from bench.report import Tell, run
from bench.study import LAYOUTS, TRACES, centre, expected, trace
from bench.workload import QUIET, workload_factor
from planning.simulator import Arrival, simulate

TARGETS = (
    *(
        Target(f"{which}{layout}_over_pooled", most)
        for which in ("", "fresh_")
        for layout, most in (("chain", 1.33), ("web", 1.14), ("mixed", 1.57))
    ),
    Target("chain_over_app_queue", 0.79),
    Target("chain_over_recommended", 1.0),
    *(Target(f"{which}{layout}_group_factor", 1.3) for which in ("", "p_", "fresh_", "fresh_p_") for layout in LAYOUTS),
    *(Target(f"{which}worst_caller_s", 400) for which in ("", "p_", "fresh_", "fresh_p_")),
    *(Target(f"{which}worst_caller_of_all_s", 400) for which in ("p_", "fresh_p_")),
    Target("quiet_workload_factor", 1.1),
    Target("trace_longest_wait_off", 0.01),
    Target("trace_recommended_off", 0.01),
)

FRESH = 2000
"""Fresh seeds begin after this one."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played."""

    seeds: int
    cases: tuple[BaseCase, ...]
    policies: tuple[str, ...]
    trace_cases: tuple[str, ...]
    trace_layouts: tuple[str, ...]
    variants: int
    fresh: int = 0
    """Fresh seeds, for our policy alone."""


FULL = Size(
    24,
    (N, P),
    (FIFO, "queue_ratio", "balanced", "recommended", OURS, APP_QUEUE),
    ("N", "P"),
    tuple(LAYOUTS),
    variants=5,
    fresh=48,
)
QUICK = Size(3, (N,), (FIFO, OURS, APP_QUEUE), ("N",), ("chain",), variants=1)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Play everything, on one core."""
    return [await asyncio.to_thread(figures, QUICK if quick else FULL, tell)]


def figures(size: Size, tell: Tell) -> Run:
    """Play the seeds and the traces, and tell each policy's figures on the way."""
    found: dict[str, float] = {"seeds": size.seeds}
    sets = [
        ("", range(1, size.seeds + 1), size.policies),
        ("fresh_", range(FRESH + 1, FRESH + size.fresh + 1), (OURS,)),
    ]
    for (fresh, seeds, policies), case in product([one for one in sets if one[1]], size.cases):
        tell(f"Case {case.name}: {len(seeds)} days of 13 hours, seeds {seeds[0]} to {seeds[-1]}")
        days = played(case, seeds, policies)
        for line in told(days):
            tell(line)
        prefix = fresh + ("" if case is N else f"{case.name}_")
        found |= {f"{prefix}{key}": value for key, value in worth(days).items()}
    found |= quiet(size)
    tell("The study's traces")
    return found | traces(size)


def quiet(size: Size) -> dict[str, float]:
    """How evenly each policy shares the work of quiet hours, where operators know one, two or three groups."""
    calls = arrivals(QUIET, 7, 1)
    found: dict[str, float] = {}
    for policy in size.policies:
        if policy != APP_QUEUE:
            there = centre("mixed", policy)
            name = "quiet_workload_factor" if policy == OURS else f"quiet_{policy}_workload_factor"
            found[name] = workload_factor(simulate(calls, there), there.operators)
    return found


def played(case: BaseCase, seeds: Iterable[int], policies: Sequence[str]) -> Days:
    """Every layout and policy on the same days."""
    days: Days = {}
    for seed in seeds:
        calls = arrivals(case, 13, seed)
        days.setdefault(("pooled", FIFO), []).append(one_day(calls, "pooled", FIFO))
        for layout, policy in product(LAYOUTS, policies):
            days.setdefault((layout, policy), []).append(one_day(calls, layout, policy))
    return days


def one_day(calls: Sequence[Arrival], layout: str, policy: str) -> Day:
    """One day under one policy."""
    if policy == APP_QUEUE:
        return day(app_queue(calls, centre(layout, "longest_wait").operators))
    return day(simulate(calls, centre(layout, policy)))


def traces(size: Size) -> dict[str, float]:
    """How far our `longest_wait` and `recommended` are from the study's, and how ours does on its traces."""
    found: dict[str, float] = {}
    for policy in (FIFO, "recommended"):
        nearest: list[float] = []
        means: list[float] = []
        for case, number, layout in product(size.trace_cases, TRACES, size.trace_layouts):
            study = expected(case, number, layout, policy)["asa_s"]
            offs = [mean_s / study - 1 for mean_s in trace_means_s(case, number, layout, policy, size.variants)]
            nearest.append(min(abs(off) for off in offs))
            means.append(statistics.fmean(offs))
        found[f"trace_{policy}_off"] = max(nearest)
        found[f"trace_{policy}_mean_off"] = statistics.fmean(means)
        found[f"trace_{policy}_worst_mean_off"] = max(abs(off) for off in means)
    for layout in size.trace_layouts:
        days = [trace_means_s("N", number, layout, OURS, size.variants) for number in TRACES]
        ours = statistics.fmean(mean_s for one in days for mean_s in one)
        study = statistics.fmean(expected("N", number, layout, "recommended")["asa_s"] for number in TRACES)
        found[f"trace_{layout}_over_study"] = ours / study
    return found


def trace_means_s(case: str, number: str, layout: str, policy: str, variants: int) -> list[float]:
    """Mean wait on each variant of a trace."""
    seen = centre(layout, policy)
    return [day(simulate(trace(case, number, variant), seen)).mean_s for variant in range(variants)]


if __name__ == "__main__":
    run("policy", "policies against the pooled bound and app_queue", measure, TARGETS)
