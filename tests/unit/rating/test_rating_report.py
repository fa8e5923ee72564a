"""The ratings of some days, laid out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ratings import RatingCount
from rating.figures import ratings_of
from rating.report import By, rating_report

counts = st.lists(
    st.builds(
        lambda of, score, outcome, times: RatingCount(of, "given" if score else outcome, score, times),
        st.none() | st.sampled_from(["101", "102", "103"]),
        st.none() | st.integers(1, 5),
        st.sampled_from(["silence", "wrong", "hung_up"]),
        st.integers(1, 1000),
    )
)


def test_an_operator_who_only_talked_in_rated_calls_has_a_line_of_their_own() -> None:
    told = rating_report("operator", [RatingCount("103", "given", 2, 1)], [RatingCount("101", "given", 2, 1)])
    assert [(line.of, line.rated.given, line.same_call.given) for line in told.lines if line.same_call] == [
        ("101", 0, 1),
        ("103", 1, 0),
    ]
    assert told.total.given == 1


def test_a_day_on_which_nobody_was_asked_is_told_without_a_mean() -> None:
    told = rating_report("day", [RatingCount("2026-11-21", "given", 4, 2)], days=["2026-11-20", "2026-11-21"])
    assert [(line.of, line.rated.offered, line.rated.mean) for line in told.lines] == [
        ("2026-11-20", 0, None),
        ("2026-11-21", 2, 4.0),
    ]


@pytest.mark.parametrize("by", ["group", "language", "day"])
@given(given=counts)
def test_every_offer_is_in_one_line_and_once_in_the_total(by: By, given: list[RatingCount]) -> None:
    told = rating_report(by, given)
    assert sum(line.rated.offered for line in told.lines) == told.total.offered
    assert sum(line.rated.given for line in told.lines) == told.total.given
    assert told.total == ratings_of(given)
    assert all(line.same_call is None for line in told.lines)
    for line in told.lines:
        assert (line.rated.mean is None) == (line.rated.given == 0)
