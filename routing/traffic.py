"""What the calls so far tell of the next ones: each need's share of the traffic, and its average wait."""

from __future__ import annotations

from collections.abc import Mapping

from calls.ids import GroupId
from routing.queue import Waiting
from routing.rules import TARGET_S
from routing.skills import Need

MEMORY = 2000.0
"""Calls after which an old one counts 1/e: one or two hours of a middle-sized centre."""

BEGIN_WITH = 10.0
"""Calls of each need that are imagined before the first one: the first real calls do not swing the shares."""

TOO_BIG = 1e12

WAITS_MEMORY = 5000.0
"""Calls of all needs together after which an old wait counts 1/e. One clock for all: were it each need's own calls, a
small group's average would be of a longer time, and so look good in a rush and bad after it."""

DRAWN = 30.0
"""Calls of a need that are imagined to have waited like all others: few calls say little."""


class Traffic:
    """Shares, known beforehand or learnt as a slow moving average (Σ = 1).

    Weights that grow with every call instead of shrinking all others: one step a call, however many needs.
    """

    def __init__(self, known: Mapping[Need, float] | None = None) -> None:
        """Begin with nothing; known shares stay as they are, and other needs have none."""
        self._learns = known is None
        self._weights = dict(known or {})
        self._total = sum(self._weights.values())
        self._next = 1.0

    def adopt(self, older: Traffic) -> None:
        """Take over what another has counted."""
        self._weights, self._total, self._next = dict(older._weights), older._total, older._next

    def know(self, need: Need) -> None:
        """Learn of a need that calls may have."""
        if need not in self._weights:
            self._add(need, BEGIN_WITH * self._next if self._learns else 0.0)

    def came(self, need: Need) -> None:
        """Count a call."""
        if not self._learns:
            return
        self.know(need)
        self._add(need, self._next)
        self._next *= 1 + 1 / MEMORY
        if self._next > TOO_BIG:
            self._weights = {one: weight / self._next for one, weight in self._weights.items()}
            self._total = sum(self._weights.values())
            self._next = 1.0

    def shares(self) -> dict[Need, float]:
        """Return the share of every known need."""
        return {need: weight / self._total for need, weight in self._weights.items()}

    def _add(self, need: Need, weight: float) -> None:
        self._weights[need] = self._weights.get(need, 0.0) + weight
        self._total += weight


class Waits:
    """Running averages of the wait until the first offer, or until giving up: measured by the targets, per need.

    Who gave up counts too, so that no group looks well served because its callers leave.
    """

    def __init__(self, targets_s: Mapping[GroupId, float]) -> None:
        self._targets_s = targets_s
        self._sums: dict[Need, float] = {}
        self._counts: dict[Need, float] = {}
        self._sum = self._count = 0.0
        self._next = 1.0

    def adopt(self, older: Waits) -> None:
        """Take over what another has counted."""
        self._sums, self._counts = dict(older._sums), dict(older._counts)
        self._sum, self._count, self._next = older._sum, older._count, older._next

    def ended(self, caller: Waiting, now_ms: int) -> None:
        """Count a wait that has ended; a caller who had an offer before is counted already."""
        if caller.offers:
            return
        need, waited_s = caller.need, max(now_ms - caller.rank_ms, 0) / 1000
        weighed = self._next * waited_s / self._targets_s.get(need.group, TARGET_S)
        self._sums[need] = self._sums.get(need, 0.0) + weighed
        self._counts[need] = self._counts.get(need, 0.0) + self._next
        self._sum, self._count = self._sum + weighed, self._count + self._next
        self._next *= 1 + 1 / WAITS_MEMORY
        if self._next > TOO_BIG:
            self._shrink()

    def above(self, need: Need) -> float:
        """How far the need's average is above (or below) that of all calls: 0.2 is a fifth above, 0 is not known."""
        count = self._counts.get(need, 0.0)
        if not count or self._sum <= 0:
            return 0.0
        ratio = self._sums[need] / count * self._count / self._sum
        return (ratio - 1) * count / (count + DRAWN * self._next)

    def _shrink(self) -> None:
        self._sums = {need: one / self._next for need, one in self._sums.items()}
        self._counts = {need: one / self._next for need, one in self._counts.items()}
        self._sum, self._count, self._next = self._sum / self._next, self._count / self._next, 1.0
