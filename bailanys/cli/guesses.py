"""`bailanys guesses`: who is refused unread for guessing at SIP accounts, and to let an address in again."""

from __future__ import annotations

from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, WideOption, centre, clock, say, show
from bailanys.cli.controller import asked

app = typer.Typer(help="Guesses at SIP accounts: list who is slowed, let an address in.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show the addresses that Asterisk refuses unread, and until when; the alarm `sip-guesses` says what they tried."""
    settings = centre(config).settings
    rows = asked(settings, "GET /guesses")["slowed"]
    if not as_json:
        zone = settings.hotline.time_zone
        rows = [
            {"address": row["address"], "since": clock(row["from_ms"], zone), "until": clock(row["until_ms"], zone),
             "times": row["times"]}
            for row in rows
        ]  # fmt: skip
    show(rows, as_json=as_json, title="Slowed", empty="Nobody is slowed.", wide=wide)


@app.command()
def lift(
    address: Annotated[str, typer.Argument(help="As `guesses list` shows it.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Let an address in again at once: an administrator's. It begins anew if it guesses again."""
    from bailanys.cli.person import who
    from calls.people import Action

    settings = centre(config).settings
    by = who(settings, Action.LET_IN)
    let_in = asked(settings, "DELETE /guesses/{address}", address.strip(), by=by)
    say(f"{let_in['address']}: let in")
