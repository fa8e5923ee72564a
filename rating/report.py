"""The ratings of some days by operator, group, language or day, each with how many answered (rule 13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from calls.ratings import RatingCount
from rating.figures import Ratings, operator_ratings, ratings_by, ratings_of

By = Literal["operator", "group", "language", "day"]


@dataclass(frozen=True, slots=True)
class RatingLine:
    """The ratings of one operator, group, language or day."""

    of: str | None
    """None where the ledger does not know."""
    rated: Ratings
    same_call: Ratings | None = None
    """What callers gave to another operator of a call in which this one talked, too; None unless by operator."""


@dataclass(frozen=True, slots=True)
class RatingReport:
    """All together, and line by line. Each offer to rate is in `rated` of one line, and once in the total."""

    by: By
    total: Ratings
    lines: tuple[RatingLine, ...]


def rating_report(
    by: By, counts: Sequence[RatingCount], shared: Iterable[RatingCount] = (), days: Iterable[str] = ()
) -> RatingReport:
    """Lay the counts out. `shared`: by each other operator of the rated calls; `days`: told in any case."""
    total = ratings_of(counts)
    if by == "operator":
        operators = operator_ratings(counts, shared)
        return RatingReport(by, total, tuple(RatingLine(of, one.rated, one.same_call) for of, one in operators.items()))
    lines: dict[str | None, Ratings] = {day: ratings_of(()) for day in days}
    lines.update(ratings_by(counts))
    return RatingReport(by, total, tuple(RatingLine(of, one) for of, one in lines.items()))
