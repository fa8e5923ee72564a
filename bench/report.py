"""How every benchmark is started, and how its figures are shown: a table for a person, flat JSON for a program."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from bench.figures import Run, Target, summary


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for."""

    quick: bool
    json: Path | None
    policy: str = ""


Tell = Callable[[str], None]
Measure = Callable[[bool, Tell], Awaitable[Sequence[Run]]]
"""Makes all runs, the quick way or not, and tells what it is at."""


def command_line(name: str, about: str, arguments: Sequence[str] | None = None, policies: Sequence[str] = ()) -> Wanted:
    """Read `--quick`, `--json FILE` and, where there are policies, `--policy NAME`, else the first of them.

    A wrong argument ends the program with status 2.
    """
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=about)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: ends within 60 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    if policies:
        parser.add_argument("--policy", choices=policies, default=policies[0], help="default: %(default)s")
    found = parser.parse_args(arguments)
    return Wanted(found.quick, found.json, getattr(found, "policy", ""))


def run(name: str, about: str, measure: Measure, targets: Sequence[Target], wanted: Wanted | None = None) -> None:
    """Measure, show the table, write the JSON. A figure out of reach is marked and is no error of the benchmark.

    `wanted`: what the command line asked for, when it was read already.
    """
    wanted = wanted or command_line(name, about)
    console = Console()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # only the table
    measuring = measure(wanted.quick, lambda line: console.print(line, style="dim", markup=False))
    try:
        runs = asyncio.run(_until_told(measuring))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    figures = summary(runs)
    console.print(table(f"bench.{name}: {about}", figures, targets))
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(figures, indent=1) + "\n")
        console.print(f"Figures written to {wanted.json}", highlight=False)


async def _until_told(measuring: Awaitable[Sequence[Run]]) -> Sequence[Run]:
    """Measure; SIGTERM ends it as Ctrl-C does, so that nothing is left running."""
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def table(title: str, figures: Run, targets: Sequence[Target]) -> Table:
    """Lay out medians, spreads and what is to be reached."""
    made = Table(
        title=title, title_justify="left", caption=f"median of {figures['runs']:g} runs", caption_justify="left"
    )
    for column in ("figure", "median", "min", "max", "to reach", ""):
        made.add_column(column, justify="left" if column in ("figure", "") else "right")
    for key in (key for key in figures if f"{key}_min" in figures):
        mine = [target for target in targets if target.key == key]
        most = min((target.limit(figures) for target in mine), default=math.inf)
        least = max((target.least for target in mine), default=-math.inf)
        reach = f"<= {most:.4g}" if most < math.inf else f">= {least:.4g}" if mine else ""
        verdict = ("reached" if least <= figures[key] <= most else "MISSED") if mine else ""
        spread = (figures[key], figures[f"{key}_min"], figures[f"{key}_max"])
        made.add_row(key, *(f"{value:.4g}" for value in spread), reach, verdict)
    return made
