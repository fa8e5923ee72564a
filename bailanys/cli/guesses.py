"""`bailanys guesses`: who is refused unread for guessing at SIP accounts, and to let an address in again."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, clock, say, show

app = typer.Typer(help="Guesses at SIP accounts: list who is slowed, let an address in.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show the addresses that Asterisk refuses unread, and until when; the alarm `sip-guesses` says what they tried."""
    from bailanys.control import ask
    from config.places import places_of

    settings = centre(config).settings
    rows = asyncio.run(ask(places_of(settings, ROOT).control, {"do": "guesses"}))["slowed"]
    if not as_json:
        zone = settings.hotline.time_zone
        rows = [
            {"address": row["address"], "since": clock(row["from_ms"], zone), "until": clock(row["until_ms"], zone),
             "times": row["times"]}
            for row in rows
        ]  # fmt: skip
    show(rows, as_json=as_json, title="Slowed", empty="Nobody is slowed.", whole="address")


@app.command()
def lift(
    address: Annotated[str, typer.Argument(help="As `guesses list` shows it.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Let an address in again at once: an administrator's. It begins anew if it guesses again."""
    from bailanys.cli.person import who
    from bailanys.control import ask
    from calls.people import Action
    from config.places import places_of

    settings = centre(config).settings
    by = who(settings, Action.LET_IN)
    request = {"do": "let-in", "address": address.strip(), "by": by}
    let_in = asyncio.run(ask(places_of(settings, ROOT).control, request))
    say(f"{let_in['address']}: let in")
