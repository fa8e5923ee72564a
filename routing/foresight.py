"""The policy `foresight`: whom the operators who come free next would miss, and whose average is behind (ADR 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from routing.policy_terms import OVERDUE_FIRST, misfit_s, opportunity, relative_size
from routing.policy_view import Able, Home, Policy, Queue, View
from routing.skills import Need

MANY = 16
"""Callers in reach from which on an operator is far from finding nobody: their weight is below 5 ms."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """An index for each queue h that the free operator may serve; the largest is served, first come first within it.

    `w_h + c · q_h / √(K·p_h) + e · a_h − z · Σ over homes i that serve h of (n_i / n) · x^(Q_i − 1)`, where

    - `w_h` is the wait of the oldest caller in seconds, `q_h` the callers in the queue, `p_h` its share of the traffic,
      K the number of queues: long queues, and small groups, come sooner (the study's recommendation);
    - `a_h` is how far the group's running average wait, over its target, is above that of all callers, those who gave
      up included. Over a long time groups of one target wait alike wherever their skills lie: the correction takes the
      place of the fixed ratios of queues of Gurvich and Whitt (2010), which by Little's law give the same, but only
      where no group's due part of the queue is less than one caller;
    - the sum is the mirror image of the opportunity cost of an idle operator: `Q_i` callers are in reach of the `n_i`
      operators of home i; the fewer, the nearer they are to finding nobody while others wait, which is what all loss
      of skill routing comes from. So callers whom many can serve are left for them.

    Beyond `overdue_s` the wait alone counts, so that nobody is forgotten.

    An idle operator is taken where other groups lose least by it, and where they lose next to nothing the longest idle
    is: fairness to operators (Armony and Ward 2010), without which specialists would talk twice as long as the others
    in quiet hours.

    All is flat: over many days, 30 % more or less of any parameter changes the mean wait by less than 1 %
    (`bench.flatness`).
    """

    per_caller_s: float = 10.0
    """c: what one more caller in the queue weighs, in seconds of waiting."""
    uneven_s: float = 500.0
    """e: what it weighs that a need's average wait, over its target, is twice that of all callers."""
    most_uneven: float = 1.5
    """Beyond this an average weighs no more."""
    starved_s: float = 5000.0
    """z: what it weighs that all operators would find nobody waiting whom they can serve."""
    next_caller: float = 0.4
    """x: how much less the next caller in reach of an operator is worth than the one before."""
    overdue_s: float = 150.0
    """From this wait on only the wait counts."""
    loss: float = 0.4
    """How much less the next idle operator is worth than the one before, when one of several is taken."""
    negligible: float = 0.003
    """Losses below this share of the traffic count as none: the longest idle of all is taken."""

    @property
    def policy(self) -> Policy:
        """Both decisions."""
        return Policy(self.urgencies, self.costs)

    def urgencies(self, queues: Sequence[Queue], view: View) -> list[float]:
        """The index of each queue, seconds."""
        near: dict[Home, float] = {}
        return [self._index_s(queue, view, near) for queue in queues]

    def costs(self, need: Need, pools: Sequence[Able], view: View) -> list[float]:
        """The opportunity lost: specialists go first, but only while other needs have few operators idle."""
        return opportunity(need, pools, view, self.loss, self.negligible)

    def _index_s(self, queue: Queue, view: View, near: dict[Home, float]) -> float:
        if queue.oldest_s > self.overdue_s:
            return OVERDUE_FIRST + queue.oldest_s
        crowd_s = self.per_caller_s * queue.waiting / sqrt(relative_size(queue.need, view))
        uneven_s = self.uneven_s * min(view.above(queue.need), self.most_uneven)
        missed_s = self.starved_s * self._starved(queue, view, near)
        return queue.oldest_s + crowd_s + uneven_s - missed_s - misfit_s(queue)

    def _starved(self, queue: Queue, view: View, near: dict[Home, float]) -> float:
        """How near the operators of this need are to finding nobody: 0 to 1, each home by its staff.

        `near` remembers the homes that were looked at for another queue.
        """
        if queue.waiting > MANY:
            return 0.0
        starved, queued = 0.0, view.queued
        for home in view.homes.get(queue.need, ()):
            if home not in near:
                in_reach = sum([queued[other] for other in home.needs if other in queued])
                near[home] = home.staff * self.next_caller ** (in_reach - 1) if in_reach <= MANY else 0.0
            starved += near[home]
        return starved / view.staff
