"""`bailanys recordings retention`: how long recordings are kept, and what is over age (rule 14)."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, show
from bailanys.cli.person import who
from calls.people import Action


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys recordings`."""
    app.command()(retention)


def retention(
    dispose: Annotated[
        bool, typer.Option("--dispose", help="Dispose now of what is due; the controller does it each day by itself.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show how long recordings are kept, and what is over age; what is on hold is never disposed of.

    `[storage] retention_days` only ever grows: a smaller one is kept out of force.
    """
    from bailanys.cli.ledger import ledger_of
    from calls.audit import Note
    from calls.local_day import local_time
    from config.places import places_of
    from recordings.upkeep.retention import dispose_due
    from storage import retention as kept

    settings = centre(config).settings
    days, gone = settings.storage.retention_days, list[str]()

    with ledger_of(settings, writing=dispose) as ledger:
        if dispose:
            actor = who(settings, Action.DISPOSE)
            asyncio.run(ledger.audit.note(Note(actor, "retention.ordered", "archive", {"configured_days": days})))
            with contextlib.redirect_stdout(sys.stderr):  # what is logged is no part of the answer
                gone = asyncio.run(dispose_due(ledger, places_of(settings, ROOT), days, by_hand=True))
        now_ms = time.time_ns() // 1_000_000
        stands = asyncio.run(ledger.read(lambda one: kept.retention_state(one, days, now_ms)))
    oldest = None if stands.oldest_ms is None else local_time(stands.oldest_ms, settings.hotline.time_zone)
    row = {
        "kept_days": stands.kept_days,
        "configured_days": days,
        "recordings": stands.kept,
        **({"oldest_ms": stands.oldest_ms} if as_json else {"oldest": oldest and f"{oldest:%Y-%m-%d %H:%M:%S%z}"}),
        "on_hold": stands.on_hold,
        "due": stands.due,
        "due_but_on_hold": stands.due_on_hold,
        "disposed_of": stands.disposed,
        "disposed_of_now": len(gone),
    }
    if as_json:
        show([row], as_json=True)
    else:
        facts = [{"what": name.replace("_", " "), "is": value} for name, value in row.items()]
        show(facts, as_json=False, title="Retention")
