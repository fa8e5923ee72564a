"""`bailanys db`: the ledger's tables."""

from __future__ import annotations

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, centre

app = typer.Typer(help="The ledger's database.", no_args_is_help=True)


@app.callback()
def database() -> None:
    """Keep the ledger's tables up to date."""


@app.command()
def upgrade(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Bring the ledger's tables up to date; does nothing when they are."""
    from bailanys.site import places_of
    from storage.migrate import upgrade as upgrade_tables

    changed = upgrade_tables(places_of(centre(config).settings, ROOT).database_url)
    typer.echo("The ledger's tables are up to date" + (" now" if changed else " already"))
