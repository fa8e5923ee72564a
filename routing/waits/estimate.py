"""Expected wait of a caller, from the lines ahead, the operators on duty and the running rates.

Two views of the same line, both sums of mean times until the next caller ahead leaves it:

- *own*: the published formula. The caller's group gets of each operator the part that its line has in all lines that
  the operator serves: s = Σ i of (q_g + 1) / Σ h in S_i of (q_h + [h = g]).
- *pool*: all calls ahead in all groups that operators tie together, served by all those operators.

What comes true lies between the two (own is 6 % too long and pool 6 % too short in the study's chain), by weights that
`Weights` learns from the waits that ended. Giving up counts (k + 1)·θ with k ahead: of those who are answered in the
end, none gave up, and their waits are the shorter ones. The published kθ is what a caller of endless patience waits.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from routing.waits.rates import Rates, giving_up, talk_s

Kind = TypeVar("Kind", bound=Hashable)
"""What lines are told apart by: the group alone, or the group and the language."""
Staff = Mapping[frozenset[Kind], int]
"""How many operators are on duty (ready, talking or in wrap-up, not paused), by what they serve."""
Ahead = Mapping[Kind, int]
"""How many callers wait in each line who came before this one."""

HALF_LIFE_WAITS = 500
"""After how many waits the weights forget by half."""
FIRST_HALVES_S = 500.0
"""How sure the first guess (half of each view) is: as twenty waits of 100 s. It also settles the weights where both
views are the same, as in a centre of one group."""


@dataclass(frozen=True, slots=True)
class Views:
    """The expected wait as two models see it, seconds, and the spread of the own line."""

    own_s: float
    pool_s: float
    spread_s: float
    """Standard deviation of the sum, were the model exact."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected wait, seconds: its mean, and the span that two waits of three fall into."""

    mean_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of each view comes true: least squares over past waits, older ones fading, as running sums.

    A wait counts by the inverse of its expected length, since its variance grows with it; so the mean comes out right.
    """

    own_own: float = 0.0
    own_pool: float = 0.0
    pool_pool: float = 0.0
    own_true: float = 0.0
    pool_true: float = 0.0

    @property
    def pair(self) -> tuple[float, float]:
        """The weights of own and pool, neither below zero: more callers ahead never shorten an estimate."""
        own_own, pool_pool = self.own_own + FIRST_HALVES_S, self.pool_pool + FIRST_HALVES_S
        own_true, pool_true = self.own_true + FIRST_HALVES_S / 2, self.pool_true + FIRST_HALVES_S / 2
        whole = own_own * pool_pool - self.own_pool**2
        own = (own_true * pool_pool - pool_true * self.own_pool) / whole
        pool = (pool_true * own_own - own_true * self.own_pool) / whole
        if own < 0:
            return 0.0, pool_true / pool_pool
        if pool < 0:
            return own_true / own_own, 0.0
        return own, pool

    def learn(self, seen: Views, wait_s: float) -> Weights:
        """Take in a wait that ended with an operator, and what was expected when it began."""
        own, pool = seen.own_s, seen.pool_s
        size = own + pool
        if size <= 0 or not math.isfinite(size):
            return self
        left = 0.5 ** (1 / HALF_LIFE_WAITS)
        return Weights(
            self.own_own * left + own * own / size,
            self.own_pool * left + own * pool / size,
            self.pool_pool * left + pool * pool / size,
            self.own_true * left + own * wait_s / size,
            self.pool_true * left + pool * wait_s / size,
        )


def views(kind: Kind, ahead: Ahead[Kind], staff: Staff[Kind], rates: Rates[Kind]) -> Views | None:
    """Both views of a caller's wait; None when nobody on duty serves this kind of call."""
    own_rate = sum(
        number / talk_s(rates, serves) * (ahead.get(kind, 0) + 1) / (1 + sum(ahead.get(each, 0) for each in serves))
        for serves, number in staff.items()
        if kind in serves
    )
    if own_rate <= 0:
        return None
    tied = tied_lines(kind, staff)
    pool_rate = sum(number / talk_s(rates, serves) for serves, number in staff.items() if serves & tied)
    leaving = giving_up(rates, kind)
    own_s, spread_s = _until_served(own_rate, leaving, ahead.get(kind, 0))
    pool_s, _ = _until_served(pool_rate, leaving, sum(ahead.get(each, 0) for each in tied))
    return Views(own_s, pool_s, spread_s)


def estimate(seen: Views, weights: Weights) -> Estimate:
    """The expected wait by the weights learned, as a mean and a span of a gamma distribution of its spread."""
    own, pool = weights.pair
    mean_s = own * seen.own_s + pool * seen.pool_s
    spread_s = seen.spread_s * mean_s / seen.own_s
    return Estimate(mean_s, _gamma_quantile(mean_s, spread_s, -_Z), _gamma_quantile(mean_s, spread_s, _Z))


def tied_lines(kind: Kind, staff: Staff[Kind]) -> frozenset[Kind]:
    """The lines that this one depends on: those that chains of operators tie to it."""
    tied = frozenset({kind})
    while True:
        wider = tied.union(*(serves for serves, number in staff.items() if number > 0 and serves & tied))
        if wider == tied:
            return tied
        tied = wider


def _until_served(rate: float, leaving: float, ahead: int) -> tuple[float, float]:
    """Mean and standard deviation, seconds, until `ahead` callers and this one have left the line, this one served."""
    mean_s = variance = 0.0
    for others in range(ahead + 1):
        step_s = 1 / (rate + (others + 1) * leaving)
        mean_s += step_s
        variance += step_s * step_s
    return mean_s, math.sqrt(variance)


_Z = 0.8416
"""The standard normal's 80 % quantile: 60 % lie between it and its mirror image."""


def _gamma_quantile(mean: float, spread: float, z: float) -> float:
    """Wilson and Hilferty's approximation (1931) of a gamma distribution's quantile."""
    if mean <= 0 or spread <= 0:
        return max(0.0, mean)
    ninth = (spread / mean) ** 2 / 9
    return float(mean * max(0.0, 1 - ninth + z * math.sqrt(ninth)) ** 3)
