"""`bailanys db`: the ledger's tables."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, centre, say
from bailanys.cli.person import who
from calls.people import Action

if TYPE_CHECKING:
    from storage.engine import Connection

app = typer.Typer(help="The ledger's database.", no_args_is_help=True)


@app.callback()
def database() -> None:
    """Keep the ledger's tables up to date."""


@app.command("take-over")
def take_over(
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log with your name.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make the ledger this state folder's, when the hotline that it belongs to is gone for good."""
    from bailanys.site.identity import identity
    from calls.audit import Note
    from config.places import places_of
    from recordings.access.export import reason_of
    from storage import audit, owner
    from storage.engine import open_engine
    from storage.transaction import transact

    settings = centre(config).settings
    actor, reason, places = who(settings, Action.TAKE_OVER), reason_of(reason), places_of(settings, ROOT)
    ours, engine = identity(places), open_engine(places.database_url)

    def taken(connection: Connection) -> str:
        if before := owner.take_over(connection, ours):
            facts = {"reason": reason, "before": before, "place": ours.place}
            audit.append(connection, [Note(actor, "ledger.taken-over", "ledger", facts)], time.time_ns() // 1_000_000)
        return before

    try:
        before = transact(engine, taken)
    finally:
        engine.dispose()
    said = f"was that of {before}, and belongs to {ours.place} now" if before else f"belongs to {ours.place}"
    say(f"The ledger {said}")


@app.command()
def upgrade(
    lost: Annotated[
        bool, typer.Option("--lost", help="The ledger is lost for good: begin a new one, where there is none.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Bring the ledger's tables up to date; does nothing when they are."""
    from config.places import places_of
    from recordings.vault.vault import Vault
    from storage.migrate import upgrade as upgrade_tables

    places = places_of(centre(config).settings, ROOT)
    changed = upgrade_tables(places.database_url, (lambda: "") if lost else Vault(places).ledger_begun)
    say("The ledger's tables are up to date" + (" now" if changed else " already"))
