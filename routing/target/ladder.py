"""Where a group stands towards its target: calm, in danger, or widened so far; with hysteresis, so that it never flaps.

A group comes in danger at once. Every other move, back or further, needs the present standing to have lasted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from config.settings import Target

_TARGET = Target()


class Condition(StrEnum):
    """What a supervisor sees."""

    CALM = "calm"
    DANGER = "in danger"
    WIDENED = "widened"


@dataclass(frozen=True, slots=True)
class TargetRules:
    """When a group is in danger, and what follows (`[target]` of the configuration, and by default as there)."""

    danger: float = _TARGET.danger
    """Of the target: from here on a group is in danger."""
    calm: float = _TARGET.calm
    """Of the target: down to here it must come to be calm again."""
    stay_s: float = _TARGET.stay_s
    """How long a standing lasts at least."""
    settle_calls: int = _TARGET.settle_calls
    """Calls at half the target that are imagined before the day's first one."""
    ahead_s: float = _TARGET.ahead_s
    """The average that a group is judged by is that of so many seconds later, at the present rate."""
    recent_s: float = _TARGET.recent_s
    """The present rate of calls is that of so many last seconds."""
    remind_s: float = _TARGET.remind_s
    """An alarm is repeated after so long."""
    mend_within_s: float = _TARGET.mend_within_s
    """How soon the operators who are missing would mend an average that is over its target."""


@dataclass(frozen=True, slots=True)
class Standing:
    """On the ladder: 0 is calm, 1 in danger, each further rung a width more."""

    rung: int = 0
    since_ms: int | None = None
    """None: as it began."""

    @property
    def condition(self) -> Condition:
        """The rung's name."""
        return (Condition.CALM, Condition.DANGER, Condition.WIDENED)[min(self.rung, 2)]

    def has_lasted(self, now_ms: int, rules: TargetRules) -> bool:
        """Whether this standing has lasted as long as it must."""
        return self.since_ms is None or now_ms - self.since_ms >= rules.stay_s * 1000


def advance(before: Standing, pressure: float, widths: int, now_ms: int, rules: TargetRules) -> Standing:
    """Where the group stands now, under this pressure (its average over its target) and with so many widths to go."""
    if before.rung == 0 and pressure >= rules.danger:
        return Standing(1, now_ms)
    if not before.has_lasted(now_ms, rules):
        return before
    if before.rung > 0 and pressure <= rules.calm:
        return Standing(before.rung - 1, now_ms)
    if 0 < before.rung <= widths and pressure >= rules.danger:
        return Standing(before.rung + 1, now_ms)
    return before
