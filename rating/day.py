"""A day's figures whole: the waits (rule 7) and, beside them, what callers rated (rule 13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from calls.statistics import CallTimes, Figures, by_group, figures
from rating.figures import OperatorRatings, Ratings, counted, operator_ratings, ratings


@dataclass(frozen=True, slots=True)
class RatedFigures(Figures):
    """Figures of some calls, with the ratings that their callers gave."""

    ratings: Ratings


@dataclass(frozen=True, slots=True)
class RatedDay:
    """Figures of all calls and of each group that callers first chose, by name; ratings by operator's number."""

    total: RatedFigures
    groups: dict[str, RatedFigures]
    operators: dict[str, OperatorRatings]


def rated_day(calls: Iterable[CallTimes]) -> RatedDay:
    """The figures of these calls, all together, per group and per operator."""
    everything = tuple(calls)
    groups = by_group(everything)
    rated, shared = counted([rating for call in everything for rating in call.ratings])
    return RatedDay(
        _rated(everything), {name: _rated(groups[name]) for name in groups}, operator_ratings(rated, shared)
    )


def _rated(calls: Sequence[CallTimes]) -> RatedFigures:
    waits = figures(calls)
    told = {field.name: getattr(waits, field.name) for field in fields(waits)}
    return RatedFigures(**told, ratings=ratings([rating for call in calls for rating in call.ratings]))
