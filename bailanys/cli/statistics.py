"""`bailanys stats`: the rules' figures of a day."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, WideOption, centre, say_json, show
from bailanys.cli.days import day_of
from rating.day import RatedDay, RatedFigures
from rating.figures import Ratings
from rating.scale import SCORES, WORDS


def add_to(app: typer.Typer) -> None:
    """Add the command that stands at the top."""
    app.command()(stats)


def stats(
    day: Annotated[str, typer.Option(help="Local date, YYYY-MM-DD; today if not given.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:
    """Show a day's figures: the average wait from the arrival (rule 7), and what an average hides."""
    from bailanys.cli.ledger import ledger_of
    from calls.local_day import local_day
    from rating.day import rated_day

    settings = centre(config).settings
    zone = settings.hotline.time_zone
    date = day_of(day, zone)
    span = local_day(date, zone)
    with ledger_of(settings) as ledger:
        figures = rated_day(asyncio.run(ledger.calls_between(span.from_ms, span.to_ms)))
    if as_json:
        say_json({"day": date.isoformat(), "time_zone": zone, **asdict(figures)})
        return
    title = f"{date.isoformat()} ({zone}); waits in seconds, from the arrival"
    show(lines(figures), as_json=False, title=title, wide=wide)
    if figures.operators:
        show(_operators(figures), as_json=False, title="Ratings by operator (rule 13)", wide=wide)


def lines(figures: RatedDay) -> list[dict[str, Any]]:
    """A line for each figure: of all calls, and of each group's."""
    columns = {"all": figures.total, **figures.groups}
    told = [_figures(one) for one in columns.values()]
    return [
        {"figure": name, **{column: line[name] for column, line in zip(columns, told, strict=True)}} for name in told[0]
    ]


def _operators(figures: RatedDay) -> list[dict[str, Any]]:
    return [
        {
            "operator": operator,
            "rated": _given(one.rated),
            "another operator of the same call rated": _given(one.same_call),
        }
        for operator, one in figures.operators.items()
    ]


def _given(ratings: Ratings) -> str:
    """Never a mean without how many answered."""
    return f"{_number(ratings.mean)}, {ratings.given} of {ratings.offered} answered" if ratings.offered else "–"


def _figures(one: RatedFigures) -> dict[str, str]:
    wait, ratings, back = one.to_operator, one.ratings, one.callbacks
    return {
        "calls": str(one.arrived),
        "answered": str(one.answered),
        "in progress": str(one.in_progress),
        "average wait to the operator (rule 7: 30 s)": _number(wait.mean_s),
        "90 % waited at most": _number(wait.p90_s),
        "longest wait": _number(wait.longest_s),
        "average wait in the queue alone": _number(one.in_queue.mean_s),
        "average wait of all, given up included": _number(one.all_callers.mean_s),
        "answered within 30 s": _percent(one.service_level),
        "gave up": str(one.abandoned_menu + one.abandoned_waiting),
        "gave up, without the short ones": _percent(one.abandonment),
        "gave up in the menu / waiting": f"{one.abandoned_menu} / {one.abandoned_waiting}",
        "of them within 5 s": str(one.abandoned_short),
        "callbacks asked for / calls made / reached": f"{back.asked} / {back.made} / {back.reached}",
        "called back, of those tried": _percent(back.share),
        "tries for each": _number(back.tries_each),
        "average wait from asking to the talk": _number(back.since_asked.mean_s),
        "average wait, those called back included": _number(one.with_callbacks.mean_s),
        f"rating, mean of {WORDS}": _number(ratings.mean),
        "rated, of those asked": f"{ratings.given} of {ratings.offered} ({_percent(ratings.share)})",
        f"scores {' '.join(map(str, SCORES))}": " ".join(map(str, ratings.distribution)),
        "their standard deviation": _number(ratings.deviation),
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
