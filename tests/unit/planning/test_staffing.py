"""How many operators are needed: the study's check, forecasts from files and from past days, and shrinkage."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import GroupId
from calls.wait_history import HALF_HOUR_MS, HalfHour
from planning.forecast import Demand, ForecastError, habits, past_demand, pooled, read_forecast
from planning.staffing import Plan, TargetOutOfReachError, day_needs, load_shares, need, rostered
from routing.erlang import MOST_ABANDONED

PORTAL, ICT = GroupId("portal"), GroupId("ict")
LINE_ALONE = Plan(menu_s=0, ring_s=0, wrap_up_s=0, shrinkage=0)
MIDNIGHT_MS = 1_763_924_400_000  # 2025-11-24 00:00 in Almaty
DEMANDS = st.builds(Demand, st.just(540), st.floats(0, 2000), st.floats(20, 900))


@pytest.mark.parametrize(("calls_an_hour", "operators"), [(100, 10), (1000, 71), (4000, 272)])
def test_the_studys_check_comes_out(calls_an_hour: int, operators: int) -> None:
    assert need(Demand(540, calls_an_hour / 2, 240), LINE_ALONE).line.operators == operators


def test_eight_equal_groups_apart_need_seventeen_more_than_together() -> None:
    groups = [GroupId(f"g{number}") for number in range(8)]
    (morning,) = day_needs([Demand(540, 62.5, 240, group) for group in groups], LINE_ALONE)
    assert (morning.separate, morning.pooled.line.operators) == (88, 71)


def test_the_menu_and_the_ringing_eat_the_thirty_seconds() -> None:
    alone = need(Demand(540, 500, 240), LINE_ALONE)
    with_menu = need(Demand(540, 500, 240), replace(LINE_ALONE, menu_s=12, ring_s=3))
    assert with_menu.line.operators > alone.line.operators
    assert with_menu.line.asa_s <= 15
    assert with_menu.asa_s == with_menu.line.asa_s + 15 <= 30


def test_a_menu_longer_than_the_target_is_said_plainly() -> None:
    with pytest.raises(TargetOutOfReachError, match="use up the target of 30 s"):
        need(Demand(540, 1, 240), Plan(menu_s=28, ring_s=3))


def test_the_wrap_up_of_a_group_keeps_its_operators_and_that_of_the_average_call_all_together() -> None:
    plan = replace(LINE_ALONE, wrap_up_s=10, wrap_ups_s={PORTAL: 70})
    (morning,) = day_needs([Demand(540, 90, 130, PORTAL), Demand(540, 30, 190, ICT)], plan)
    assert [one.line.load for one in morning.groups] == pytest.approx([10, 10 / 3])
    assert morning.pooled.line.load == pytest.approx(40 / 3)
    assert load_shares([Demand(540, 90, 130, PORTAL), Demand(540, 30, 190, ICT)], plan) == {
        PORTAL: (0.75, 200),
        ICT: (0.25, 200),
    }


def test_wrap_up_and_ringing_keep_an_operator_too() -> None:
    assert need(Demand(540, 90, 190), replace(LINE_ALONE, wrap_up_s=10)).line.load == pytest.approx(10)


def test_callers_who_give_up_need_fewer_but_no_more_than_one_in_twenty_may() -> None:
    patient = need(Demand(540, 500, 240), LINE_ALONE)
    leaving = need(Demand(540, 500, 240), replace(LINE_ALONE, patience_s=240))
    assert leaving.line.operators < patient.line.operators
    assert 0 < leaving.line.abandoned <= MOST_ABANDONED


def test_the_night_has_an_operator_though_nobody_calls() -> None:
    assert need(Demand(180, 0, 240), LINE_ALONE).line.operators == 1


def test_the_roster_holds_those_who_are_not_at_the_telephone() -> None:
    assert rostered(70, 0.3) == 100
    assert rostered(71, 0.3) == 102
    assert rostered(5, 0) == 5
    with pytest.raises(ValueError, match="shrinkage"):
        need(Demand(540, 1, 240), replace(LINE_ALONE, shrinkage=1.0))


@given(DEMANDS, st.floats(1, 200))
def test_more_calls_never_need_fewer_and_the_target_holds(demand: Demand, more: float) -> None:
    plan = Plan()
    here, there = need(demand, plan), need(replace(demand, calls=demand.calls + more), plan)
    assert there.line.operators >= here.line.operators
    assert here.asa_s <= plan.target_s
    assert here.rostered >= here.line.operators


@given(st.lists(st.tuples(st.floats(1, 300), st.floats(60, 600)), min_size=1, max_size=6))
def test_together_never_needs_more_than_apart(groups: list[tuple[float, float]]) -> None:
    demands = [Demand(0, calls, 240.0, GroupId(f"g{number}")) for number, (calls, _) in enumerate(groups)]
    (one,) = day_needs(demands, LINE_ALONE)
    assert one.pooled.line.operators <= one.separate


def test_a_forecast_is_read_with_or_without_groups() -> None:
    lines = ["half_hour,calls,mean_talk_s,group\n", "09:30, 12, 200, ict\n", "9:00,10.5,240,portal\n"]
    assert read_forecast(lines, [PORTAL, ICT]) == (Demand(540, 10.5, 240, PORTAL), Demand(570, 12, 200, ICT))
    assert read_forecast(["half_hour,calls,mean_talk_s\n", "00:00,3,100\n"], []) == (Demand(0, 3, 100),)


def test_a_spreadsheets_semicolons_and_decimal_commas_are_read() -> None:
    assert read_forecast(["half_hour;calls;mean_talk_s\r\n", "09:00;10,5;240\r\n"], []) == (Demand(540, 10.5, 240),)


def test_every_fault_of_a_forecast_is_told_with_its_line() -> None:
    lines = [
        "half_hour,calls,mean_talk_s,group\n",
        "09:15,10,240,ict\n",
        "09:00,many,240,ict\n",
        "09:00,10,0,ict\n",
        "09:00,-1,240,ict\n",
        "09:00,10,240,sales\n",
        "09:00,nan,240,ict\n",
        "10:00,1,240,ict\n",
        "10:00,1,240,ict\n",
        "11:00\n",
    ]
    with pytest.raises(ForecastError) as caught:
        read_forecast(lines, [ICT])
    told = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [f"line {number}" for number in (2, 3, 4, 5, 6, 7, 9, 10)]
    assert "'sales' is not one of ict" in told[4]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "line 1: no column half_hour, calls, mean_talk_s;"),
        (["calls,mean_talk_s\n", "1,2\n"], "line 1: no column half_hour;"),
        (["half_hour,calls,mean_talk_s\n"], "no half-hour in it"),
    ],
)
def test_a_file_that_is_no_forecast_is_refused(lines: list[str], why: str) -> None:
    with pytest.raises(ForecastError, match=why):
        read_forecast(lines, [ICT])


def half_hour(group: GroupId, day: int, minute: int, calls: int, talks: int, talk_s: float) -> HalfHour:
    from_ms = MIDNIGHT_MS + day * 48 * HALF_HOUR_MS + minute * 60_000
    gave_up = calls - talks
    return HalfHour(group, from_ms, calls, talks, talk_s, 20.0 * calls, gave_up, calls, 9.0 * calls)


PAST = [
    half_hour(PORTAL, 0, 540, 10, 8, 1600),
    half_hour(PORTAL, 1, 540, 20, 20, 4400),
    half_hour(ICT, 1, 540, 4, 4, 1200),
    half_hour(ICT, 1, 570, 2, 0, 0),
]


def test_past_days_are_averaged_by_local_half_hour() -> None:
    assert past_demand(PAST, 2, "Asia/Almaty") == (
        Demand(540, 2, 300, ICT),
        Demand(540, 15, 6000 / 28, PORTAL),
        Demand(570, 1, 300, ICT),  # nobody was answered then: the group's own mean
    )
    with pytest.raises(ValueError, match="one day"):
        past_demand(PAST, 0, "Asia/Almaty")


def test_habits_are_measured_from_the_same_half_hours() -> None:
    known = habits(PAST)
    assert known.menu_s == 9
    assert known.patience_s == pytest.approx(20 * 36 / 4)
    assert habits([]).menu_s is None
    assert math.isinf(habits([]).patience_s)


def test_pooled_calls_keep_the_talk_that_they_bring() -> None:
    assert pooled([Demand(0, 10, 100, ICT), Demand(0, 30, 200, PORTAL)]) == (Demand(0, 40, 175.0),)


def test_the_shares_of_the_day_count_what_keeps_an_operator() -> None:
    demands = [Demand(0, 10, 100, ICT), Demand(30, 20, 130, ICT), Demand(0, 30, 200, PORTAL)]
    assert load_shares(demands, LINE_ALONE) == {ICT: (0.5, 120.0), PORTAL: (0.5, 200.0)}
    assert load_shares([Demand(0, 10, 100)], LINE_ALONE) == {}
