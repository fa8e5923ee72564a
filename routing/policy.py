"""The policies by name: which waiting caller a free operator takes, and which idle operator takes a call.

Pure functions over a small view of the state. Who may serve whom is decided before (`routing/skills.py`); a policy only
chooses among the able, and never leaves an operator idle beside a caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from routing.skills import Need


class Queue(NamedTuple):
    """The callers with one need, as a free operator sees them."""

    need: Need
    waiting: int
    oldest_s: float
    """How long the caller at its head waits."""
    level: int
    """Of the best able operator for it: 1 is best."""
    speaks: bool
    """Whether that operator speaks the callers' language."""


class Able(NamedTuple):
    """Operators of equal skills who are idle and may serve a certain call."""

    home: Sequence[Need]
    """The needs they serve in the callers' language."""
    level: int
    """How well they know what the call needs: 1 is best."""
    idle: int
    """How many of them are idle."""
    staff: int
    """How many they are, idle or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """Operators who serve the same needs, idle or not; each home is itself alone."""

    needs: tuple[Need, ...]
    staff: int


@dataclass(frozen=True, slots=True)
class View:
    """The whole centre, as far as a policy looks at it."""

    shares: Mapping[Need, float]
    """Of the traffic, per need (Σ = 1)."""
    idle_for: Mapping[Need, int]
    """Idle operators who serve a need in its language."""
    targets_s: Mapping[Need, float]
    """Target of the average wait."""
    queued: Mapping[Need, int]
    """Callers who wait, per need; none where it is not named."""
    averages_s: Mapping[Need, float]
    """Running average of the wait until the first offer, per need."""
    homes: Mapping[Need, Sequence[Home]]
    """Who serves a need in its language."""
    waiting: int
    idle: int
    staff: int


Urgencies = Callable[[Sequence[Queue], View], list[float]]
"""How urgent the head of each queue is: the largest is served, then the longest wait."""

Costs = Callable[[Need, Sequence[Able], View], list[float]]
"""What it costs to take somebody of each pool: the smallest is taken, then the longest idle."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The two decisions."""

    urgencies: Urgencies
    costs: Costs


# -- longest wait first, longest idle operator ---------------------------------------------------------------------


def longest_wait(queues: Sequence[Queue], view: View) -> list[float]:
    """First come first served over everything the operator can do."""
    return [queue.oldest_s for queue in queues]


def best_level(need: Need, pools: Sequence[Able], view: View) -> list[float]:
    """The best at it; of those the longest idle."""
    return [float(pool.level) for pool in pools]


# -- the study's recommendation ------------------------------------------------------------------------------------

OVERDUE_S = 120.0
"""From this wait on only the wait counts, so that nobody is forgotten."""
OVERDUE_FIRST = 1e9
PER_CALLER_S = 20.0
"""What one more caller in the queue weighs, in seconds of waiting."""
LEAST_SHARE = 0.1
"""Of an equal share: a need that hardly anybody has must not win by that alone."""
LEVEL_S, LANGUAGE_S = 2.0, 5.0
"""What a level below the best, and another language than the caller's, weigh: a small term."""

LOSS = 0.6
"""How much less the next idle operator is worth than the one before."""
LEVEL_COST = 0.02


def recommended(queues: Sequence[Queue], view: View) -> list[float]:
    """The wait and 20 s for each caller in the queue, more for small groups; beyond 120 s the wait alone."""
    return [
        OVERDUE_FIRST + queue.oldest_s
        if queue.oldest_s > OVERDUE_S
        else queue.oldest_s + PER_CALLER_S * queue.waiting * _size(queue.need, view) ** -0.5 - _misfit_s(queue)
        for queue in queues
    ]


def _size(need: Need, view: View) -> float:
    """The need's share of the traffic over an equal share."""
    return max(len(view.shares) * view.shares[need], LEAST_SHARE)


def _misfit_s(queue: Queue) -> float:
    return LEVEL_S * (queue.level - 1) + (0.0 if queue.speaks else LANGUAGE_S)


def opportunity(need: Need, pools: Sequence[Able], view: View) -> list[float]:
    """What is lost for other needs when somebody of the pool is taken: specialists cost nothing and go first."""
    return _opportunity(need, pools, view, LOSS)


def _opportunity(need: Need, pools: Sequence[Able], view: View, loss: float) -> list[float]:
    lost = {other: share * loss ** (view.idle_for[other] - 1) for other, share in view.shares.items() if other != need}
    lost[need] = 0.0
    return [sum([lost.get(other, 0.0) for other in pool.home]) + LEVEL_COST * (pool.level - 1) for pool in pools]


# -- queues in proportion ------------------------------------------------------------------------------------------


def queue_ratio(queues: Sequence[Queue], view: View) -> list[float]:
    """How much longer a queue is than its due part of all who wait (Gurvich and Whitt 2010, fixed queue ratio).

    By Little's law the average waits stand in proportion to the targets when the queues stand as share × target; but a
    small group's due part is less than one caller, so it is served before its turn.
    """
    whole = sum(share * view.targets_s[need] for need, share in view.shares.items())
    return [
        queue.waiting - view.waiting * view.shares[queue.need] * view.targets_s[queue.need] / whole for queue in queues
    ]


def idle_ratio(need: Need, pools: Sequence[Able], view: View) -> list[float]:
    """How far a pool's idle are below its due part, by staff, of all who are idle: the fullest pool gives first."""
    return [view.idle * pool.staff / view.staff - pool.idle + pool.level - 1 for pool in pools]


# -- foresight: whom the operators who come free next would miss ---------------------------------------------------

STARVED_S = 5000.0
"""What it weighs, in seconds, that all operators would find nobody waiting whom they can serve."""
NEXT_CALLER = 0.4
"""How much less the next caller in reach of an operator is worth than the one before."""
MANY = 16
"""Callers in reach from which on an operator is far from finding nobody: their weight is below 5 ms."""
FORESIGHT_PER_CALLER_S = 10.0
FORESIGHT_OVERDUE_S = 150.0
FORESIGHT_LOSS = 0.4
UNEVEN_S = 100.0
"""What it weighs, in seconds, that a need's average wait is twice the others', measured by the targets."""
MOST_UNEVEN = 1.5


def foresight(queues: Sequence[Queue], view: View) -> list[float]:
    """The recommendation, less what taking the call costs those who come free next, and with an eye on the averages.

    The mirror image of `opportunity`: an operator who finds no caller in reach while others wait is what all loss of
    skill routing comes from, so callers whom many can serve are left for them while lines are short.
    """
    uneven = _uneven(view)
    near: dict[Home, float] = {}
    values = []
    for queue in queues:
        value_s = queue.oldest_s + FORESIGHT_PER_CALLER_S * queue.waiting * _size(queue.need, view) ** -0.5
        value_s += UNEVEN_S * uneven.get(queue.need, 0.0) - STARVED_S * _starved(queue, view, near) - _misfit_s(queue)
        overdue = queue.oldest_s > FORESIGHT_OVERDUE_S
        values.append(OVERDUE_FIRST + queue.oldest_s if overdue else value_s)
    return values


def _starved(queue: Queue, view: View, near: dict[Home, float]) -> float:
    """How near the operators of this need are to finding nobody: 0 to 1, each home by its staff; `near` is a memory."""
    if queue.waiting > MANY:
        return 0.0
    starved, queued = 0.0, view.queued
    for home in view.homes.get(queue.need, ()):
        if home not in near:
            in_reach = sum([queued[other] for other in home.needs if other in queued])
            near[home] = home.staff * NEXT_CALLER ** (in_reach - 1) if in_reach <= MANY else 0.0
        starved += near[home]
    return starved / view.staff


def _uneven(view: View) -> dict[Need, float]:
    """How far each need's average is above (or below) that of all calls, as a share, targets counted in."""
    by_target = {need: average / view.targets_s[need] for need, average in view.averages_s.items()}
    whole = sum(view.shares[need] * ratio for need, ratio in by_target.items())
    if whole <= 0:
        return {}
    return {need: min(ratio / whole - 1, MOST_UNEVEN) for need, ratio in by_target.items()}


def far_opportunity(need: Need, pools: Sequence[Able], view: View) -> list[float]:
    """The opportunity lost, with less weight on needs that still have several operators idle."""
    return _opportunity(need, pools, view, FORESIGHT_LOSS)


# -- averages in proportion to the targets -------------------------------------------------------------------------

CORRECTION_S = 200.0
"""What it weighs, in seconds, that a need's average wait is twice what its target asks for."""


def balanced(queues: Sequence[Queue], view: View) -> list[float]:
    """The wait measured by the target, corrected by the averages so far: what is behind its due comes first.

    On the study's chain the groups' averages stay within 1.1 of each other, with queues in proportion within 1.9.
    """
    uneven = _uneven(view)
    usual_s = sum(share * view.targets_s[need] for need, share in view.shares.items())
    return [
        queue.oldest_s * usual_s / view.targets_s[queue.need] + CORRECTION_S * uneven.get(queue.need, 0.0)
        for queue in queues
    ]


POLICIES: Mapping[str, Policy] = {
    "longest_wait": Policy(longest_wait, best_level),
    "recommended": Policy(recommended, opportunity),
    "foresight": Policy(foresight, far_opportunity),
    "balanced": Policy(balanced, far_opportunity),
    "queue_ratio": Policy(queue_ratio, idle_ratio),
}
