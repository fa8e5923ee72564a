"""Who is lent to a group in danger: only operators whose own groups are calm and can miss them (rule 7).

A group lends no more operators than it can miss for the rest of the day without leaving calm; all of them are recalled
at once when it comes in danger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from calls.ids import GroupId, OperatorId
from routing.loans import Width
from routing.skills import EVERYBODY, Step
from routing.target.day import DaySoFar, Lent, OnDuty


@dataclass(frozen=True, slots=True)
class Reserves:
    """Who may be asked for help at all, as the centre decided."""

    helpers: Mapping[GroupId, Sequence[OperatorId]]
    """Named operators without the group's skill."""
    steps: Sequence[Step] = EVERYBODY
    languages: Collection[str] = ()
    """Those that callers can choose."""

    def widths(self, group: GroupId, operators: Iterable[OnDuty]) -> tuple[Width, ...]:
        """Those that let anybody serve the group who does not do so at once anyhow, one after the other."""
        known = tuple(operators)
        gains = (
            width
            for width in (Width.LEVELS, Width.LANGUAGES)
            if any(self.gains(operator, group, width) for operator in known)
        )
        return (*gains, Width.HELPERS) if self.helpers.get(group) else tuple(gains)

    def gains(self, operator: OnDuty, group: GroupId, width: Width) -> bool:
        """Whether the operator serves the group sooner at this width, or only then."""
        level = operator.levels.get(group)
        if level is None:
            return width >= Width.HELPERS and operator.id in self.helpers.get(group, ())
        first, last = self.steps[0], self.steps[-1]
        if level > last.level:
            return False
        mute = (
            not first.any_language
            and last.any_language
            and any(one not in operator.languages for one in self.languages)
        )
        return level > first.level or (width >= Width.LANGUAGES and mute)


@dataclass(frozen=True, slots=True)
class Lenders:
    """What each group may do for others at this moment."""

    keeping: Collection[GroupId]
    """Those that are not in danger: who is lent already may stay lent."""
    lending: Collection[GroupId]
    """Those that have been calm for long enough."""
    spare: Callable[[GroupId], int]
    """How many operators a group can miss."""


def lend(
    day: DaySoFar, wanted: Mapping[GroupId, Width], before: Lent, reserves: Reserves, lenders: Lenders
) -> dict[OperatorId, dict[GroupId, Width]]:
    """Decide who helps which of the `wanted` groups, the first ones first."""
    lent: dict[OperatorId, dict[GroupId, Width]] = {}
    away: Counter[GroupId] = Counter()

    def others(operator: OnDuty, group: GroupId) -> list[GroupId]:
        return [own for own in operator.levels if own != group]

    def note(operator: OnDuty, group: GroupId, width: Width) -> None:
        if operator.id not in lent:
            away.update(others(operator, group))
        lent.setdefault(operator.id, {})[group] = width

    able = [
        (operator, group, width)
        for group, width in wanted.items()
        for operator in day.operators
        if reserves.gains(operator, group, width)
    ]
    for operator, group, width in able:
        if group in before.get(operator.id, {}) and all(own in lenders.keeping for own in others(operator, group)):
            note(operator, group, width)
    for operator, group, width in able:
        if group not in lent.get(operator.id, {}) and all(
            own in lenders.lending and (operator.id in lent or away[own] < lenders.spare(own))
            for own in others(operator, group)
        ):
            note(operator, group, width)
    return lent


def away_from(day: DaySoFar, lent: Lent) -> Counter[GroupId]:
    """How many of each group's operators help others."""
    levels = {operator.id: operator.levels for operator in day.operators}
    return Counter(
        own
        for operator, helps in lent.items()
        for own in levels.get(operator, {})
        if any(group != own for group in helps)
    )
