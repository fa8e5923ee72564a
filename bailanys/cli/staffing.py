"""`bailanys staffing`: how many operators each half-hour needs, and who should learn what."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, centre, finite, say, say_json, show
from config.ownership import as_caller

if TYPE_CHECKING:
    from config.settings import Settings
    from planning.forecast import Demand, Habits
    from planning.staffing import Plan
    from planning.training import Advice

ForecastOption = Annotated[
    Path | None,
    typer.Option("--forecast", help="CSV: half_hour,calls,mean_talk_s and, for advice on skills, group."),
]

MANY = 200
"""Operators from whom on the advice takes more than some seconds."""


def add_to(app: typer.Typer) -> None:
    """Add the command that stands at the top."""
    app.command()(staffing)


def staffing(
    forecast: ForecastOption = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Without a forecast: average over so many past days.")] = 7,
    shrinkage: Annotated[
        float, typer.Option(min=0, callback=finite, max=0.95, help="Share of the roster not at the telephone.")
    ] = 0.3,
    menu_s: Annotated[
        float | None, typer.Option("--menu", min=0, callback=finite, help="Seconds in the menu; else as measured.")
    ] = None,
    ring_s: Annotated[
        float, typer.Option("--ring", min=0, callback=finite, help="Seconds until an operator picks up.")
    ] = 3.0,
    patience_s: Annotated[
        float | None,
        typer.Option("--patience", min=1, callback=finite, help="Mean patience of callers, seconds; else as measured."),
    ] = None,
    lessons: Annotated[int, typer.Option(min=0, max=100, help="At most so many pieces of advice on skills.")] = 10,
    most_groups: Annotated[int, typer.Option(min=2, max=20, help="Groups that one operator may serve.")] = 2,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show the operators needed for the average wait of rule 7, and which second skill is worth learning."""
    from bailanys.cli import staffing_tables as tables
    from planning.staffing import NEW_CALLERS_MENU_S, Plan, day_needs
    from routing.from_settings import rules_of

    settings = centre(config).settings
    demands, known = _forecast(forecast, settings) if forecast else _past(settings, days)
    plan = Plan(
        target_s=min(group.target_s for group in settings.groups),
        menu_s=next(seconds for seconds in (menu_s, known.menu_s, NEW_CALLERS_MENU_S) if seconds is not None),
        ring_s=ring_s,
        wrap_up_s=settings.offers.wrap_up_s,
        wrap_ups_s=rules_of(settings).wrap_ups_s,
        shrinkage=shrinkage,
    )
    patience = known.patience_s if patience_s is None else patience_s
    needs = day_needs(demands, plan)
    leaving = None if math.isinf(patience) else day_needs(demands, replace(plan, patience_s=patience))
    advice, why_not = _advice(settings, demands, plan, lessons, most_groups)
    if as_json:
        found = tables.as_object(plan, patience, needs, leaving, advice, why_not)
        say_json(found)
        return
    nothing = "No calls in these days: nothing to plan from."
    say(tables.about_plan(plan, patience))
    show(tables.need_rows(needs, leaving), as_json=False, title=tables.NEEDS_TITLE, empty=nothing)
    if any(one.groups for one in needs):
        show(tables.group_rows(needs), as_json=False, title=tables.GROUPS_TITLE)
    if advice is None:
        say(why_not)
        return
    operators = {operator.number: operator.name for operator in settings.operators}
    none = tables.advice_none(advice)
    show(tables.lesson_rows(operators, advice), as_json=False, title=tables.LESSONS_TITLE, empty=none)
    if advice.lessons:
        say(tables.about_advice(len(operators), advice))


def _forecast(file: Path, settings: Settings) -> tuple[tuple[Demand, ...], Habits]:
    from calls.ids import GroupId
    from planning.forecast import ForecastError, Habits, read_forecast

    groups = [GroupId(group.name) for group in settings.groups]
    try:
        with as_caller(), file.open(encoding="utf-8-sig", newline="") as lines:
            return read_forecast(lines, groups), Habits(None, math.inf)
    except UnicodeDecodeError:
        raise ForecastError(f"{file} is no text in UTF-8") from None


def _past(settings: Settings, days: int) -> tuple[tuple[Demand, ...], Habits]:
    from bailanys.cli.context import ROOT
    from bailanys.cli.ledger import ledger_of
    from calls.local_day import local_date, local_day
    from config.places import places_of
    from planning.forecast import habits, past_demand
    from storage.engine import open_engine
    from storage.wait_history import read_half_hours

    zone = settings.hotline.time_zone
    today = local_date(time.time_ns() // 1_000_000, zone)
    from_ms = local_day(today - timedelta(days=days), zone).from_ms
    with ledger_of(settings):  # says so when there is none yet
        engine = open_engine(places_of(settings, ROOT).database_url)
        try:
            half_hours = read_half_hours(engine, from_ms, local_day(today, zone).from_ms)
        finally:
            engine.dispose()
    return past_demand(half_hours, days, zone), habits(half_hours)


def _advice(
    settings: Settings, demands: tuple[Demand, ...], plan: Plan, lessons: int, most_groups: int
) -> tuple[Advice | None, str]:
    from calls.ids import GroupId, OperatorId
    from planning.staffing import load_shares
    from planning.training import advise, setting

    shares = load_shares(demands, plan)
    if len(shares) < 2:
        return None, "No advice on skills: the calls are not told apart by group."
    operators = {OperatorId(one.number): frozenset(GroupId(name) for name in one.groups) for one in settings.operators}
    if alone := sorted(shares.keys() - frozenset[GroupId]().union(*operators.values())):
        return None, f"No advice on skills: nobody serves {', '.join(alone)}."
    if lessons == 0:
        return None, ""
    if len(operators) > MANY:
        say(f"Trying skills of {len(operators)} operators, which takes a while …", err=True)
    tried = setting(shares, len(operators), plan.line_target_s)
    return advise(operators, tried, lessons, most_groups), ""
