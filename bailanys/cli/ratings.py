"""`bailanys ratings`: what callers rated (rule 13), and the talks that were rated low."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, WideOption, centre, say, say_json, show
from bailanys.cli.days import day_of
from calls.ratings import RatedTalk
from calls.search import PAGE
from config.settings import Settings
from rating.figures import Ratings
from rating.report import RatingReport
from rating.scale import SCORES, WORDS

NOBODY = "–"
ALL = "all"
SCORES_TITLE = f"scores {' '.join(map(str, SCORES))}"


class Axis(StrEnum):
    """What the ratings are told apart by."""

    OPERATOR = "operator"
    GROUP = "group"
    LANGUAGE = "language"
    DAY = "day"


class TwoThingsAskedError(Exception):
    """Options that ask for two different things."""

    error_id = "two-things-asked"
    retryable = False


def add_to(app: typer.Typer) -> None:
    """Add the command that stands at the top."""
    app.command()(ratings)


def ratings(
    from_: Annotated[str, typer.Option("--from", help="First local date, YYYY-MM-DD; today if not given.")] = "",
    to: Annotated[str, typer.Option(help="Last local date; the first if not given.")] = "",
    by: Annotated[
        Axis | None, typer.Option(help="A line for each: the operator who was rated, the group or language of that "
                                       "talk, the local day of the arrival.", show_default="operator")
    ] = None,
    low: Annotated[bool, typer.Option("--low", help="List the talks that were rated low (`[rating] low`).")] = False,
    page: Annotated[int, typer.Option(min=1, help=f"Of `--low`: which {PAGE} of the talks.")] = 1,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:  # fmt: skip
    """Show what callers rated (rule 13): mean, how many answered of those asked, and how the scores spread."""
    from bailanys.ratings import Days

    settings = centre(config).settings
    zone = settings.hotline.time_zone
    first = day_of(from_, zone)
    days = Days(first, day_of(to, zone) if to.strip() else first, zone)
    if low and by is not None:
        raise TwoThingsAskedError("--low lists talks one by one: leave --by out")
    told = {"from_day": days.first.isoformat(), "to_day": days.last.isoformat(), "time_zone": zone}
    if low:
        _low(settings, days, page, told, as_json=as_json, wide=wide)
        return
    found = _report(settings, days, by or Axis.OPERATOR)
    if as_json:
        say_json(told | asdict(found))
        return
    title = f"Ratings {WORDS} by {found.by}, {_dates(days.first, days.last)} ({zone})"
    show(lines(found), as_json=False, title=title, wide=wide)
    if found.by == "operator":
        say("Of the same call: the caller rated the operator who talked last, and this one had talked before.")


def _report(settings: Settings, days: Any, by: Axis) -> RatingReport:
    from bailanys.cli.ledger import ledger_of
    from bailanys.ratings import report
    from storage.ratings import RatingBook

    with ledger_of(settings) as ledger:
        return asyncio.run(report(RatingBook(ledger.engine), days, by.value))


def _low(settings: Settings, days: Any, page: int, told: dict[str, str], *, as_json: bool, wide: bool) -> None:
    from bailanys.cli.ledger import ledger_of
    from storage.ratings import RatingBook

    at_most = settings.rating.low
    with ledger_of(settings) as ledger:
        book = RatingBook(ledger.engine)
        talks = asyncio.run(book.rated_low(days.span, at_most, PAGE, (page - 1) * PAGE))
    if as_json:
        rows = [asdict(talk) for talk in talks]
        say_json({**told, "at_most": at_most, "more": len(talks) == PAGE, "talks": rows})
        return
    show(
        [low_line(talk, days.zone) for talk in talks],
        as_json=False,
        title=f"Talks rated {at_most} or less, {_dates(days.first, days.last)} ({days.zone})",
        empty=f"No talk was rated {at_most} or less.",
        wide=wide,
    )
    if len(talks) == PAGE:
        say(f"There may be more: --page {page + 1}")


def low_line(talk: RatedTalk, zone: str) -> dict[str, Any]:
    """What a person needs to look into it; whoever called is told elsewhere, never beside a score."""
    from calls.local_day import local_time

    return {
        "call": talk.call,
        "arrived": f"{local_time(talk.arrived_ms, zone):%Y-%m-%d %H:%M:%S}",
        "score": talk.score,
        "operator": talk.operator,
        "others in the call": ", ".join(talk.others) or None,
        "group": talk.group,
        "language": talk.language,
        "recording": "yes" if talk.recorded else "no",
    }


def lines(found: RatingReport) -> list[dict[str, Any]]:
    """A line for all, and for each operator, group, language or day."""
    operators = found.by == "operator"
    told = [(ALL, found.total, None), *((line.of, line.rated, line.same_call) for line in found.lines)]
    return [
        {
            found.by: of,
            "mean": _mean(rated),
            "answered, of those asked": _answered(rated),
            SCORES_TITLE: " ".join(map(str, rated.distribution)) if rated.given else None,
            "standard deviation": None if rated.deviation is None else f"{rated.deviation:.2f}",
            **({"of the same call": _both(same_call) if same_call else None} if operators else {}),
        }
        for of, rated, same_call in told
    ]


def _mean(one: Ratings) -> str | None:
    return None if one.mean is None else f"{one.mean:.2f}"


def _answered(one: Ratings) -> str:
    return f"{one.given} of {one.offered}" + ("" if one.share is None else f" ({one.share:.0%})")


def _both(one: Ratings) -> str | None:
    """Never a mean without how many answered."""
    return f"{_mean(one) or NOBODY}, {_answered(one)}" if one.offered else None


def _dates(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first} to {last}"
