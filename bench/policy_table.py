"""What days under several policies are worth: a line for a person for each, and flat keys for a program."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from bench.policy_figures import Day, beyond, group_factor, group_means, ratio

OURS = "foresight"
APP_QUEUE = "app_queue"
FIFO = "longest_wait"
LIMIT_S = 400.0
"""What the worst caller is to wait at most."""

Days = dict[tuple[str, str], list[Day]]
"""By layout and policy, in the order of the seeds; the bound is (`pooled`, `longest_wait`)."""


def told(days: Mapping[tuple[str, str], list[Day]]) -> list[str]:
    """One line for each layout and policy, below a heading; waits in seconds."""
    lines = [
        f"{'layout':6} {'policy':12} {'mean':>6} {'over pooled':>13} {'p90':>6} {'worst':>6} {'of all':>6} "
        f"{'>400 s':>6} {'gave up':>7} {'factor':>6}  groups"
    ]
    for (layout, policy), ours in days.items():
        over = ratio(ours, days["pooled", FIFO])
        groups = " ".join(f"{mean:.1f}" for mean in group_means(ours).values())
        lines.append(
            f"{layout:6} {policy:12} {statistics.fmean(one.mean_s for one in ours):6.2f} "
            f"{over.value:5.3f} ± {over.half_width:.3f} {statistics.fmean(one.p90_s for one in ours):6.1f} "
            f"{statistics.fmean(one.longest_s for one in ours):6.1f} {max(one.longest_s for one in ours):6.1f} "
            f"{beyond(ours, LIMIT_S):6} {statistics.fmean(one.abandoned for one in ours):7.2%} "
            f"{group_factor(ours):6.2f}  {groups}"
        )
    return lines


def worth(days: Mapping[tuple[str, str], list[Day]]) -> dict[str, float]:
    """Our figures and the others', as flat keys; ours have no policy in their names."""
    found = _worst("pooled", days["pooled", FIFO])
    for (layout, policy), theirs in days.items():
        if layout == "pooled":
            continue
        over, name = ratio(theirs, days["pooled", FIFO]), layout if policy == OURS else f"{layout}_{policy}"
        found[f"{name}_over_pooled"], found[f"{name}_over_pooled_ci"] = over.value, over.half_width
        found[f"{name}_abandoned"] = statistics.fmean(one.abandoned for one in theirs)
        found[f"{name}_group_factor"] = group_factor(theirs)
        found |= _worst(name, theirs)
        if policy != OURS:
            against = ratio(days[layout, OURS], theirs)
            found[f"{layout}_over_{policy}"], found[f"{layout}_over_{policy}_ci"] = against.value, against.half_width
    layouts = [layout for layout, policy in days if policy == OURS]
    for key in ("worst_caller_s", "worst_caller_of_all_s"):
        found[key] = max(found[f"{layout}_{key}"] for layout in layouts)
    return found


def _worst(name: str, days: list[Day]) -> dict[str, float]:
    return {
        f"{name}_worst_caller_s": statistics.fmean(one.longest_s for one in days),
        f"{name}_worst_caller_of_all_s": max(one.longest_s for one in days),
        f"{name}_days_beyond_400": beyond(days, LIMIT_S),
    }
