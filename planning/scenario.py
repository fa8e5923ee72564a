"""One run of a day under some policy and staff, and what came of it, counted as the law's figures are (rule 7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from calls.ids import GroupId
from calls.local_day import Span
from calls.statistics import CallTimes, DayFigures, day_figures
from calls.wait_history import PastWait
from planning.day import Day, Staff, duties
from planning.forecast import HALF_HOUR_S
from planning.simulator import Centre, Habits, Served, simulate
from planning.target_day import TargetDay
from routing.rules import Rules
from routing.target.day import OnDuty
from routing.target.ladder import TargetRules
from routing.target.lending import Reserves


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a day is played with."""

    name: str
    rules: Rules
    staff: Staff
    reserves: Reserves | None = None
    """Who may be lent to a group in danger of missing its target; None: nobody looks after that."""
    target: TargetRules = field(default_factory=TargetRules)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. Waits are seconds from the arrival of the call, the menu included."""

    name: str
    figures: DayFigures
    answered_s: Mapping[GroupId | None, Sequence[float]]
    """Waits of the answered in ascending order, by group; None for all."""
    half_hours: tuple[float | None, ...]
    """Mean wait of the answered who came in each half-hour; None where nobody was."""
    never_served: int
    """Callers who would wait for ever: nobody on duty serves their group, and they do not give up."""
    occupancy: float | None
    """Share of the time on duty that is ringing, talk and wrap-up; None when it is not known."""

    def median_s(self, group: GroupId | None = None) -> float | None:
        """The smallest wait that half of the answered did not exceed; None when nobody was."""
        waits = self.answered_s.get(group)
        return waits[-(-len(waits) // 2) - 1] if waits else None


def play(scenario: Scenario, day: Day) -> Result:
    """Simulate the day and count."""
    habits = Habits(set_up_s=day.set_up_s)
    operators = {operator: one.skills for operator, one in scenario.staff.items()}
    centre = Centre(operators, scenario.rules, habits, duties(scenario.staff), look=_look(scenario, day))
    served = simulate(day.arrivals, centre)
    on_duty_s = sum(one.on_duty_s(day.length_s) for one in scenario.staff.values())
    busy_s = sum(_busy_s(one, scenario.rules, day) for one in served)
    return _counted(
        scenario.name,
        [_times(one) for one in served if not one.arrival.moved],
        day.length_s,
        len(day.arrivals) - len(served),
        busy_s / on_duty_s if on_duty_s else None,
    )


def _look(scenario: Scenario, day: Day) -> TargetDay | None:
    """Target control, where there is anybody who could be lent at all."""
    reserves, groups = scenario.reserves, {arrival.group for arrival in day.arrivals}
    staff = [
        OnDuty(operator, dict(one.skills.levels), one.skills.languages) for operator, one in scenario.staff.items()
    ]
    if reserves is None or not any(reserves.widths(group, staff) for group in groups):
        return None
    return TargetDay(reserves, scenario.target, day.length_s, scenario.rules.targets_s, day.set_up_s, foretells=False)


def as_it_was(name: str, waits: Iterable[PastWait], span: Span) -> Result:
    """The same counted over what really happened to these waits."""
    times = [
        CallTimes(
            one.rank_ms - span.from_ms,
            one.queued_ms - span.from_ms,
            None if one.answered_ms is None else one.answered_ms - span.from_ms,
            one.ended_ms - span.from_ms,
            one.group,
            callback_asked=one.asked_callback,
        )
        for one in waits
        if not one.moved and one.callback_of is None
    ]
    return _counted(name, times, (span.to_ms - span.from_ms) / 1000, 0, None)


def _counted(
    name: str, times: Sequence[CallTimes], length_s: float, never_served: int, occupancy: float | None
) -> Result:
    waits: dict[GroupId | None, list[float]] = defaultdict(list)
    bins: list[list[float]] = [[] for _ in range(max(1, round(length_s / HALF_HOUR_S)))]
    for one in times:
        if one.answered_ms is not None and one.queued_ms is not None:
            wait_s = (one.answered_ms - one.arrived_ms) / 1000
            waits[None].append(wait_s)
            waits[GroupId(one.group or "")].append(wait_s)
            bins[min(max(0, int(one.queued_ms / 1000 / HALF_HOUR_S)), len(bins) - 1)].append(wait_s)
    return Result(
        name,
        day_figures(times),
        {group: sorted(found) for group, found in waits.items()},
        tuple(fmean(found) if found else None for found in bins),
        never_served,
        occupancy,
    )


def _times(served: Served) -> CallTimes:
    at_ms = round(served.arrival.at_s * 1000)
    until_ms = at_ms + round(served.wait_s * 1000)
    talked_ms = round(served.arrival.talk_s * 1000) if served.operator else 0
    return CallTimes(
        at_ms - round(served.arrival.waited_s * 1000),
        at_ms,
        until_ms if served.operator else None,
        until_ms + talked_ms,
        served.arrival.group,
    )


def _busy_s(served: Served, rules: Rules, day: Day) -> float:
    """What the call takes of an operator's time within the day."""
    if served.operator is None:
        return 0.0
    picked_up_s = served.arrival.at_s + served.wait_s
    free_s = picked_up_s + served.arrival.talk_s + rules.wrap_up_of(served.arrival.group)
    return max(0.0, min(free_s, day.length_s) - min(picked_up_s - day.set_up_s, day.length_s))
