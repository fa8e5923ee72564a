"""`bailanys simulate`: a past day or a made-up one through the routing core, with other staff, skills or policy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, centre, finite, say
from calls.json_text import json_text
from config.ownership import as_caller
from config.whole_file import write_whole

if TYPE_CHECKING:
    from config.settings import Settings
    from planning.day import Day
    from planning.scenario import Result, Scenario

ON_STANDARD_OUTPUT = Path("-")

Several = list[str] | None


def add_to(app: typer.Typer) -> None:
    """Add the command that stands at the top."""
    app.command()(simulate)


def simulate(
    day: Annotated[str, typer.Option(help="Replay this local date of the ledger, YYYY-MM-DD.")] = "",
    calls: Annotated[
        int | None, typer.Option(min=1, max=2_000_000, help="Make a day up: about so many calls (Poisson).")
    ] = None,
    forecast: Annotated[
        Path | None, typer.Option(help="Make a day up from CSV half_hour,calls,mean_talk_s[,group], as for staffing.")
    ] = None,
    policy: Annotated[Several, typer.Option(help="Routing policy; several are shown side by side.")] = None,
    add: Annotated[int, typer.Option(min=0, max=10_000, help="Operators more, of --group and --hours.")] = 0,
    group: Annotated[Several, typer.Option(help="What the added serve; several: each of them all.")] = None,
    hours: Annotated[str, typer.Option(help="When the added are on duty, e.g. 09:00-18:00.")] = "00:00-24:00",
    without: Annotated[Several, typer.Option(help="Number of an operator who is not there.")] = None,
    skill: Annotated[Several, typer.Option(help="101:portal=2 (level 1 to 5; 0 takes the group away).")] = None,
    share: Annotated[Several, typer.Option(help="portal=0.3 of the made-up calls; equal if not given.")] = None,
    language: Annotated[Several, typer.Option(help="kk=0.6 of the made-up calls; else all the default one.")] = None,
    curve: Annotated[str, typer.Option(help="Of the made-up day: day (an assumed office day) or flat.")] = "day",
    talk_s: Annotated[
        float, typer.Option("--talk", min=1, callback=finite, max=7200, help="Mean talk of --calls, seconds.")
    ] = 240.0,
    menu_s: Annotated[
        float, typer.Option("--menu", min=0, callback=finite, max=600, help="Menu of made-up calls, seconds.")
    ] = 12.0,
    patience_s: Annotated[
        float | None,
        typer.Option(
            "--patience", min=1, callback=finite, help="Mean patience of made-up callers; else nobody gives up."
        ),
    ] = None,
    ring_s: Annotated[
        float | None,
        typer.Option(
            "--ring", min=0, callback=finite, help="Seconds until the pick-up; else as measured that day, or 3."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="For all that is drawn by chance; the same seed, the same day.")] = 1414,
    svg: Annotated[Path | None, typer.Option(help="Write the plot of the wait over the day there.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there; - prints them instead of the table.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Play a day through the routing core with other staff, skills or policy, much faster than it passes.

    Waits count from the arrival, the menu included (rule 7). A replayed day has its own calls, talks and presence; who
    gave up then has the patience of then. Of who was answered only the wait is known, which patience outlasted: the
    rest is drawn as exponential with the mean of all waits divided by those who gave up (maximum likelihood, as in
    Erlang A). Calls that ended in the menu are left out; a transferred call's further wait comes when it came then.
    """
    from bailanys.cli import simulate_shown as shown
    from bailanys.cli import simulate_wanted as wanted
    from bailanys.cli import wait_plot

    settings = centre(config).settings
    asked = [bool(day), calls is not None, forecast is not None]
    if sum(asked) != 1:
        raise wanted.WrongWishError("say which day to play: one of --day, --calls and --forecast")
    changes = wanted.changes(settings, add, group or [], hours, without or [], skill or [])
    policies = wanted.policies(settings, policy or [])
    if day:
        wanted.nothing_made_up(share, language, patience_s)
        played, before, title = wanted.past_day(settings, day, seed)
    else:
        callers = wanted.callers(settings, share or [], language or [], menu_s, patience_s)
        made_up = wanted.demand(settings, forecast, calls, callers, curve, talk_s)
        played, before, title = wanted.synthetic_day(settings, made_up, callers, seed)
    if ring_s is not None:
        played = wanted.picked_up_after(played, ring_s)
    found = list(before)
    speeds: dict[str, float] = {}
    for scenario in wanted.scenarios(settings, played, policies, changes):
        result, speeds[scenario.name] = _timed(scenario, played)
        found.append(result)
    if svg is not None:
        with as_caller():
            write_whole(svg, wait_plot.svg(title, found, _target_s(settings)))
    if json_file is not None:
        told = json_text(shown.as_object(title, found, speeds), indent=1)
        if json_file == ON_STANDARD_OUTPUT:
            say(told)
            return
        with as_caller():
            write_whole(json_file, told + "\n")
    shown.print_table(title, shown.rows(found))
    for line in (shown.speed(speeds), *shown.warnings(found), *wait_plot.bars(found, _target_s(settings))):
        say(line)


def _timed(scenario: Scenario, day: Day) -> tuple[Result, float]:
    from planning.scenario import play

    began_s = time.perf_counter()
    result = play(scenario, day)
    return result, day.length_s / max(time.perf_counter() - began_s, 1e-6)


def _target_s(settings: Settings) -> float:
    return min(group.target_s for group in settings.groups)
