"""The wait over the day as a picture: bars for a terminal, lines as SVG. Waits are means per half-hour, in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from planning.scenario import Result

BLOCKS = " ▁▂▃▄▅▆▇█"
ROWS = 6

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's, which the colour-blind can tell apart."""
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 420, 56, 28, 56, 44
LEGEND_COLUMNS, LEGEND_COLUMN, LEGEND_ROW = 5, 180, 18

TEMPLATES = Path(__file__).with_name("templates")


def bars(results: Sequence[Result], target_s: float) -> Iterator[str]:
    """Lines of text: for each result a bar per half-hour, all on one scale, with the target dashed between them."""
    top_s = _top_s(results, target_s)
    target_row = min(ROWS - 1, int(ROWS * target_s / top_s))
    for result in results:
        yield f"{result.name}: mean wait by half-hour, 0 to {top_s:,.0f} s; ┄ {target_s:g} s"
        for row in reversed(range(ROWS)):
            empty = "┄" if row == target_row else " "
            line = "".join(_cell(mean_s, row, top_s, empty) for mean_s in result.half_hours)
            yield f"{(row + 1) * top_s / ROWS:6.0f} │{line}"
        yield "       └" + "─" * len(result.half_hours)
        yield "        " + "".join(f"{hour:<4}" for hour in range(0, math.ceil(len(result.half_hours) / 2), 2))


def _cell(mean_s: float | None, row: int, top_s: float, empty: str) -> str:
    if mean_s is None:
        return " "
    eighths = math.ceil(8 * (ROWS * mean_s / top_s - row))
    return BLOCKS[min(8, eighths)] if eighths > 0 else empty


def svg(title: str, results: Sequence[Result], target_s: float) -> str:
    """A picture with a line for each result; where nobody was answered the line is broken."""
    top_s = _top_s(results, target_s)
    first_y = TOP + LEGEND_ROW * ((len(results) - 1) // LEGEND_COLUMNS)
    length = max((len(result.half_hours) for result in results), default=48)

    def x(half_hour: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * half_hour / length, 1)

    def y(seconds: float) -> float:
        return round(first_y + (HEIGHT - first_y - BOTTOM) * (1 - seconds / top_s), 1)

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    return environment.get_template("wait.svg").render(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        target={"y": y(target_s), "s": f"{target_s:g}"},
        levels=[{"y": y(top_s * step / 4), "s": f"{top_s * step / 4:,.0f}"} for step in range(5)],
        hours=[{"x": x(2 * hour), "at": f"{hour:02}:00"} for hour in range(0, math.ceil(length / 2) + 1, 3)],
        lines=[
            {
                "name": result.name,
                "colour": COLOURS[number % len(COLOURS)],
                "x": LEFT + LEGEND_COLUMN * (number % LEGEND_COLUMNS),
                "y": TOP - 18 + LEGEND_ROW * (number // LEGEND_COLUMNS),
                "paths": [" ".join(f"{x(at + 0.5)},{y(mean_s)}" for at, mean_s in path) for path in _unbroken(result)],
            }
            for number, result in enumerate(results)
        ],
    )


def _unbroken(result: Result) -> list[list[tuple[int, float]]]:
    """The stretches of half-hours in which somebody was answered."""
    paths: list[list[tuple[int, float]]] = [[]]
    for at, mean_s in enumerate(result.half_hours):
        if mean_s is not None:
            paths[-1].append((at, mean_s))
        elif paths[-1]:
            paths.append([])
    return [path for path in paths if path]


def _top_s(results: Sequence[Result], target_s: float) -> float:
    """A round number that no mean exceeds, and the target does not touch."""
    most_s = max([1.25 * target_s, *(mean_s for result in results for mean_s in result.half_hours if mean_s)])
    step = 10.0 ** math.floor(math.log10(most_s))
    return next(step * times for times in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * times >= most_s)
