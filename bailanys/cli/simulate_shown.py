"""What `bailanys simulate` prints: a table for a supervisor, an object for a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from calls.ids import GroupId
from calls.statistics import Figures
from planning.scenario import Result


def rows(results: Iterable[Result]) -> list[dict[str, str]]:
    """A line for each result and each of its groups."""
    return [
        {
            "": result.name if group is None else f"  {group}",
            "calls": str(figures.arrived),
            "mean": _seconds(figures.to_operator.mean_s, 1),
            "50 %": _seconds(result.median_s(group), 0),
            "90 %": _seconds(figures.to_operator.p90_s, 0),
            "longest": _seconds(figures.to_operator.longest_s, 0),
            "gave up": _percent(figures.abandonment, 1),
            "in 30 s": _percent(figures.service_level),
            "busy": _percent(result.occupancy) if group is None else "",
        }
        for result in results
        for group, figures in _parts(result)
    ]


def print_table(title: str, lines: Sequence[Mapping[str, str]]) -> None:
    """Print the lines, narrow enough for a terminal of 80 columns; a result's own line is set off from the others."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for number, column in enumerate(lines[0]):
        # Names give way, figures never.
        whole = max(len(column), *(len(line[column]) for line in lines)) if number else None
        table.add_column(column, justify="right" if number else "left", no_wrap=True, min_width=whole)
    for line in lines:
        table.add_row(*line.values(), style=None if line[""].startswith(" ") else "bold")
    Console().print(table)


def speed(speeds: Mapping[str, float]) -> str:
    """How fast the slowest was simulated; `speeds`: times real time, by result's name."""
    return f"Simulated {min(speeds.values()):,.0f} times as fast as it passes."


def warnings(results: Iterable[Result]) -> list[str]:
    """A line for each result that leaves callers without an answer for ever: its mean flatters."""
    return [
        f"{result.name}: {result.never_served} callers were never served, since nobody on duty serves their group; "
        "they are in no mean."
        for result in results
        if result.never_served
    ]


def as_object(title: str, results: Iterable[Result], speeds: Mapping[str, float]) -> dict[str, Any]:
    """The same for a program; times in seconds, shares from 0 to 1, `half_hours` from midnight."""
    return {
        "title": title,
        "results": [
            {
                "name": result.name,
                "times_real_time": None if result.name not in speeds else round(speeds[result.name]),
                "occupancy": result.occupancy,
                "never_served": result.never_served,
                "half_hours_mean_wait_s": list(result.half_hours),
                "groups": {group or "all": _object(result, group, figures) for group, figures in _parts(result)},
            }
            for result in results
        ],
    }


def _parts(result: Result) -> list[tuple[GroupId | None, Figures]]:
    groups: list[tuple[GroupId | None, Figures]] = [(GroupId(name), one) for name, one in result.figures.groups.items()]
    return [(None, result.figures.total), *groups]


def _object(result: Result, group: GroupId | None, figures: Figures) -> dict[str, Any]:
    return {
        "calls": figures.arrived,
        "answered": figures.answered,
        "wait_s": {**asdict(figures.to_operator), "median_s": result.median_s(group)},
        "in_queue_s": asdict(figures.in_queue),
        "abandonment": figures.abandonment,
        "service_level": figures.service_level,
    }


def _seconds(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}%}"
