"""The comparator and the statistics behind `bench.policy`, and the study's numbers that they must agree with."""

from __future__ import annotations

import math
import statistics
from dataclasses import fields

import pytest

from bench.app_queue_model import app_queue
from bench.base_cases import N, arrivals
from bench.flatness import over, played, variants
from bench.policy_figures import Day, day, group_factor, ratio, student
from bench.policy_table import told, worth
from bench.study import GROUPS, LAYOUTS, centre, expected, trace
from bench.workload import QUIET, workload_factor
from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Served, simulate
from routing.foresight import Foresight
from routing.skills import Skills

STATE, PORTAL = GroupId("state-services"), GroupId("portal")


def staff(*groups: tuple[GroupId, ...]) -> dict[OperatorId, Skills]:
    return {
        OperatorId(f"{101 + number}"): Skills(tuple((group, 1) for group in sorted(one)), frozenset({"ru"}))
        for number, one in enumerate(groups)
    }


def days(*means: float) -> list[Day]:
    return [Day(mean, 0, 0, 0, {STATE: mean}, {STATE: 1}) for mean in means]


def test_app_queue_looks_each_second_by_the_callers_own_clock() -> None:
    calls = [Arrival(0.0, STATE, 10.3), Arrival(0.5, STATE, 1.0)]
    assert [one.wait_s for one in app_queue(calls, staff((STATE,)))] == [0.0, 10.0]


def test_app_queue_takes_the_member_whose_last_call_is_longest_ago() -> None:
    calls = [Arrival(0.0, STATE, 10.0), Arrival(1.0, STATE, 2.0), Arrival(20.0, STATE, 1.0)]
    assert [one.operator for one in app_queue(calls, staff((STATE,), (STATE,)))] == ["101", "102", "102"]


def test_app_queue_does_not_look_at_other_queues() -> None:
    """Whoever looks first is served, whoever waits longest or not: the queues know nothing of each other."""
    calls = [Arrival(0.0, STATE, 10.0), Arrival(0.9, STATE, 5.0), Arrival(5.1, PORTAL, 5.0)]
    served = app_queue(calls, staff((STATE, PORTAL)))
    assert served[2].wait_s == 5.0
    assert served[1].wait_s > 10.0


def test_app_queue_loses_nobody_but_those_who_give_up() -> None:
    calls = [Arrival(number / 10, STATE, 3.0, patience_s=20.0) for number in range(50)]
    served = app_queue(calls, staff((STATE,), (STATE,)))
    assert len(served) == 50
    assert {one.wait_s for one in served if one.operator is None} == {20.0}


def test_ratio_of_means_with_a_paired_interval() -> None:
    steady = ratio(days(12, 24, 36), days(10, 20, 30))
    assert (steady.value, steady.half_width) == (pytest.approx(1.2), pytest.approx(0, abs=1e-12))
    assert ratio(days(12, 24, 30), days(10, 20, 30)).half_width > 0.1
    assert math.isinf(ratio(days(1), days(1)).half_width)


def test_students_t() -> None:
    for freedom, point in ((3, 3.182), (10, 2.228), (23, 2.069)):
        assert student(freedom) == pytest.approx(point, rel=0.01)


def test_a_day_drops_its_first_hour_and_counts_who_gave_up() -> None:
    served = [
        Served(Arrival(10.0, STATE, 1.0), 900.0, OperatorId("101")),
        Served(Arrival(3600.0, STATE, 1.0), 10.0, OperatorId("101")),
        Served(Arrival(3700.0, PORTAL, 1.0), 30.0, OperatorId("101")),
        Served(Arrival(3800.0, PORTAL, 1.0), 50.0, None),
    ]
    found = day(served)
    assert (found.mean_s, found.longest_s, found.abandoned) == (20.0, 30.0, pytest.approx(1 / 3))
    assert group_factor([found]) == 3.0


def test_layouts_are_the_studys() -> None:
    for layout in LAYOUTS:
        operators = centre(layout, "longest_wait").operators
        assert len(operators) == 80
        assert {group for skills in operators.values() for group, _ in skills.levels} == set(GROUPS)


def test_longest_wait_on_a_trace_is_the_studys_to_the_second_digit() -> None:
    waits = [
        one.wait_s for one in simulate(trace("N", "12"), centre("chain", "longest_wait")) if one.arrival.at_s >= 3600
    ]
    study = expected("N", "12", "chain", "longest_wait")
    assert statistics.fmean(waits) == pytest.approx(study["asa_s"], rel=0.001)
    assert max(waits) == pytest.approx(study["max_s"], abs=0.1)


def test_a_table_and_keys_of_every_policy_ours_without_a_name() -> None:
    def one(mean_s: float, longest_s: float) -> Day:
        return Day(mean_s, 2 * mean_s, longest_s, 0.1, {STATE: mean_s, PORTAL: 2 * mean_s}, {STATE: 1, PORTAL: 1})

    made = {
        ("pooled", "longest_wait"): [one(10, 90), one(20, 190)],
        ("chain", "longest_wait"): [one(15, 100), one(30, 500)],
        ("chain", "foresight"): [one(12, 110), one(24, 410)],
    }
    found = worth(made)
    assert found["chain_over_pooled"] == pytest.approx(1.2)
    assert found["chain_over_longest_wait"] == pytest.approx(0.8)
    assert found["chain_group_factor"] == 2
    assert (found["worst_caller_s"], found["worst_caller_of_all_s"], found["chain_days_beyond_400"]) == (260, 410, 1)
    assert (found["pooled_worst_caller_of_all_s"], found["pooled_days_beyond_400"]) == (190, 0)
    assert [line.split()[:2] for line in told(made)[1:]] == [list(key) for key in made]


def test_each_parameter_is_tried_smaller_and_larger() -> None:
    tried = variants(Foresight())
    assert len(tried) == 2 * len(fields(Foresight))
    assert tried["overdue_s_low"] == Foresight(overdue_s=pytest.approx(105.0))
    assert all(one != Foresight() for one in tried.values())


def test_a_variant_with_other_parameters_makes_another_day() -> None:
    calls = [arrivals(N, 2.0, seed) for seed in (1, 2)]
    usual = played(Foresight(), calls, ("chain",))
    assert over(usual, usual) == 1
    assert over(played(Foresight(overdue_s=0.0), calls, ("chain",)), usual) != 1


def test_quiet_hours_are_shared_by_those_who_know_one_group_and_those_who_know_more() -> None:
    calls = arrivals(QUIET, 2, 1)
    factors = {}
    for policy in ("recommended", "foresight"):
        there = centre("mixed", policy)
        factors[policy] = workload_factor(simulate(calls, there), there.operators)
    assert factors["foresight"] < 1.15
    assert factors["recommended"] > 1.3
