"""A day's waits and ratings side by side."""

from __future__ import annotations

from dataclasses import asdict

from calls.ratings import RatingGiven
from calls.statistics import CallTimes, figures
from rating.day import rated_day

T = 1_764_000_000_000


def call(group: str | None, *given: RatingGiven) -> CallTimes:
    return CallTimes(T, T + 10_000, T + 14_000, T + 100_000, group, given)


DAY = [
    call("portal", RatingGiven("given", 5, "101")),
    call("portal", RatingGiven("silence", None, "101")),
    call("portal", RatingGiven("given", 2, "103", ("101",))),
    call("ict", RatingGiven("hung_up", None, "105")),
    call("ict", RatingGiven("given", 5, "105")),
    call("ict"),
]


def test_the_ratings_of_a_day_stand_beside_its_waits() -> None:
    day = rated_day(DAY)
    waits = asdict(day.total)
    total = waits.pop("ratings")
    assert waits == asdict(figures(DAY))
    assert (total["offered"], total["given"], total["mean"], total["share"]) == (5, 3, 4.0, 3 / 5)
    assert (total["silence"], total["wrong"], total["hung_up"]) == (1, 0, 1)
    assert list(day.groups) == ["ict", "portal"]
    assert (day.groups["ict"].ratings.given, day.groups["ict"].ratings.offered) == (1, 2)
    assert (day.operators["101"].rated.given, day.operators["101"].same_call.mean) == (1, 2.0)


def test_a_day_without_calls_has_no_mean() -> None:
    day = rated_day([])
    assert (day.total.ratings.mean, day.total.ratings.offered, day.groups, day.operators) == (None, 0, {}, {})
