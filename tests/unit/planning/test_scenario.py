"""Days made up, staff changed, and what is counted of a simulated day."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from calls.ids import CallId, GroupId, OperatorId
from calls.local_day import Span
from calls.wait_history import PastWait
from planning.day import Day, Staffed
from planning.forecast import Demand
from planning.scenario import Scenario, as_it_was, play
from planning.simulator import Arrival
from planning.synthetic_day import Callers, arrivals, demand_of
from planning.what_if import Added, Changes, SkillChange, UnknownOperatorError, changed
from routing.rules import Rules
from routing.skills import Skills

PORTAL, ICT = GroupId("portal"), GroupId("ict")
AIGUL, NURLAN = OperatorId("101"), OperatorId("102")
BOTH = frozenset({"kk", "ru"})
STAFF = {AIGUL: Staffed(Skills(((PORTAL, 1),), BOTH)), NURLAN: Staffed(Skills(((ICT, 1), (PORTAL, 3)), BOTH))}
RULES = Rules(wrap_up_s=0.0)


# -- made up ---------------------------------------------------------------------------------------------------------


def test_a_made_up_day_has_its_calls_shares_curve_and_means() -> None:
    demands = demand_of(30_000, {PORTAL: 3.0, ICT: 1.0}, "day", 200.0)
    made = arrivals(demands, Callers({"kk": 3, "ru": 1}, menu_s=9, patience_s=120), 1)
    assert len(made) == pytest.approx(30_000, rel=0.02)
    assert Counter(one.group for one in made)[PORTAL] / len(made) == pytest.approx(0.75, abs=0.01)
    assert Counter(one.language for one in made)["kk"] / len(made) == pytest.approx(0.75, abs=0.01)
    assert sum(one.talk_s for one in made) / len(made) == pytest.approx(200, rel=0.03)
    assert sum(one.patience_s for one in made) / len(made) == pytest.approx(120, rel=0.03)
    assert {one.waited_s for one in made} == {9}
    assert sum(36_000 <= one.at_s < 39_600 for one in made) > 10 * sum(one.at_s < 3600 for one in made)
    assert [one.at_s for one in made] == sorted(one.at_s for one in made)


def test_same_seed_same_made_up_day() -> None:
    demands = demand_of(500, {PORTAL: 1.0}, "flat", 200.0)
    assert arrivals(demands, Callers({"kk": 1}), 1) == arrivals(demands, Callers({"kk": 1}), 1)
    assert arrivals(demands, Callers({"kk": 1}), 1) != arrivals(demands, Callers({"kk": 1}), 2)


def test_a_forecast_without_groups_is_shared_out() -> None:
    made = arrivals([Demand(540, 40_000, 60)], Callers({"kk": 1}, shares={PORTAL: 0.9, ICT: 0.1}), 1)
    assert Counter(one.group for one in made) == pytest.approx({PORTAL: 36_000, ICT: 4_000}, rel=0.02)
    assert all(9 * 3600 <= one.at_s < 9.5 * 3600 for one in made)
    assert made[0].patience_s == math.inf


# -- what if ---------------------------------------------------------------------------------------------------------


def test_some_more_some_fewer_some_who_learn() -> None:
    made = changed(
        STAFF,
        Changes(
            (AIGUL,),
            (SkillChange(NURLAN, PORTAL, 2), SkillChange(NURLAN, ICT, None)),
            Added(2, (ICT, PORTAL), frozenset({"en"}), ((0.0, 60.0),)),
        ),
    )
    assert sorted(made) == ["102", "added-1", "added-2"]
    assert made[NURLAN].skills.levels == ((PORTAL, 2),)
    assert made[OperatorId("added-1")] == Staffed(Skills(((ICT, 1), (PORTAL, 1)), frozenset({"en"})), ((0.0, 60.0),))
    assert STAFF[NURLAN].skills.levels == ((ICT, 1), (PORTAL, 3))


def test_no_changes_are_none() -> None:
    assert not Changes()
    assert changed(STAFF, Changes()) == STAFF


@pytest.mark.parametrize(
    "wish", [Changes(without=(OperatorId("999"),)), Changes(skills=(SkillChange(OperatorId("999"), ICT, 1),))]
)
def test_changes_to_somebody_unknown_are_refused(wish: Changes) -> None:
    with pytest.raises(UnknownOperatorError, match="999; there are 101, 102"):
        changed(STAFF, wish)


# -- played and counted ------------------------------------------------------------------------------------------------


def test_waits_count_from_the_arrival_and_operators_time_with_ringing_and_wrap_up() -> None:
    calls = (Arrival(0, ICT, 60, waited_s=10), Arrival(30, ICT, 60, waited_s=10))
    day = Day(calls, {NURLAN: STAFF[NURLAN]}, length_s=1000, set_up_s=2)
    found = play(Scenario("so", replace(RULES, wrap_up_s=3), day.staff), day)
    assert found.figures.total.to_operator.mean_s == pytest.approx((12 + 10 + 2 + 60 + 3 - 30 + 2) / 2)
    assert found.median_s(ICT) == 12
    assert found.occupancy == pytest.approx(2 * 65 / 1000)
    assert found.half_hours == (pytest.approx(29.5),)
    assert found.figures.groups["ict"].answered == 2


def test_what_nobody_serves_is_told_and_in_no_mean() -> None:
    day = Day((Arrival(0, ICT, 60), Arrival(5, PORTAL, 60)), {AIGUL: STAFF[AIGUL]})
    found = play(Scenario("so", RULES, day.staff), day)
    assert found.never_served == 1
    assert found.figures.total.arrived == 1
    assert found.median_s(ICT) is None


def test_a_transferred_wait_takes_time_but_is_no_call_of_its_own() -> None:
    day = Day((Arrival(0, PORTAL, 60), Arrival(60, PORTAL, 40, waited_s=1, moved=True)), STAFF, 1000)
    found = play(Scenario("so", RULES, STAFF), day)
    assert found.figures.total.arrived == 1
    assert found.occupancy == pytest.approx(100 / 2000)


def test_off_duty_nobody_answers() -> None:
    staff = {AIGUL: Staffed(STAFF[AIGUL].skills, ((100.0, 200.0), (7200.0, math.inf)))}
    day = Day((Arrival(10, PORTAL, 5), Arrival(150, PORTAL, 5), Arrival(3600, PORTAL, 5)), staff)
    found = play(Scenario("so", RULES, staff), day)
    assert found.half_hours[0] == 45
    assert found.half_hours[1] is None
    assert found.half_hours[2] == 3600
    assert found.occupancy == pytest.approx(15 / (100 + 86_400 - 7200))


def test_the_real_day_is_counted_alike() -> None:
    at_ms = 1_763_924_400_000
    answered = PastWait(CallId("a"), PORTAL, "ru", at_ms, at_ms + 7000, at_ms + 20_000, at_ms + 90_000, AIGUL)
    gave_up = PastWait(CallId("b"), PORTAL, "ru", at_ms, at_ms + 7000, None, at_ms + 40_000)
    moved = replace(answered, moved=True)
    found = as_it_was("then", [answered, gave_up, moved], Span(at_ms, at_ms + 86_400_000))
    total = found.figures.total
    assert (total.arrived, total.answered, total.abandoned_waiting) == (2, 1, 1)
    assert total.to_operator.mean_s == 20
    assert found.half_hours[0] == 20
    assert len(found.half_hours) == 48
    assert found.occupancy is None
