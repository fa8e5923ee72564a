"""How even the work of quiet hours is, when every policy has a choice: who knows one group against who knows more."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping

from bench.base_cases import BaseCase
from calls.ids import OperatorId
from planning.simulator import Served
from routing.skills import Skills

QUIET = BaseCase("quiet", 60.0)
"""Three quarters of the 80 operators are busy, and hardly anybody waits."""


def workload_factor(served: Iterable[Served], operators: Mapping[OperatorId, Skills]) -> float:
    """The mean talking time of the busiest kind of operator over that of the least busy; kinds by number of groups."""
    talked_s: dict[OperatorId, float] = dict.fromkeys(operators, 0.0)
    for one in served:
        if one.operator is not None:
            talked_s[one.operator] += one.arrival.talk_s
    kinds: dict[int, list[float]] = defaultdict(list)
    for operator, skills in operators.items():
        kinds[len(skills.levels)].append(talked_s[operator])
    means = [statistics.fmean(kind) for kind in kinds.values()]
    return max(means) / min(means)
