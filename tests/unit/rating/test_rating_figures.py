"""What callers thought of their operators, worked out by hand, and what holds for any answers."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ratings import RatingCount, RatingGiven
from rating.figures import Ratings, counted, operator_ratings, ratings, ratings_by, ratings_of

OUTCOMES = ("silence", "wrong", "hung_up")
OPERATORS = ("101", "102", "103")

offers = st.builds(
    lambda score, outcome, operator, others: RatingGiven(
        "given" if score else outcome, score, operator, tuple(other for other in others if other != operator)
    ),
    st.none() | st.integers(1, 5),
    st.sampled_from(OUTCOMES),
    st.sampled_from(OPERATORS),
    st.lists(st.sampled_from(OPERATORS), max_size=2, unique=True),
)


def test_a_caller_who_gave_no_score_counts_as_asked_and_not_as_a_number() -> None:
    four = [RatingGiven("given", 5), RatingGiven("given", 2), RatingGiven("silence"), RatingGiven("hung_up")]
    assert ratings(four) == Ratings(4, 2, 3.5, 0.5, (0, 1, 0, 0, 1), silence=1, wrong=0, hung_up=1, deviation=1.5)


def test_of_nobodys_answers_there_is_no_mean_and_no_spread() -> None:
    asked = ratings([RatingGiven("silence"), RatingGiven("wrong")])
    assert (asked.given, asked.mean, asked.deviation, asked.share) == (0, None, None, 0.0)
    assert asked.distribution == (0, 0, 0, 0, 0)


def test_of_nobody_asked_there_is_no_share_either() -> None:
    nobody = ratings([])
    assert (nobody.offered, nobody.given, nobody.mean, nobody.share, nobody.deviation) == (0, 0, None, None, None)


def test_one_answer_has_no_spread() -> None:
    assert ratings([RatingGiven("given", 4)]).deviation == 0.0


@pytest.mark.parametrize("score", [0, 6, -1, 9])
def test_a_score_that_no_caller_can_press_is_refused(score: int) -> None:
    with pytest.raises(ValueError, match="outside 1 to 5"):
        ratings([RatingGiven("given", 3), RatingGiven("given", score)])


def test_every_operator_of_a_transferred_call_has_its_rating_told_apart() -> None:
    transferred = RatingGiven("given", 2, "103", ("101", "102"))
    told = operator_ratings(
        *counted([transferred, RatingGiven("given", 5, "101"), RatingGiven("silence", None, "101")])
    )
    assert list(told) == ["101", "102", "103"]
    assert (told["101"].rated.mean, told["101"].rated.given, told["101"].rated.offered) == (5.0, 1, 2)
    assert (told["101"].same_call.mean, told["101"].same_call.given) == (2.0, 1)
    assert (told["102"].rated.offered, told["102"].rated.mean, told["102"].same_call.mean) == (0, None, 2.0)
    assert (told["103"].rated.mean, told["103"].same_call.offered) == (2.0, 0)


def test_what_is_not_known_is_last_and_lost_to_nobody() -> None:
    counts = [RatingCount(None, "given", 1, 3), RatingCount("ru", "given", 5, 2), RatingCount("kk", "silence", None, 1)]
    assert [(of, one.offered) for of, one in ratings_by(counts).items()] == [("kk", 1), ("ru", 2), (None, 3)]


@given(st.lists(offers))
def test_the_mean_is_within_the_scale_the_counts_add_up_and_the_share_is_at_most_one(every: list[RatingGiven]) -> None:
    whole = ratings(every)
    scores = [one.score for one in every if one.score is not None]
    assert whole.offered == len(every) == whole.given + whole.silence + whole.wrong + whole.hung_up
    assert whole.given == sum(whole.distribution) == len(scores)
    assert (whole.mean is None) == (whole.deviation is None) == (not scores)
    assert whole.share is None if not every else 0 <= whole.share <= 1  # type: ignore[operator]
    if scores:
        assert whole.mean is not None and whole.deviation is not None
        assert 1 <= whole.mean <= 5 and 0 <= whole.deviation <= 2
        assert math.isclose(whole.mean, statistics.mean(scores), abs_tol=1e-9)
        assert math.isclose(whole.deviation, statistics.pstdev(scores), abs_tol=1e-9)


@given(st.lists(offers))
def test_the_operators_add_up_to_the_whole(every: list[RatingGiven]) -> None:
    rated, shared = counted(every)
    by_operator = operator_ratings(rated, shared)
    assert sum(one.rated.offered for one in by_operator.values()) == len(every)
    assert sum(one.rated.given for one in by_operator.values()) == ratings(every).given
    assert sum(one.same_call.offered for one in by_operator.values()) == sum(len(one.others) for one in every)


@given(st.lists(st.tuples(offers, st.integers(1, 50))))
def test_counted_by_the_database_or_one_by_one_is_the_same(told: list[tuple[RatingGiven, int]]) -> None:
    counts = [RatingCount(one.operator, one.outcome, one.score, times) for one, times in told]
    assert ratings_of(counts) == ratings([one for one, times in told for _ in range(times)])
