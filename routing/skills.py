"""Who may serve whom: operators' skills, what a call needs, and how eligibility relaxes on the caller's own clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from calls.ids import GroupId
from routing.loans import Width
from routing.presence import Operator

BEST_LEVEL, LAST_LEVEL = 1, 5


class Need(NamedTuple):
    """What a call needs: a group, and the language the caller chose."""

    group: GroupId
    language: str


@dataclass(frozen=True, slots=True)
class Step:
    """From so many seconds of waiting on, operators up to this level may serve, and perhaps in another language."""

    after_s: float = 0.0
    level: int = LAST_LEVEL
    any_language: bool = True

    @property
    def after_ms(self) -> int:
        """The wait from which the step holds, in milliseconds."""
        return round(self.after_s * 1000)


EVERYBODY: tuple[Step, ...] = (Step(),)
"""Whoever has the group may serve at once; the caller's language is only preferred."""


class Skills(NamedTuple):
    """What operators have in common who are interchangeable: the level per group, 1 (best) to 5, and the languages."""

    levels: tuple[tuple[GroupId, int], ...]
    languages: frozenset[str]
    helps: tuple[tuple[GroupId, Width], ...] = ()
    """The groups in danger that they are lent to."""


class Reach(NamedTuple):
    """That skills can serve a need: from which wait on, how well, and whether in the caller's language."""

    from_ms: int
    level: int
    speaks: bool
    lent: bool = False
    """Only since the group is in danger: after all that operators do unasked."""


def skills_of(operator: Operator) -> Skills:
    """Return the operator's skills; a group without a level is known best."""
    levels = ((group, operator.levels.get(group, BEST_LEVEL)) for group in operator.groups)
    return Skills(tuple(sorted(levels)), operator.languages, tuple(sorted(operator.helps.items())))


def reach(skills: Skills, need: Need, steps: Iterable[Step]) -> Reach | None:
    """Return from which step on these skills can serve the need; None when they never can."""
    level = dict(skills.levels).get(need.group)
    if skills.helps and (width := dict(skills.helps).get(need.group)) is not None:
        return _reach_lent(level, need.language in skills.languages, width, steps)
    if level is None:
        return None
    speaks = need.language in skills.languages
    wide_enough = [step.after_ms for step in steps if level <= step.level and (speaks or step.any_language)]
    return Reach(min(wide_enough), level, speaks) if wide_enough else None


def _reach_lent(level: int | None, speaks: bool, width: Width, steps: Iterable[Step]) -> Reach | None:
    """The steps as they are for who is lent: what any of them allows holds from the beginning, and no more."""
    known = tuple(steps)
    if level is None and width < Width.HELPERS:
        return None
    if level is not None and level > max(step.level for step in known):
        return None
    spoken = speaks or (width >= Width.LANGUAGES and any(step.any_language for step in known))
    from_ms = min((step.after_ms for step in known if spoken or step.any_language), default=None)
    return None if from_ms is None else Reach(from_ms, LAST_LEVEL if level is None else level, speaks, lent=True)


def next_step_ms(turn_ms: int, now_ms: int, steps: Iterable[Step]) -> int | None:
    """Return the instant at which more operators may serve a caller with this turn; None after the last step."""
    coming = [turn_ms + step.after_ms for step in steps if step.after_ms > 0]
    return min((at_ms for at_ms in coming if at_ms > now_ms), default=None)
