"""The policies by name: which waiting caller a free operator takes, and which idle operator takes a call.

Pure functions over a small view of the state. Who may serve whom is decided before (`routing/skills.py`); a policy only
chooses among the able, and never leaves an operator idle beside a caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routing.foresight import Foresight
from routing.policy_terms import OVERDUE_FIRST, misfit_s, opportunity, relative_size
from routing.policy_view import Able, Policy, Queue, View
from routing.skills import Need

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
PER_CALLER_S = 20.0
"""What one more caller in the queue weighs, in seconds of waiting."""
LOSS = 0.6
"""How much less the next idle operator is worth than the one before."""


def recommended(queues: Sequence[Queue], view: View) -> list[float]:
    """The wait and 20 s for each caller in the queue, more for small groups; beyond 120 s the wait alone."""
    return [
        OVERDUE_FIRST + queue.oldest_s
        if queue.oldest_s > OVERDUE_S
        else queue.oldest_s + PER_CALLER_S * queue.waiting * relative_size(queue.need, view) ** -0.5 - misfit_s(queue)
        for queue in queues
    ]


def recommended_costs(need: Need, pools: Sequence[Able], view: View) -> list[float]:
    """What is lost for other needs when somebody of the pool is taken: specialists cost nothing and go first."""
    return opportunity(need, pools, view, LOSS)


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


# -- averages in proportion to the targets -------------------------------------------------------------------------

CORRECTION_S = 200.0
"""What it weighs, in seconds, that a need's average wait is twice what its target asks for."""
MOST_ABOVE = 1.5
"""Beyond this an average weighs no more: a group of few calls must not take everything."""


def balanced(queues: Sequence[Queue], view: View) -> list[float]:
    """The wait measured by the target, corrected by the averages so far: what is behind its due comes first.

    On the study's layouts the groups' averages stay within 1.2 of each other, with queues in proportion within 1.9.
    """
    usual_s = sum(share * view.targets_s[need] for need, share in view.shares.items())
    return [
        queue.oldest_s * usual_s / view.targets_s[queue.need] + CORRECTION_S * min(view.above(queue.need), MOST_ABOVE)
        for queue in queues
    ]


FORESIGHT = Foresight()

POLICIES: Mapping[str, Policy] = {
    "longest_wait": Policy(longest_wait, best_level),
    "recommended": Policy(recommended, recommended_costs),
    "foresight": FORESIGHT.policy,
    "balanced": Policy(balanced, FORESIGHT.costs),
    "queue_ratio": Policy(queue_ratio, idle_ratio),
}
