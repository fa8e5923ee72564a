"""A day to simulate: the calls that come, who is on duty when, and what that costs in operators' time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from calls.ids import OperatorId
from planning.simulator import Arrival, Duty
from routing.skills import Skills

DAY_S = 86_400.0

Shift = tuple[float, float]
"""On duty from the first to the second, seconds from the day's beginning; infinite: beyond its end."""

ALWAYS: tuple[Shift, ...] = ((0.0, math.inf),)


@dataclass(frozen=True, slots=True)
class Staffed:
    """An operator of the day: skills, and when on duty."""

    skills: Skills
    shifts: tuple[Shift, ...] = ALWAYS

    def on_duty_s(self, length_s: float) -> float:
        """Seconds on duty within the day's length."""
        return sum(max(0.0, min(end_s, length_s) - begin_s) for begin_s, end_s in self.shifts)


Staff = Mapping[OperatorId, Staffed]


@dataclass(frozen=True, slots=True)
class Day:
    """Calls and operators of one day; instants in seconds from its beginning."""

    arrivals: tuple[Arrival, ...]
    staff: Staff
    length_s: float = DAY_S
    set_up_s: float = 0.0
    """From the offer to the pick-up, in the mean."""


def duties(staff: Staff) -> tuple[Duty, ...]:
    """Everybody's comings and goings, in the order of time."""
    told = [
        Duty(at_s, operator, ready)
        for operator, one in sorted(staff.items())
        for begin_s, end_s in one.shifts
        for at_s, ready in ((begin_s, True), (end_s, False))
        if math.isfinite(at_s)
    ]
    return tuple(sorted(told, key=lambda duty: (duty.at_s, duty.ready)))
