"""The law's figures, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.callback_figures import CallbackMade
from calls.ratings import RatingGiven
from calls.statistics import CallTimes, day_figures, figures
from calls.waits import Waits, waits

T = 1_764_000_000_000


def call(
    group: str | None = None,
    *,
    queued_s: float | None = None,
    answered_s: float | None = None,
    ended_s: float | None = None,
    scores: tuple[RatingGiven, ...] = (),
) -> CallTimes:
    def at(seconds: float | None) -> int | None:
        return None if seconds is None else T + round(seconds * 1000)

    return CallTimes(T, at(queued_s), at(answered_s), at(ended_s), group, scores)


DAY = [
    call("portal", queued_s=10, answered_s=14, ended_s=100, scores=(RatingGiven("given", 5),)),
    call("portal", queued_s=10, answered_s=30, ended_s=90, scores=(RatingGiven("silence"),)),
    call("portal", queued_s=12, answered_s=70, ended_s=300, scores=(RatingGiven("given", 2),)),
    call("ict", queued_s=8, answered_s=10, ended_s=50, scores=(RatingGiven("hung_up"), RatingGiven("given", 5))),
    call("ict", queued_s=9, ended_s=49),  # gave up in the wait
    call(None, ended_s=7),  # gave up in the menu
    call(None, ended_s=4.999),  # misdialled
    call("ict", queued_s=9),  # still waiting
    call("portal", queued_s=9, answered_s=26),  # still talking
]


def test_the_average_wait_is_from_the_arrival_over_answered_calls() -> None:
    total = day_figures(DAY).total
    assert total.to_operator == Waits(5, (14 + 30 + 70 + 10 + 26) / 5, 70.0, 70.0)


def test_the_wait_in_the_queue_leaves_out_the_menu() -> None:
    assert figures(DAY).in_queue == Waits(5, (4 + 20 + 58 + 2 + 17) / 5, 58.0, 58.0)


def test_the_wait_of_all_callers_counts_those_who_gave_up() -> None:
    every = figures(DAY).all_callers
    assert every.count == 8
    assert every.mean_s == pytest.approx((14 + 30 + 70 + 10 + 26 + 49 + 7 + 4.999) / 8)
    assert every.longest_s == 70.0


def test_calls_are_counted_by_what_became_of_them() -> None:
    total = figures(DAY)
    assert (total.arrived, total.answered, total.in_progress) == (9, 5, 1)
    assert (total.abandoned_menu, total.abandoned_waiting, total.abandoned_short) == (2, 1, 1)


def test_the_service_level_counts_abandons_but_short_ones() -> None:
    total = figures(DAY)
    assert total.service_level == 4 / 7  # 14, 30, 10 and 26 s; of five answered and two who gave up after 5 s
    assert total.abandonment == 2 / 7


def test_an_abandon_of_five_seconds_is_not_short() -> None:
    assert figures([call(ended_s=5)]).abandoned_short == 0
    assert figures([call(ended_s=4.999)]).service_level is None


def called_back(asked_in: str, *, tried: bool = True, reached_s: float | None = None) -> CallTimes:
    """Asked 60 s after the arrival at T; the call out is made 300 s after it."""
    reached_ms = None if reached_s is None else T + round(reached_s * 1000)
    made = CallbackMade(asked_in, T, T + 60_000, tried, reached_ms)
    return CallTimes(T + 300_000, T + 300_000, T + 301_000, T + 400_000, "portal", made_for=made)


ASKED = CallTimes(T, T + 5000, None, T + 62_000, "portal", callback_asked=True)
BACK = [
    ASKED,
    ASKED,
    called_back("a"),  # did not answer at the first try
    called_back("a", tried=False),  # the operator left before the caller was called
    called_back("a", reached_s=360),
    called_back("b"),
]


def test_callbacks_are_neither_answers_nor_abandons_but_counted_apart() -> None:
    with_them, without = figures([*DAY, *BACK]), figures(DAY)
    back = with_them.callbacks
    assert (back.asked, back.made, back.tries, back.callers, back.reached) == (2, 4, 3, 2, 1)
    assert (back.share, back.tries_each) == (0.5, 1.5)
    assert back.since_asked == Waits(1, 300.0, 300.0, 300.0)
    assert with_them.arrived == without.arrived + 2
    same = {"arrived": without.arrived, "callbacks": without.callbacks, "with_callbacks": without.with_callbacks}
    assert replace(with_them, **same) == without  # type: ignore[arg-type]


def test_the_average_with_callbacks_stands_beside_the_laws() -> None:
    total = figures([*DAY, *BACK])
    assert total.to_operator == figures(DAY).to_operator
    assert total.with_callbacks.count == 6
    assert total.with_callbacks.mean_s == (14 + 30 + 70 + 10 + 26 + 360) / 6


def test_a_callback_whose_asking_is_not_kept_any_more_counts_without_a_wait() -> None:
    lost = CallTimes(T, T, T, T + 9, "portal", made_for=CallbackMade("gone", None, None, True, T + 5))
    assert figures([lost]).callbacks.reached == 1
    assert figures([lost]).callbacks.since_asked == Waits(0)
    assert figures([lost]).with_callbacks == Waits(0)


def test_groups_have_their_own_figures() -> None:
    groups = day_figures(DAY).groups
    assert list(groups) == ["ict", "portal"]
    assert groups["portal"].to_operator.mean_s == (14 + 30 + 70 + 26) / 4
    assert groups["portal"].service_level == 3 / 4
    assert groups["ict"].abandonment == 1 / 2


def test_a_day_without_calls_has_no_averages() -> None:
    total = day_figures([]).total
    assert total.to_operator == Waits(0)
    assert (total.service_level, total.abandonment) == (None, None)


@pytest.mark.parametrize(("count", "ninth"), [(1, 1), (2, 2), (9, 9), (10, 9), (11, 10), (100, 90), (101, 91)])
def test_the_ninth_decile_is_a_wait_that_somebody_had(count: int, ninth: int) -> None:
    assert waits([float(wait) for wait in range(count, 0, -1)]).p90_s == ninth


@given(st.lists(st.floats(0, 10_000), min_size=1))
def test_the_ninth_decile_lies_between_the_mean_less_its_tail_and_the_longest(seconds: list[float]) -> None:
    found = waits(seconds)
    assert found.p90_s is not None
    assert found.longest_s is not None
    assert sum(wait <= found.p90_s for wait in seconds) >= 0.9 * len(seconds)
    assert found.p90_s <= found.longest_s


def test_a_caller_who_asked_to_be_called_back_and_got_an_operator_is_answered_and_no_other() -> None:
    both = replace(call("portal", queued_s=5, answered_s=9, ended_s=60), callback_asked=True)
    asked = replace(call("portal", queued_s=5, ended_s=60), callback_asked=True)
    total = figures([both, asked, call("portal", queued_s=5)])
    assert (total.arrived, total.answered, total.in_progress) == (3, 1, 1)
    assert (total.abandoned_menu, total.abandoned_waiting, total.callbacks.asked) == (0, 0, 2)


def test_a_call_out_that_goes_on_is_not_counted_yet() -> None:
    over = called_back("a", reached_s=400)
    going_on = replace(called_back("b", reached_s=400), ended_ms=None)
    assert figures([over, going_on]).callbacks.made == 1
