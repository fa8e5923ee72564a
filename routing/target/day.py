"""What is known of the day's waits when it is judged whether a group will meet its target (rule 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calls.ids import GroupId, OperatorId
from routing.loans import Width
from routing.waits.rates import USUAL_PATIENCE_S, USUAL_TALK_S

RING_S = 3.0
"""From the offer to the answer, as staffing plans it."""


@dataclass(frozen=True, slots=True)
class GroupSoFar:
    """One group's day: sums from the ledger, the callers who wait at this moment, and the running rates."""

    target_s: float
    answered: int = 0
    waited_s: float = 0.0
    """From the arrival to the answer, by all the answered together."""
    abandoned: int = 0
    recent: int = 0
    """Calls that came to the group in the last `DaySoFar.recent_s`."""
    waiting_s: tuple[float, ...] = ()
    """How long each caller who waits now has waited, since the arrival."""
    before_s: float = RING_S
    """Of a caller's wait, what no operator can shorten: the menu and the ringing."""
    busy_s: float = USUAL_TALK_S
    """How long a call keeps an operator, with wrap-up."""
    patience_s: float = USUAL_PATIENCE_S

    @property
    def asa_s(self) -> float | None:
        """The law's average: from the arrival to the answer, over the answered."""
        return self.waited_s / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class OnDuty:
    """An operator who is ready, or talks, or wraps up."""

    id: OperatorId
    levels: Mapping[GroupId, int]
    """The operator's own groups, and how well they are known."""
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class DaySoFar:
    """All groups at one instant."""

    now_ms: int
    groups: Mapping[GroupId, GroupSoFar]
    operators: tuple[OnDuty, ...]
    rest_s: float
    """Until the local day ends."""
    recent_s: float


Helps = Mapping[GroupId, Width]
"""The groups that an operator is lent to."""
Lent = Mapping[OperatorId, Helps]
"""Everybody who is lent."""
