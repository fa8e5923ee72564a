"""The policies against the pooled bound and against `app_queue`, on the study's base cases, the real core simulated.

**N**: nobody gives up, 75.5 Erlang. **P**: patience is exponential, 240 s, 90 Erlang. 80 operators in three layouts of
skills; 13 hours of which the first is dropped; ratios of means, their 95 % intervals paired by seed. The pooled bound
is the same day with operators who can do everything. Under P the mean over answered calls can be gamed by letting a
group give up, so abandonment and the groups' means are told with it.

`worst_caller_s` is the longest wait of a day in the chain under N, in the mean over the days, and
`worst_caller_of_all_s` that of all days; `pooled_worst_caller_of_all_s` is the bound's: on the busiest of the days even
it is beyond 400 s.

The traces are the study's own. Its times are rounded to milliseconds in the file, and a policy that compares indices
is chaotic: one comparison that falls differently makes another day. So each trace is played several times with talks
moved within the rounding: `trace_*_off` is the worst trace's difference of the mean wait in the variant that is nearest
to the study's day, `trace_*_worst_mean_off` that of the variants' mean, `trace_*_mean_off` that of all traces together.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from bench.app_queue_model import app_queue
from bench.base_cases import BaseCase, N, P, arrivals
from bench.figures import Run, Target
from bench.policy_figures import Day, day, group_factor, group_means, ratio
from bench.report import Tell, run
from bench.study import LAYOUTS, TRACES, centre, expected, trace
from routing.simulator import Arrival, simulate

OURS = "foresight"
APP_QUEUE = "app_queue"
FIFO = "longest_wait"

TARGETS = (
    Target("chain_over_pooled", 1.33),
    Target("web_over_pooled", 1.14),
    Target("mixed_over_pooled", 1.57),
    Target("chain_over_app_queue", 0.79),
    Target("chain_over_recommended", 1.0),
    Target("worst_caller_s", 400),
    Target("chain_group_factor", 1.3),
    Target("web_group_factor", 1.3),
    Target("mixed_group_factor", 1.3),
    Target("trace_longest_wait_off", 0.01),
    Target("trace_recommended_off", 0.01),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played."""

    seeds: int
    cases: tuple[BaseCase, ...]
    policies: tuple[str, ...]
    trace_cases: tuple[str, ...]
    trace_layouts: tuple[str, ...]
    variants: int


FULL = Size(
    24,
    (N, P),
    ("longest_wait", "queue_ratio", "balanced", "recommended", OURS, APP_QUEUE),
    ("N", "P"),
    tuple(LAYOUTS),
    variants=5,
)
QUICK = Size(3, (N,), ("recommended", OURS, APP_QUEUE), ("N",), ("chain",), variants=1)

Days = dict[tuple[str, str], list[Day]]
"""By layout and policy, in the order of the seeds."""


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Play everything, on one core."""
    return [await asyncio.to_thread(figures, QUICK if quick else FULL, tell)]


def figures(size: Size, tell: Tell) -> Run:
    """Play the seeds and the traces, and tell each policy's figures on the way."""
    found: dict[str, float] = {"seeds": size.seeds}
    for case in size.cases:
        tell(f"Case {case.name}: {size.seeds} days of 13 hours, {', '.join(size.policies)}")
        days = played(case, size)
        for line in told(days):
            tell(line)
        prefix = "" if case is N else f"{case.name}_"
        found |= {f"{prefix}{key}": value for key, value in ratios(days).items()}
        if case is N:
            longest, bound = ([one.longest_s for one in days[key]] for key in (("chain", OURS), ("pooled", FIFO)))
            found["worst_caller_s"], found["worst_caller_of_all_s"] = statistics.fmean(longest), max(longest)
            found["pooled_worst_caller_of_all_s"] = max(bound)
    tell("The study's traces")
    return found | traces(size)


def played(case: BaseCase, size: Size) -> Days:
    """Every layout and policy on the same days."""
    days: Days = {}
    for seed in range(1, size.seeds + 1):
        calls = arrivals(case, 13, seed)
        days.setdefault(("pooled", FIFO), []).append(one_day(calls, "pooled", FIFO))
        for layout in LAYOUTS:
            for policy in size.policies:
                days.setdefault((layout, policy), []).append(one_day(calls, layout, policy))
    return days


def one_day(calls: Sequence[Arrival], layout: str, policy: str) -> Day:
    """One day under one policy."""
    if policy == APP_QUEUE:
        return day(app_queue(calls, centre(layout, "longest_wait").operators))
    return day(simulate(calls, centre(layout, policy)))


def told(days: Days) -> list[str]:
    """One line for each layout and policy."""
    pooled = days["pooled", FIFO]
    lines = []
    for (layout, policy), ours in days.items():
        over = ratio(ours, pooled)
        groups = " ".join(f"{mean:.1f}" for mean in group_means(ours).values())
        lines.append(
            f"{layout:6} {policy:12} mean {statistics.fmean(one.mean_s for one in ours):6.2f} s, "
            f"over pooled {over.value:.3f} ± {over.half_width:.3f}, "
            f"p90 {statistics.fmean(one.p90_s for one in ours):6.1f} s, "
            f"longest {max(one.longest_s for one in ours):6.1f} s, "
            f"gave up {statistics.fmean(one.abandoned for one in ours):.2%}, groups {groups}"
        )
    return lines


def ratios(days: Days) -> dict[str, float]:
    """Our figures and the others', as flat keys."""
    pooled = days["pooled", FIFO]
    found: dict[str, float] = {}
    for (layout, policy), theirs in days.items():
        if layout == "pooled":
            continue
        over, name = ratio(theirs, pooled), "" if policy == OURS else f"_{policy}"
        found[f"{layout}{name}_over_pooled"], found[f"{layout}{name}_over_pooled_ci"] = over.value, over.half_width
        found[f"{layout}{name}_abandoned"] = statistics.fmean(one.abandoned for one in theirs)
        found[f"{layout}{name}_group_factor"] = group_factor(theirs)
        if policy != OURS:
            against = ratio(days[layout, OURS], theirs)
            found[f"{layout}_over_{policy}"], found[f"{layout}_over_{policy}_ci"] = against.value, against.half_width
    return found


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
