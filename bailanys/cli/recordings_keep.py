"""`bailanys recordings hold|release|reconcile`: what is kept, and whether archive and ledger agree (rule 14)."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, say, show
from bailanys.cli.person import who
from calls.people import Action

CallArgument = Annotated[str, typer.Argument(help="The call's id, as `find` shows it.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept in the audit log with your name.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys recordings`."""
    for command in (hold, release, reconcile):
        app.command()(command)


def hold(call: CallArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Keep a call's recordings whatever their age, until they are released."""
    from bailanys.cli.ledger import ledger_of
    from recordings.access.export import reason_of, recordings_of
    from storage import retention

    now_ms, settings = time.time_ns() // 1_000_000, centre(config).settings
    actor, reason = who(settings, Action.HOLD), reason_of(reason)
    with ledger_of(settings, writing=True) as ledger:
        wanted = asyncio.run(recordings_of(ledger, call))
        asked = ledger.write(lambda one: retention.hold(one, wanted, actor, reason, now_ms))
        order = asyncio.run(asked)
    say(f"{len(wanted)} recordings of {call} are on hold by {order}")


def release(
    call: CallArgument,
    reason: ReasonOption,
    order: Annotated[str, typer.Option(help="Which hold, as `hold` told it: needed where several hold.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """End one hold; others on the same recordings, and what a demand holds, stay."""
    from bailanys.cli.ledger import ledger_of
    from recordings.access.export import reason_of, recordings_of
    from storage import retention

    now_ms, settings = time.time_ns() // 1_000_000, centre(config).settings
    actor, reason = who(settings, Action.RELEASE), reason_of(reason)
    with ledger_of(settings, writing=True) as ledger:
        files = [made.file for made in asyncio.run(recordings_of(ledger, call))]
        asked = ledger.write(lambda one: retention.release(one, files, actor, reason, now_ms, order))
        ended = asyncio.run(asked)
    say(f"{len(ended)} holds on recordings of {call} have ended")


def reconcile(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Hold journals, ledger, spool and archive against each other: what can be is mended, all else told."""
    from bailanys.cli.ledger import ledger_of
    from config.places import places_of
    from recordings.upkeep.reconcile import reconcile_all

    settings = centre(config).settings
    with ledger_of(settings, writing=True) as ledger:
        found = asyncio.run(reconcile_all(ledger, places_of(settings, ROOT)))
    rows = [{"recording": one.file, "what": one.what, "done": one.done or "look at it"} for one in found]
    show(rows, as_json=as_json, title="Mismatches", empty="Archive and ledger agree.")
