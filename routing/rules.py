"""What the centre decided about routing: durations, targets, the policy's name, the steps of eligibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calls.ids import GroupId
from config.settings import Group, Offers, Routing, Waiting
from routing.policy_view import Policy
from routing.skills import EVERYBODY, Step

_OFFERS, _WAITING, _ROUTING = Offers(), Waiting(), Routing()
TARGET_S: float = Group.model_fields["target_s"].default
"""The average wait that the law asks for (rule 7), where a group has no target of its own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the core works with, durations in seconds (`[offers]`, `[waiting]`, `[routing]`, by default as there)."""

    ring_s: float = _OFFERS.ring_s
    wrap_up_s: float = _OFFERS.wrap_up_s
    wrap_up_extension_s: float = _OFFERS.wrap_up_extension_s
    wrap_up_most_s: float = _OFFERS.wrap_up_most_s
    missed_before_pause: int = _OFFERS.missed_before_pause
    refusal_rest_s: float = _OFFERS.refusal_rest_s
    backoff_first_s: float = _OFFERS.backoff_first_s
    backoff_last_s: float = _OFFERS.backoff_last_s
    announce_first_s: float = _WAITING.announce_first_s
    announce_every_s: float = _WAITING.announce_every_s
    policy: str | Policy = _ROUTING.policy
    """By its name, or itself: benchmarks try variants."""
    steps: tuple[Step, ...] = EVERYBODY
    wrap_ups_s: Mapping[GroupId, float] = field(default_factory=dict)
    """Wrap-up after a talk of a group that has one of its own; `wrap_up_s` after every other talk."""
    targets_s: Mapping[GroupId, float] = field(default_factory=dict)
    """Target of the average wait per group; `TARGET_S` for a group that is not named."""

    def wrap_up_of(self, group: GroupId | None) -> float:
        """Seconds of wrap-up after a talk of this group; None: of a talk whose group is not known."""
        return self.wrap_up_s if group is None else self.wrap_ups_s.get(group, self.wrap_up_s)
