"""Target control: the day's running average wait per group against its target, and who helps whom (rule 7).

A pure step: the day so far and what was decided before give what is decided now. The same facts always give the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from calls.ids import GroupId, OperatorId
from routing.loans import Width
from routing.rules import TARGET_S
from routing.target.day import DaySoFar, GroupSoFar, Lent
from routing.target.ladder import Standing, TargetRules, advance
from routing.target.lending import Lenders, Reserves, away_from, lend
from routing.target.projection import Sums, in_the_end, missing, rest_of, settled, so_far_s, staff_of


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a group, or all together, does against its target; waits are from the arrival, seconds."""

    target_s: float
    answered: int
    abandoned: int
    waiting: int
    asa_s: float | None
    """Of the day so far, over the answered."""
    projected_s: float | None
    """At the day's end at the present rate; infinite when nobody is on duty for calls that come."""
    pressure: float
    """What the standing follows: the larger of both over the target, without help from others."""
    missed: bool
    """Whether the target will be missed at the present rate."""
    missing: int | None = None
    """Operators who would mend that by `until_ms`; None when it needs none, or no number would."""
    until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Control:
    """What is decided."""

    standings: Mapping[GroupId, Standing] = field(default_factory=dict)
    lent: Lent = field(default_factory=dict)
    outlooks: Mapping[GroupId, Outlook] = field(default_factory=dict)
    total: Outlook | None = None
    widths: Mapping[GroupId, Width] = field(default_factory=dict)
    """How wide each widened group is served."""

    def helpers(self, group: GroupId) -> list[OperatorId]:
        """Who is lent to the group."""
        return sorted(operator for operator, helps in self.lent.items() if group in helps)


def control(before: Control, day: DaySoFar, reserves: Reserves, rules: TargetRules) -> Control:
    """Look at the day, move each group's standing, decide who is lent, and tell how the day will end."""
    decided, pressures = _decided(before, day, reserves, rules)
    return _told(decided, day, pressures, rules)


def lending(before: Control, day: DaySoFar, reserves: Reserves, rules: TargetRules) -> Control:
    """The same without any outlook, which takes longer than the decision."""
    return _decided(before, day, reserves, rules)[0]


def _decided(
    before: Control, day: DaySoFar, reserves: Reserves, rules: TargetRules
) -> tuple[Control, dict[GroupId, float]]:
    """The standings and who is lent, and each group's pressure."""
    alone, away = staff_of(day, {}), away_from(day, before.lent)

    def pressure(group: GroupId, missed: int) -> float:
        facts = settled(day.groups[group], rules.settle_calls)
        end_s = in_the_end(facts, day, rest_of(group, day, alone, -missed), rules.ahead_s).mean_s
        return max(so_far_s(facts) or 0.0, end_s or 0.0) / facts.target_s

    pressures = {group: pressure(group, away[group]) for group in day.groups}
    every = {group: reserves.widths(group, day.operators) for group in day.groups}
    standings = {
        group: advance(before.standings.get(group, Standing()), pressures[group], len(every[group]), day.now_ms, rules)
        for group in day.groups
    }
    hardest_first = sorted(day.groups, key=lambda group: (-pressures[group], group))
    widths = {
        group: every[group][min(standings[group].rung - 1, len(every[group])) - 1]
        for group in hardest_first
        if standings[group].rung > 1 and every[group]
    }

    @cache
    def spare(group: GroupId) -> int:
        low, high = 0, sum(group in operator.levels for operator in day.operators)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if pressure(group, middle) <= rules.calm else (low, middle - 1)
        return low

    calm = [group for group, standing in standings.items() if standing.rung == 0]
    lenders = Lenders(calm, [group for group in calm if standings[group].has_lasted(day.now_ms, rules)], spare)
    lent = lend(day, widths, before.lent, reserves, lenders)
    return Control(standings, lent, widths=widths), pressures


def _told(decided: Control, day: DaySoFar, pressures: Mapping[GroupId, float], rules: TargetRules) -> Control:
    staff = staff_of(day, decided.lent)
    ends, settled_ends = dict[GroupId, Sums](), dict[GroupId, Sums]()
    outlooks: dict[GroupId, Outlook] = {}
    for group, facts in day.groups.items():
        rest, imagined = rest_of(group, day, staff), settled(facts, rules.settle_calls)
        ends[group], settled_ends[group] = in_the_end(facts, day, rest), in_the_end(imagined, day, rest)
        outlook = _outlook(facts, ends[group], pressures[group], settled_ends[group])
        if outlook.missed:
            over = (imagined.asa_s or 0.0) > facts.target_s
            for_s = min(rules.mend_within_s, day.rest_s) if over else day.rest_s
            outlook = _mended(outlook, missing(group, day, staff, for_s), day, for_s)
        outlooks[group] = outlook
    total = _outlook(
        _together(day),
        sum(ends.values(), Sums()),
        max(pressures.values(), default=0.0),
        sum(settled_ends.values(), Sums()),
    )
    if total.missed and (needed := [one for one in outlooks.values() if one.missing]):
        most = max(one.until_ms for one in needed)
        total = _mended(total, sum(one.missing or 0 for one in needed), day, (most - day.now_ms) / 1000)
    return Control(decided.standings, decided.lent, outlooks, total, decided.widths)


def _outlook(facts: GroupSoFar, end: Sums, pressure: float, settled_end: Sums) -> Outlook:
    return Outlook(
        facts.target_s,
        facts.answered,
        facts.abandoned,
        len(facts.waiting_s),
        facts.asa_s,
        end.mean_s,
        pressure,
        missed=(settled_end.mean_s or 0.0) > facts.target_s,
    )


def _mended(outlook: Outlook, needed: int | None, day: DaySoFar, for_s: float) -> Outlook:
    return replace(outlook, missing=needed, until_ms=day.now_ms + math.ceil(for_s * 1000))


def _together(day: DaySoFar) -> GroupSoFar:
    groups = day.groups.values()
    return GroupSoFar(
        TARGET_S,
        sum(facts.answered for facts in groups),
        sum(facts.waited_s for facts in groups),
        sum(facts.abandoned for facts in groups),
        sum(facts.recent for facts in groups),
        tuple(wait_s for facts in groups for wait_s in facts.waiting_s),
    )
