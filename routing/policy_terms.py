"""The parts that indices of urgency and cost are made of, shared by several policies."""

from __future__ import annotations

from collections.abc import Sequence

from routing.policy_view import Able, Queue, View
from routing.skills import Need

OVERDUE_FIRST = 1e9
"""Added to the wait of who is overdue: before everybody who is not."""
LEAST_SHARE = 0.1
"""Of an equal share: a need that hardly anybody has must not win by that alone."""
LEVEL_S, LANGUAGE_S = 2.0, 5.0
"""What a level below the best, and another language than the caller's, weigh: a small term."""
LEVEL_COST = 0.02


def relative_size(need: Need, view: View) -> float:
    """The need's share of the traffic over an equal share."""
    return max(len(view.shares) * view.shares[need], LEAST_SHARE)


def misfit_s(queue: Queue) -> float:
    """How badly the best able operator suits the callers, in seconds of waiting."""
    return LEVEL_S * (queue.level - 1) + (0.0 if queue.speaks else LANGUAGE_S)


def opportunity(need: Need, pools: Sequence[Able], view: View, loss: float, negligible: float = 0.0) -> list[float]:
    """What other needs lose when somebody of a pool is taken: Σ share · loss^(idle operators for it − 1).

    Less than `negligible` counts as nothing.
    """
    lost = {other: share * loss ** (view.idle_for[other] - 1) for other, share in view.shares.items() if other != need}
    lost[need] = 0.0
    sums = [sum([lost.get(other, 0.0) for other in pool.home]) for pool in pools]
    return [
        (one if one >= negligible else 0.0) + LEVEL_COST * (pool.level - 1)
        for one, pool in zip(sums, pools, strict=True)
    ]
