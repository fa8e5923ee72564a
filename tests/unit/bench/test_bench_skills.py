from __future__ import annotations

import math
import statistics

import pytest

from bench.base_cases import N, arrivals, chained, primary_numbers
from bench.centre import CONFIG
from bench.sides import entrances
from bench.skills import FULL, GROUPS, OPERATORS, QUICK, compared, computed, group_means, number, settings, trace
from config.load import load


def test_the_chain_as_settings_is_a_hotline_that_may_be_started() -> None:
    found = load(CONFIG, settings("foresight"))

    assert found.routing.policy == "foresight"
    assert [group.name for group in found.groups] == list(GROUPS)
    assert len(found.operators) == OPERATORS
    assert {len(person.groups) for person in found.operators} == {2}


def test_each_group_has_its_operators_first_in_proportion_to_its_calls() -> None:
    assert primary_numbers(20) == [6, 5, 3, 4, 1, 1]
    assert sum(primary_numbers(80)) == 80
    assert {group for skills in chained(20).values() for group, _ in skills.levels} == set(GROUPS)


def test_both_sides_get_the_same_calls_each_time_and_each_run_others() -> None:
    for size in (FULL, QUICK):
        calls = trace(0, size)

        assert calls == trace(0, size)
        assert calls != trace(1, size)
        assert len(calls) == size.calls
        assert all(math.isinf(call.patience_s) for call in calls)
        assert len({number(run, at) for run in range(size.runs) for at in range(size.calls)}) == size.runs * size.calls


def test_talks_are_as_long_as_they_are_said_to_be() -> None:
    talks = [call.talk_s for run in range(20) for call in trace(run, FULL)]

    assert statistics.fmean(talks) == pytest.approx(FULL.talk_s, rel=0.05)
    assert statistics.stdev(talks) == pytest.approx(FULL.talk_s, rel=0.15)
    assert min(talks) == 0.5


def test_the_studys_days_are_what_they_were() -> None:
    day = arrivals(N, 1, 1)

    assert len(day) == 1180
    assert day[0].at_s == pytest.approx(6.0467, abs=1e-4)
    assert day[-1].at_s < 3600


def test_ratios_are_of_the_calls_that_count() -> None:
    found = compared({50: 1.0, 51: 3.0}, {50: 4.0, 51: 4.0})

    assert (found["mean_wait_s"], found["app_queue_mean_wait_s"], found["mean_over_app_queue"]) == (2.0, 4.0, 0.5)
    assert (found["worst_wait_s"], found["app_queue_worst_wait_s"], found["worst_over_app_queue"]) == (3.0, 4.0, 0.75)


def test_means_by_group_leave_out_a_group_that_nobody_called() -> None:
    calls = trace(0, QUICK)
    waits_s = {at: float(at) for at, call in enumerate(calls) if call.group != "english"}

    found = group_means(calls, waits_s, "app_queue_")

    assert set(found) == {f"app_queue_{group}_mean_wait_s" for group in GROUPS if group != "english"}


def test_app_queue_loses_more_when_it_looks_once_a_second_in_so_short_talks() -> None:
    found = computed(trace(0, FULL), FULL, "longest_wait", measured_s=1.0)

    assert found["computed_mean_wait_s"] < found["computed_fine_mean_wait_s"] < found["computed_app_queue_mean_wait_s"]
    assert found["mean_over_fine"] == pytest.approx(1 / found["computed_fine_mean_wait_s"])


def test_each_group_has_its_ways_past_the_menu() -> None:
    text = entrances(("state", "ict"), "kk")

    assert "exten => 911,1,Gosub(bench-arrival,s,1(state,kk))" in text
    assert "exten => 922,1,Gosub(bench-arrival,s,1(ict,kk))" in text
