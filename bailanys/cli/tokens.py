"""`bailanys tokens`: who may use the HTTP API, and for what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, WideOption, centre, say, show
from bailanys.cli.person import who
from calls.people import Action
from console.scopes import ADMINISTERS, HEARS
from console.token_file import TokenFile

app = typer.Typer(help="Tokens of the HTTP API: add one, list them, revoke one.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who will use it; log lines name it.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, e.g. calls:read; may be given several times.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make a token and print it: this is the only time it is shown, only a digest of it is kept."""
    import time

    from console.tokens import new_token

    if (HEARS | ADMINISTERS).intersection(scope):
        who(centre(config).settings, Action.ADMIT_PROGRAM)
    secret, token = new_token(name, scope, time.time_ns() // 1_000_000)
    _file(config).add(token)
    say(secret)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show every token's name, scopes and last use (to within a minute)."""
    from calls.local_day import local_time

    zone = centre(config).settings.hotline.time_zone

    def told(at_ms: int | None) -> str | None:
        return None if at_ms is None else local_time(at_ms, zone).strftime("%Y-%m-%d %H:%M:%S%z")

    rows = [
        {
            "name": token.name,
            "scopes": sorted(token.scopes),
            **({"created_ms": token.created_ms, "last_use_ms": token.used_ms} if as_json else
               {"created": told(token.created_ms), "last_use": told(token.used_ms)}),
        }
        for token in _file(config).current()
    ]  # fmt: skip
    show(
        rows, as_json=as_json, title="Tokens of the HTTP API", empty="No token: nobody may use the HTTP API.", wide=wide
    )


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Revoke a token; it opens nothing from the next request on."""
    _file(config).revoke(name)
    say(f"Token {name}: revoked")


def _file(config: Path) -> TokenFile:
    from config.places import places_of

    return TokenFile(places_of(centre(config).settings, ROOT).tokens)
