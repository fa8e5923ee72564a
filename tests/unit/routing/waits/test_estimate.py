"""The expected wait: the published formula, what it is mended by, and what is said of it."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import GroupId
from calls.wait_history import Handled
from routing.erlang import erlang_a
from routing.waits.announced import LONGEST_MIN, Announced, Minutes, announce, minutes_of
from routing.waits.estimate import Estimate, Staff, Views, Weights, estimate, tied_lines, views
from routing.waits.rates import (
    USUAL_PATIENCE_S,
    USUAL_TALK_S,
    TalkSeen,
    Tally,
    WaitSeen,
    giving_up,
    observe,
    seen_in,
    talk_s,
)

RU, KK, ICT = GroupId("state-ru"), GroupId("state-kk"), GroupId("ict")
GROUPS = (RU, KK, ICT)
STAYING = Tally(0, talks=1e6, busy_s=240e6, gave_up=0.0, waited_s=1e6)
PATIENT = dict.fromkeys(GROUPS, STAYING)


def skills(*groups: GroupId) -> frozenset[GroupId]:
    return frozenset(groups)


LAYOUTS = st.dictionaries(
    st.frozensets(st.sampled_from(GROUPS), min_size=1), st.integers(1, 60), min_size=1, max_size=5
)
LINES = st.fixed_dictionaries({group: st.integers(0, 60) for group in GROUPS})
RATES = st.fixed_dictionaries(
    {
        group: st.builds(
            lambda talk, patience: Tally(0, 100, 100 * talk, 100, 100 * patience),
            st.floats(30, 900),
            st.floats(30, 5000),
        )
        for group in GROUPS
    }
)


def test_the_first_in_line_waits_for_the_next_operator_of_ten() -> None:
    seen = views(RU, {}, {skills(RU): 10}, PATIENT)
    assert seen is not None
    assert seen.own_s == pytest.approx(24)
    assert seen.pool_s == pytest.approx(24)


def test_an_operator_of_two_groups_counts_by_the_lines_they_serve() -> None:
    # Three of ours wait, this caller the fourth, and four of the others: half of the ten are ours.
    seen = views(RU, {RU: 3, KK: 4}, {skills(RU, KK): 10}, PATIENT)
    assert seen is not None
    assert seen.own_s == pytest.approx(4 * 48)
    assert seen.pool_s == pytest.approx(8 * 24)


def test_callers_who_give_up_make_the_line_shorter_for_those_who_stay() -> None:
    leaving = {RU: Tally(0, 100, 24_000, 100, 100 * 240)}
    seen = views(RU, {RU: 1}, {skills(RU): 10}, leaving)
    assert seen is not None
    assert seen.own_s == pytest.approx(1 / (10 / 240 + 1 / 240) + 1 / (10 / 240 + 2 / 240))


def test_over_all_arrivals_the_estimate_is_erlangs_wait_of_the_answered() -> None:
    """One group, everything as the formula supposes: weigh the estimate by who is answered, and Erlang A comes out."""
    operators, load, patience_s = 20, 21.0, 300.0
    rates = {RU: Tally(0, 100, 24_000, 100, 100 * patience_s)}
    served, leaving = operators / 240, 1 / patience_s
    weight, answered, waited_s, busy = 1.0, 0.0, 0.0, 0.0
    for ahead in range(400):
        seen = views(RU, {RU: ahead}, {skills(RU): operators}, rates)
        assert seen is not None
        chance = weight * served / (served + (ahead + 1) * leaving)
        answered, waited_s, busy = answered + chance, waited_s + chance * seen.own_s, busy + weight
        weight *= load / 240 / (served + (ahead + 1) * leaving)
    line = erlang_a(operators, load, 240, patience_s)
    of_waiting_s = line.asa_s * (1 - line.abandoned) / (line.waiting * answered / busy)
    assert waited_s / answered == pytest.approx(of_waiting_s, rel=1e-9)


def test_nobody_on_duty_has_no_estimate() -> None:
    assert views(ICT, {ICT: 2}, {skills(RU): 5, skills(ICT): 0}, PATIENT) is None
    assert views(ICT, {}, {}, PATIENT) is None


def test_groups_are_tied_by_chains_of_operators_and_not_by_the_absent() -> None:
    staff = {skills(RU, KK): 1, skills(ICT): 3, skills(KK, ICT): 0}
    assert tied_lines(RU, staff) == skills(RU, KK)
    assert tied_lines(ICT, staff) == skills(ICT)


@given(LAYOUTS, LINES, RATES, st.sampled_from(GROUPS), st.sampled_from(GROUPS), st.floats(0, 2), st.floats(0, 2))
def test_no_caller_more_ahead_shortens_the_wait(
    staff: Staff[GroupId],
    ahead: dict[GroupId, int],
    rates: dict[GroupId, Tally],
    of: GroupId,
    more: GroupId,
    a: float,
    b: float,
) -> None:
    here, there = views(of, ahead, staff, rates), views(of, ahead | {more: ahead[more] + 1}, staff, rates)
    if here is None or there is None:
        assert here is there
        return
    assert there.own_s >= here.own_s * (1 - 1e-12)
    assert there.pool_s >= here.pool_s * (1 - 1e-12)


@given(LAYOUTS, LINES, RATES, st.sampled_from(GROUPS), st.data())
def test_no_operator_more_of_a_kind_lengthens_the_wait(
    staff: dict[frozenset[GroupId], int],
    ahead: dict[GroupId, int],
    rates: dict[GroupId, Tally],
    of: GroupId,
    data: st.DataObject,
) -> None:
    kind = data.draw(st.sampled_from(sorted(staff, key=sorted)))
    here, there = views(of, ahead, staff, rates), views(of, ahead, staff | {kind: staff[kind] + 1}, rates)
    if here is None or there is None:
        assert here is there
        return
    assert there.own_s <= here.own_s * (1 + 1e-12)
    assert there.pool_s <= here.pool_s * (1 + 1e-12)


@given(LAYOUTS, LINES, RATES, st.sampled_from(GROUPS), st.lists(st.floats(0, 1000), max_size=30))
def test_the_span_holds_the_mean_whatever_was_learned(
    staff: Staff[GroupId], ahead: dict[GroupId, int], rates: dict[GroupId, Tally], of: GroupId, waits: list[float]
) -> None:
    seen = views(of, ahead, staff, rates)
    if seen is None:
        return
    weights = Weights()
    for wait_s in waits:
        weights = weights.learn(seen, wait_s)
    found = estimate(seen, weights)
    assert all(weight >= 0 for weight in weights.pair)
    assert 0 <= found.low_s <= found.high_s < math.inf
    assert found.low_s <= found.mean_s


def test_weights_learn_what_comes_true() -> None:
    chance = random.Random(1414)
    weights = Weights()
    for _ in range(3000):
        seen = Views(chance.uniform(10, 200), chance.uniform(10, 200), 20)
        weights = weights.learn(seen, 0.3 * seen.own_s + 0.8 * seen.pool_s + chance.gauss(0, 10))
    assert weights.pair == pytest.approx((0.3, 0.8), abs=0.01)


@pytest.mark.parametrize(
    "seen", [Views(0, 0, 0), Views(math.inf, 10, 1), Views(10, math.inf, 1), Views(math.nan, 1, 1)]
)
def test_a_wait_of_which_nothing_was_expected_teaches_nothing(seen: Views) -> None:
    weights = Weights().learn(Views(50, 60, 20), 40.0)
    assert weights.learn(seen, 100.0) == weights


def test_one_wait_counts_by_the_inverse_of_what_was_expected_and_fades_by_half_in_five_hundred() -> None:
    once = Weights().learn(Views(50, 150, 20), 100.0)
    assert (once.own_own, once.own_pool, once.pool_pool) == pytest.approx((12.5, 37.5, 112.5))
    assert (once.own_true, once.pool_true) == pytest.approx((25.0, 75.0))
    faded = once
    for _ in range(500):
        faded = faded.learn(Views(1e-9, 0, 0), 0.0)
    assert (faded.own_own, faded.pool_pool, faded.pool_true) == pytest.approx((6.25, 56.25, 37.5))
    assert Weights().pair == (0.5, 0.5)


def test_a_pool_that_tells_nothing_is_left_out() -> None:
    chance, weights = random.Random(7), Weights()
    for _ in range(3000):
        own_s = chance.uniform(10, 200)
        pool_s = own_s + chance.uniform(0, 50)
        weights = weights.learn(Views(own_s, pool_s, 20), max(0.0, 1.6 * own_s - 0.6 * pool_s))
    own, pool = weights.pair
    assert pool == 0
    assert own == pytest.approx(0.8657, abs=0.01)


def test_an_estimate_without_spread_or_mean_is_one_point() -> None:
    assert estimate(Views(100, 100, 0), Weights()) == Estimate(100, 100, 100)
    spread = estimate(Views(100, 100, 100), Weights())
    assert (spread.mean_s, spread.low_s, spread.high_s) == pytest.approx(
        (100, -100 * math.log(0.8), -100 * math.log(0.2)), abs=1.2
    )  # an exponential's quantiles, as near as Wilson and Hilferty come


def test_a_centre_of_one_group_learns_too_though_both_views_are_one() -> None:
    weights = Weights()
    for wait_s in [60.0] * 20_000:
        weights = weights.learn(Views(50, 50, 20), wait_s)
    assert sum(weights.pair) == pytest.approx(1.2, abs=0.01)
    assert estimate(Views(50, 50, 20), weights).mean_s == pytest.approx(60, abs=0.5)


def test_a_view_that_tells_nothing_is_not_weighed_below_zero() -> None:
    chance, weights = random.Random(7), Weights()
    for _ in range(3000):
        pool_s = chance.uniform(10, 200)
        own_s = pool_s + chance.uniform(0, 50)
        weights = weights.learn(Views(own_s, pool_s, 20), max(0.0, 1.6 * pool_s - 0.6 * own_s))
    own, pool = weights.pair
    assert own == 0
    assert pool == pytest.approx(0.8657, abs=0.001)  # the best that the other view alone can tell


def test_rates_are_talks_over_time_and_leavers_over_all_waiting() -> None:
    rows = [TalkSeen(RU, 1000, 100.0)] * 1000
    rows2 = [WaitSeen(RU, 1000, 20.0, answered=True)] * 900 + [WaitSeen(RU, 1000, 60.0, answered=False)] * 100
    rates = observe(observe({}, rows), rows2)
    usual_talks, usual_gave_up = 10, 1
    assert talk_s(rates, [RU]) == pytest.approx((1000 * 100 + usual_talks * USUAL_TALK_S) / (1000 + usual_talks))
    waited_s = 900 * 20 + 100 * 60 + usual_gave_up * USUAL_PATIENCE_S
    assert 1 / giving_up(rates, RU) == pytest.approx(waited_s / (100 + usual_gave_up))
    assert (USUAL_TALK_S, USUAL_PATIENCE_S) == (240, 600)


def test_the_ledgers_rows_are_taken_in_as_they_ended() -> None:
    rows = [
        Handled(RU, queued_ms=0, answered_ms=20_000, ended_ms=120_000),
        Handled(KK, queued_ms=5_000, answered_ms=None, ended_ms=35_000),
    ]
    assert seen_in(rows, lambda _: 8.0) == [
        WaitSeen(RU, 20_000, 20.0, answered=True),
        WaitSeen(KK, 35_000, 30.0, answered=False),
        TalkSeen(RU, 120_000, 108.0),
    ]


def test_an_unknown_group_is_as_usual_and_an_old_one_becomes_so() -> None:
    assert talk_s({}, [ICT]) == USUAL_TALK_S
    assert giving_up({}, ICT) == pytest.approx(1 / USUAL_PATIENCE_S)
    busy = observe({}, [TalkSeen(ICT, 0, 900.0)] * 50)
    later = observe(busy, [WaitSeen(ICT, 14 * 24 * 3_600_000, 1.0, answered=True)])
    assert talk_s(busy, [ICT]) > 600
    assert talk_s(later, [ICT]) == pytest.approx(USUAL_TALK_S)


def test_rows_that_come_late_or_with_a_wrong_clock_do_no_harm() -> None:
    rates = observe({}, [TalkSeen(RU, 5000, 100.0), TalkSeen(RU, 1000, -3.0)])
    assert rates[RU].at_ms == 5000
    assert talk_s(rates, [RU]) > 0


def test_an_operator_of_several_groups_is_busy_as_their_calls_are_mixed() -> None:
    rates = {RU: Tally(0, 300, 300 * 100, 1, 600), KK: Tally(0, 100, 100 * 300, 1, 600)}
    assert talk_s(rates, [RU, KK]) == pytest.approx(150)


@pytest.mark.parametrize(
    ("low_s", "high_s", "minutes"),
    [
        (3, 20, Minutes(0, 1)),
        (40, 80, Minutes(1, 1)),
        (55, 170, Minutes(1, 3)),
        (7000, math.inf, Minutes(LONGEST_MIN, LONGEST_MIN)),
    ],
)
def test_the_time_is_told_in_whole_minutes(low_s: float, high_s: float, minutes: Minutes) -> None:
    assert minutes_of(Estimate((low_s + high_s) / 2, low_s, high_s)) == minutes


def test_a_caller_hears_the_place_alone_when_the_range_would_have_to_grow() -> None:
    first = announce(None, 4, Estimate(120, 90, 150))
    assert first == Announced(4, Minutes(2, 3), Minutes(2, 3))
    second = announce(first, 3, Estimate(400, 300, 500))  # half of the operators went away
    assert second.minutes is None
    third = announce(second, 2, Estimate(100, 60, 290))
    assert third.minutes == Minutes(1, 3)


def test_a_place_that_rises_lets_the_range_start_anew() -> None:
    before = announce(None, 2, Estimate(60, 50, 70))
    assert announce(before, 5, Estimate(200, 180, 300)).minutes == Minutes(3, 5)


def test_without_operators_only_the_place_is_said_and_the_range_is_kept() -> None:
    before = announce(None, 3, Estimate(60, 50, 100))
    silent = announce(before, 3, None)
    assert silent.minutes is None
    again = announce(silent, 2, Estimate(900, 100, 1000)).minutes
    assert again is not None
    assert before.held is not None
    assert again.high <= before.held.high


@given(
    st.lists(st.tuples(st.integers(1, 30), st.floats(0, 5000), st.floats(1, 4), st.booleans()), min_size=2, max_size=30)
)
def test_what_is_spoken_never_grows_while_the_place_does_not(said: list[tuple[int, float, float, bool]]) -> None:
    told: Announced | None = None
    for place, mean_s, wide, on_duty in said:
        expected = Estimate(mean_s, mean_s / wide, mean_s * wide) if on_duty else None
        now = announce(told, place, expected)
        held = told.held if told is not None and place <= told.place else None
        grows = expected is not None and held is not None and minutes_of(expected).low > held.high
        assert (now.minutes is None) == (expected is None or grows)
        assert now.place == place and now.held == (now.minutes or held)
        if now.minutes is not None:
            assert 0 <= now.minutes.low <= now.minutes.high <= LONGEST_MIN
            if held is not None:
                assert now.minutes.high <= held.high
                assert now.minutes.low <= held.low
        told = now


def test_a_range_is_in_proportion_also_below_a_second() -> None:
    whole, small = (Views(own_s, own_s, own_s / 5) for own_s in (100.0, 0.5))
    wide, narrow = estimate(whole, Weights()), estimate(small, Weights())
    assert narrow.low_s < narrow.mean_s < narrow.high_s
    assert (narrow.low_s / narrow.mean_s, narrow.high_s / narrow.mean_s) == pytest.approx(
        (wide.low_s / wide.mean_s, wide.high_s / wide.mean_s)
    )
