"""What a policy sees of the centre, and what it decides: plain values, made anew for each decision."""

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
    """How long the caller at its head waits, with the seconds that supervisors added to the caller and the group."""
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
    above: Callable[[Need], float]
    """How far a need's running average wait, over its target, is above that of all calls: 0.2 is a fifth."""
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
