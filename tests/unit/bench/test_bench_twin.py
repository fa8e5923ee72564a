"""The trace that both twins get, and the figures that they are compared by."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest
from rich.console import Console

from bench.figures import Target, summary
from bench.report import table
from bench.twin import _compared, _group_difference, shake
from bench.twin_trace import HOMES, NEEDS, SHORTEST_S, Size, busy_calls, busy_day, idle_calls, people, skills
from config.settings import Operator
from routing.from_settings import operators_of
from routing.skills import EVERYBODY, Need, reach, skills_of

SIZE = Size(operators=20, load=0.9, calls=20_000, mean_talk_s=6.0, wrap_up_s=1.0, ring_s=0.4)


class Settings:
    def __init__(self, written: str) -> None:
        self.operators = [Operator(**one) for one in json.loads(written)]


def test_the_configuration_says_the_same_skills() -> None:
    made = operators_of(Settings(people([str(201 + at) for at in range(20)])))  # type: ignore[arg-type]
    assert [skills_of(operator) for operator in made] == [skills(at) for at in range(20)]


def test_every_need_is_served_in_its_language_by_some_home() -> None:
    for need in NEEDS:
        reaches = [reach(skills(at), need, EVERYBODY) for at in range(len(HOMES))]
        assert any(one.speaks for one in reaches if one is not None)


def test_calls_load_the_operators_and_have_their_shares() -> None:
    calls = busy_calls(SIZE, 10.0, seed=1)
    busy_s = sum(call.talk_s + SIZE.ring_s + SIZE.wrap_up_s for call in calls)
    assert calls[0].at_s >= 10
    assert busy_s / 20 / (calls[-1].at_s - 10) == pytest.approx(0.9, rel=0.03)
    assert min(call.talk_s for call in calls) >= SHORTEST_S
    needs = Counter(Need(call.group, call.language) for call in calls)
    for need, share in NEEDS.items():
        assert needs[need] / len(calls) == pytest.approx(share, abs=0.015)
    assert calls == busy_calls(SIZE, 10.0, seed=1)


def test_idle_calls_go_round_the_needs() -> None:
    calls = idle_calls(12, 0.5)
    assert [call.at_s for call in calls[:3]] == [0, 0.5, 1.0]
    assert {Need(call.group, call.language) for call in calls} == NEEDS.keys()


def test_a_busy_day_is_a_day_of_so_many_operators() -> None:
    calls, staff = busy_day(100, 0.9, 3, seed=1)
    assert len(staff) == 100
    assert calls[-1].at_s == pytest.approx(3 * 3600, rel=0.1)


def test_differences_are_shares_of_the_real_mean() -> None:
    found = _compared([2.0, 4.0], [2.0, 4.6], [2.0, 3.4])
    assert found["wait_difference"] == pytest.approx(0.1)
    assert found["replay_difference"] == pytest.approx(0.1)
    assert found["caller_difference_s"] == pytest.approx(0.3)
    trace = idle_calls(2, 1.0)  # both of one group
    assert _group_difference(trace, [2.0, 4.0], [2.0, 4.6]) == pytest.approx(0.1)


def test_a_shaken_trace_is_some_milliseconds_later_each_time_the_same() -> None:
    calls = busy_calls(SIZE, 0.0, seed=1)[:100]
    later = shake(calls, 1)
    assert all(0 <= two.at_s - one.at_s <= 0.006 for one, two in zip(calls, later, strict=True))
    assert later == shake(calls, 1) != shake(calls, 2)


def test_the_table_holds_a_figure_against_a_lower_limit() -> None:
    console = Console(width=100, file=io.StringIO(), record=True)
    figures = summary([{"speed": 900.0, "other": 5.0}])
    console.print(table("bench", figures, [Target("speed", least=1000), Target("other", least=5)]))
    lines = {line.split()[1]: line for line in console.export_text().splitlines() if line.startswith("│")}
    assert ">= 1000" in lines["speed"]
    assert "MISSED" in lines["speed"]
    assert "reached" in lines["other"]
