"""What the centre decided about routing: durations, targets, the policy's name, the steps of eligibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calls.ids import GroupId
from routing.policy_view import Policy
from routing.skills import EVERYBODY, Step

TARGET_S = 30.0
"""The average wait that the law asks for (rule 7), where a group has no target of its own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the core works with, durations in seconds (`[offers]`, `[waiting]`, `[routing]` of the configuration)."""

    ring_s: float = 15.0
    wrap_up_s: float = 5.0
    wrap_up_extension_s: float = 60.0
    wrap_up_most_s: float = 300.0
    missed_before_pause: int = 1
    refusal_rest_s: float = 10.0
    backoff_first_s: float = 5.0
    backoff_last_s: float = 300.0
    announce_first_s: float = 10.0
    announce_every_s: float = 30.0
    policy: str | Policy = "foresight"
    """By its name, or itself: benchmarks try variants."""
    steps: tuple[Step, ...] = EVERYBODY
    wrap_ups_s: Mapping[GroupId, float] = field(default_factory=dict)
    """Wrap-up after a talk of a group that has one of its own; `wrap_up_s` after every other talk."""
    targets_s: Mapping[GroupId, float] = field(default_factory=dict)
    """Target of the average wait per group; `TARGET_S` for a group that is not named."""

    def wrap_up_of(self, group: GroupId | None) -> float:
        """Seconds of wrap-up after a talk of this group; None: of a talk whose group is not known."""
        return self.wrap_up_s if group is None else self.wrap_ups_s.get(group, self.wrap_up_s)
