"""What callers thought of their operators: the mean, how many answered, and how the scores spread.

A caller who was asked and gave no score counts as asked, never as a number (rule 13).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rating.survey import HIGHEST, LOWEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calls.ids import OperatorId


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller was asked about one operator; `score` is None when none was given."""

    operator: OperatorId
    score: int | None


@dataclass(frozen=True, slots=True)
class Scores:
    """A summary. `spread[score]` is how often each score from 1 to 5 was given."""

    asked: int
    spread: Mapping[int, int]

    @property
    def given(self) -> int:
        """How many callers gave a score."""
        return sum(self.spread.values())

    @property
    def mean(self) -> float | None:
        """The mean score, None when nobody gave one."""
        total = sum(score * count for score, count in self.spread.items())
        return total / self.given if self.given else None

    @property
    def share_given(self) -> float | None:
        """Those who gave a score among those asked, from 0 to 1; None when nobody was asked."""
        return self.given / self.asked if self.asked else None


def scores(asked: Iterable[Asked]) -> Scores:
    """Summarise. Raises ValueError for a score outside 1 to 5: it cannot have come from a caller."""
    all_asked = tuple(asked)
    counts = Counter(one.score for one in all_asked if one.score is not None)
    strange = sorted(score for score in counts if not LOWEST <= score <= HIGHEST)
    if strange:
        raise ValueError(f"scores outside {LOWEST} to {HIGHEST}: {strange}")
    return Scores(len(all_asked), {score: counts[score] for score in range(LOWEST, HIGHEST + 1)})


def scores_by_operator(asked: Iterable[Asked]) -> dict[OperatorId, Scores]:
    """Summarise per operator, in the order of their numbers. Raises as `scores` does."""
    by_operator: dict[OperatorId, list[Asked]] = {}
    for one in asked:
        by_operator.setdefault(one.operator, []).append(one)
    return {operator: scores(by_operator[operator]) for operator in sorted(by_operator)}
