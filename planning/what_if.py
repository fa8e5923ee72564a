"""What if: a day's staff with some more, some fewer, or other skills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from calls.ids import GroupId, OperatorId
from planning.day import ALWAYS, Shift, Staff, Staffed
from routing.skills import BEST_LEVEL, Skills


class UnknownOperatorError(Exception):
    """A change names somebody who is not among the day's operators."""

    error_id = "unknown-operator"
    retryable = False


@dataclass(frozen=True, slots=True)
class SkillChange:
    """An operator knows a group so well from now on, 1 (best) to 5; level None: no more."""

    operator: OperatorId
    group: GroupId
    level: int | None


@dataclass(frozen=True, slots=True)
class Added:
    """So many operators more, who serve these groups in these languages."""

    number: int
    groups: tuple[GroupId, ...]
    languages: frozenset[str]
    shifts: tuple[Shift, ...] = ALWAYS


@dataclass(frozen=True, slots=True)
class Changes:
    """All that is to be other than it is."""

    without: tuple[OperatorId, ...] = ()
    skills: tuple[SkillChange, ...] = ()
    added: Added | None = None

    def __bool__(self) -> bool:
        return bool(self.without or self.skills or self.added)


def changed(staff: Staff, changes: Changes) -> dict[OperatorId, Staffed]:
    """The staff after the changes. Raises UnknownOperatorError."""
    made = dict(staff)
    _check(made, [one.operator for one in changes.skills] + list(changes.without))
    for change in changes.skills:
        one = made[change.operator]
        made[change.operator] = replace(one, skills=_with(one.skills, change))
    for operator in changes.without:
        made.pop(operator, None)
    if changes.added is not None:
        skills = Skills(tuple((group, BEST_LEVEL) for group in sorted(changes.added.groups)), changes.added.languages)
        for number in range(1, changes.added.number + 1):
            made[OperatorId(f"added-{number}")] = Staffed(skills, changes.added.shifts)
    return made


def _with(skills: Skills, change: SkillChange) -> Skills:
    levels = {group: level for group, level in skills.levels if group != change.group}
    if change.level is not None:
        levels[change.group] = change.level
    return skills._replace(levels=tuple(sorted(levels.items())))


def _check(staff: Mapping[OperatorId, Staffed], named: Iterable[OperatorId]) -> None:
    if unknown := sorted(set(named) - staff.keys()):
        raise UnknownOperatorError(f"no such operator: {', '.join(unknown)}; there are {', '.join(sorted(staff))}")
