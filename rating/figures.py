"""What callers thought of their operators (rule 13): the mean, how many answered, and how the scores spread.

A caller who was asked and gave no score counts as asked, never as a number. Of nobody's answers there is no mean.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calls.ratings import RatingCount, RatingGiven
from rating.scale import HIGHEST, LOWEST, SCORES

GIVEN, SILENCE, WRONG, HUNG_UP = "given", "silence", "wrong", "hung_up"


@dataclass(frozen=True, slots=True)
class Ratings:
    """Offers to rate and what was given (rule 13)."""

    offered: int
    given: int
    mean: float | None
    """None when nobody gave a score."""
    share: float | None
    """Those who gave one among those asked, from 0 to 1; None when nobody was asked."""
    distribution: tuple[int, int, int, int, int]
    """How often each score from 1 to 5 was given."""
    silence: int
    wrong: int
    hung_up: int
    deviation: float | None = None
    """Standard deviation of the scores given: all of them, not a sample. None when nobody gave one."""


@dataclass(frozen=True, slots=True)
class OperatorRatings:
    """What callers gave to one operator (rule 13), told apart by whom the question followed."""

    rated: Ratings
    """The operator talked last, and the question was about them."""
    same_call: Ratings
    """The operator talked in the call before it was transferred: the caller rated another, of the same call."""


def ratings_of(counts: Iterable[RatingCount]) -> Ratings:
    """The figures of all these. Raises ValueError for a score outside of the scale: no caller can have given it."""
    outcomes: Counter[str] = Counter()
    scores: Counter[int] = Counter()
    for count in counts:
        outcomes[count.outcome] += count.times
        if count.outcome == GIVEN and count.score is not None:
            scores[count.score] += count.times
    if strange := sorted(scores.keys() - set(SCORES)):
        raise ValueError(f"scores outside {LOWEST} to {HIGHEST}: {strange}")
    offered, given = outcomes.total(), scores.total()
    mean = sum(score * times for score, times in scores.items()) / given if given else None
    one, two, three, four, five = (scores[score] for score in SCORES)
    return Ratings(
        offered=offered,
        given=given,
        mean=mean,
        share=given / offered if offered else None,
        distribution=(one, two, three, four, five),
        silence=outcomes[SILENCE],
        wrong=outcomes[WRONG],
        hung_up=outcomes[HUNG_UP],
        deviation=None if mean is None else _deviation(scores, given, mean),
    )


def ratings(given: Iterable[RatingGiven]) -> Ratings:
    """The figures of these offers to rate, one by one."""
    return ratings_of(_counted((None, one.outcome, one.score) for one in given))


def ratings_by(counts: Iterable[RatingCount]) -> dict[str | None, Ratings]:
    """The figures of each operator, group, language or day, in their order; what is not known is last."""
    by: dict[str | None, list[RatingCount]] = defaultdict(list)
    for one in counts:
        by[one.of].append(one)
    return {of: ratings_of(by[of]) for of in sorted(by, key=lambda of: (of is None, of))}


def operator_ratings(rated: Iterable[RatingCount], shared: Iterable[RatingCount]) -> dict[str, OperatorRatings]:
    """The ratings of each operator who was rated, or talked in a call that was, by number.

    `shared`: what was given to others, counted under each who talked in the same call.
    """
    last, before = ratings_by(rated), ratings_by(shared)
    nobody = ratings_of(())
    return {
        operator: OperatorRatings(last.get(operator, nobody), before.get(operator, nobody))
        for operator in sorted({*last, *before} - {None}, key=str)
        if operator is not None
    }


def counted(given: Sequence[RatingGiven]) -> tuple[list[RatingCount], list[RatingCount]]:
    """Offers to rate as `operator_ratings` takes them: under who was rated, and under each of the others."""
    rated = _counted((one.operator, one.outcome, one.score) for one in given)
    return rated, _counted((other, one.outcome, one.score) for one in given for other in one.others)


def _counted(told: Iterable[tuple[str | None, str, int | None]]) -> list[RatingCount]:
    return [RatingCount(*one, times) for one, times in Counter(told).items()]


def _deviation(scores: Counter[int], given: int, mean: float) -> float:
    return math.sqrt(sum(scores[score] * (score - mean) ** 2 for score in SCORES) / given)
