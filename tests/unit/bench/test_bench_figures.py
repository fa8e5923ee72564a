from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.figures import Target, percentile, summary
from bench.report import command_line, table


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(200, 0, -1)]

    assert percentile(values, 0.95) == 190
    assert percentile(values, 0.5) == 100
    assert percentile(values, 1.0) == 200
    assert percentile([7.0], 0.95) == 7


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.95)


def test_the_summary_is_flat_and_shows_the_spread() -> None:
    figures = summary([{"gap_ms": 3.0}, {"gap_ms": 9.0}, {"gap_ms": 4.0}])

    assert figures == {"gap_ms": 4.0, "gap_ms_min": 3.0, "gap_ms_max": 9.0, "runs": 3}
    assert json.loads(json.dumps(figures)) == figures


def test_the_table_holds_a_figure_against_the_least_of_its_limits() -> None:
    figures = summary([{"wait_s": 1.0, "limit_s": 0.9, "other_s": 2.0}])
    console = Console(width=100, file=io.StringIO(), record=True)

    console.print(table("bench", figures, [Target("wait_s", "limit_s"), Target("wait_s", 5), Target("other_s", 2)]))

    lines = {line.split()[1]: line for line in console.export_text().splitlines() if "_s" in line}
    assert "<= 0.9" in lines["wait_s"]
    assert "MISSED" in lines["wait_s"]
    assert "reached" in lines["other_s"]
    assert "<=" not in lines["limit_s"]


def test_the_command_line_knows_quick_and_json() -> None:
    assert not command_line("cost", "about", []).quick
    wanted = command_line("cost", "about", ["--quick", "--json", "figures.json"])

    assert wanted.quick
    assert wanted.json == Path("figures.json")
