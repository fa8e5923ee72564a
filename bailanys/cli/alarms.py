"""`bailanys alarms`: what the hotline told that a person should look at, what stands, and what is over."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, WideOption, centre, say, show

if TYPE_CHECKING:
    from calls.alarms import Alarm
    from config.settings import Settings

HOUR_MS = 3_600_000
LOOK_BACK_HOURS = 30 * 24
"""How far back an alarm that stands still may have begun."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(alarms)


def alarms(
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="Those of the last hours.")] = 24,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that stand still, however old.")] = False,
    kind: Annotated[str, typer.Option(help="Only this kind, as docs/operations.md names them.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:
    """Show the alarms of the last hours, the newest last: which stand still, and which are over since when.

    While the ledger is away they are read from the journals: two days, or since it was last put aside.
    """
    from calls.alarms import spans_of
    from calls.local_day import local_time

    settings = centre(config).settings
    now_ms = time.time_ns() // 1_000_000
    told = _told(settings, now_ms - max(hours, LOOK_BACK_HOURS) * HOUR_MS, now_ms)
    found = [
        one
        for one in spans_of(told)
        if (one.open if only_open else one.open or max(one.from_ms, one.last_ms) >= now_ms - hours * HOUR_MS)
        and kind in ("", one.kind)
    ]

    def at(instant_ms: int | None) -> str | None:
        zone = settings.hotline.time_zone
        return None if instant_ms is None else local_time(instant_ms, zone).strftime("%Y-%m-%d %H:%M:%S")

    rows: list[dict[str, object]] = [
        {
            "state": "open" if one.open else "over" if one.lasts else "told",
            "kind": one.kind,
            **({"since_ms": one.from_ms, "until_ms": one.to_ms} if as_json else
               {"since": at(one.from_ms), "until": at(one.to_ms)}),
            "times": one.times,
            "detail": one.detail,
        }
        for one in found
    ]  # fmt: skip
    show(rows, as_json=as_json, title="Alarms", empty="No alarms.", wide=wide)


def _told(settings: Settings, from_ms: int, now_ms: int) -> list[Alarm]:
    from bailanys.cli.ledger import ledger_of
    from config.places import places_of
    from storage.errors import LedgerUnavailableError
    from storage.journal.alarms import alarms_in_journals

    try:
        with ledger_of(settings) as ledger:
            return asyncio.run(ledger.alarms_between(from_ms, now_ms + 1))
    except LedgerUnavailableError as error:
        say(f"The ledger is away ({error}): read from the journals.", err=True)
        return alarms_in_journals(places_of(settings, ROOT).journals, from_ms)
