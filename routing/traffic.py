"""What the calls so far tell of the next ones: each need's share of the traffic, and its average wait."""

from __future__ import annotations

from collections.abc import Mapping

from routing.skills import Need

MEMORY = 2000.0
"""Calls after which an old one counts 1/e: one or two hours of a middle-sized centre."""

BEGIN_WITH = 10.0
"""Calls of each need that are imagined before the first one: the first real calls do not swing the shares."""

TOO_BIG = 1e12

WAITS_MEMORY, FIRST_WAITS = 300.0, 5.0
"""Calls of a need that its average wait remembers, and those of 0 s that are imagined before the first."""


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
    """The running average of the wait until the first offer, seconds, per need."""

    def __init__(self) -> None:
        self.averages_s: dict[Need, float] = {}
        self._counts: dict[Need, int] = {}

    def adopt(self, older: Waits) -> None:
        """Take over what another has counted."""
        self.averages_s, self._counts = dict(older.averages_s), dict(older._counts)

    def note(self, need: Need, wait_s: float) -> None:
        """Count a wait that has ended with an offer."""
        self._counts[need] = self._counts.get(need, 0) + 1
        before = self.averages_s.get(need, 0.0)
        self.averages_s[need] = before + (wait_s - before) / min(self._counts[need] + FIRST_WAITS, WAITS_MEMORY)
