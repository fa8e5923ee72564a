"""`bailanys callbacks`: who is to be called back, and to cancel that."""

from __future__ import annotations

from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, WideOption, centre, clock, say, show
from bailanys.cli.controller import asked

app = typer.Typer(help="Callbacks: list those that are owed, cancel one.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show everybody who is to be called back, oldest place first, with the number."""
    settings = centre(config).settings
    rows = asked(settings, "GET /callbacks")["callbacks"]
    if not as_json:
        zone = settings.hotline.time_zone
        rows = [
            {
                "call": row["call"],
                "number": row["number"],
                "asked": clock(row["asked_ms"], zone),
                "state": row["state"],
                "place": row["place"],
                "not_before": clock(row["not_before_ms"], zone),
                "tried": row["tried"],
                "group": f"{row['group']} ({row['language']})",
            }
            for row in rows
        ]
    show(rows, as_json=as_json, title="Callbacks", empty="Nobody is to be called back.", wide=wide)


@app.command()
def cancel(
    call: Annotated[str, typer.Argument(help="The call it was asked in, as `callbacks list` shows it.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Call nobody for it any more; a call that is being made goes on."""
    answer = asked(centre(config).settings, "DELETE /callbacks/{id}", call)
    rest = ", but the phones are ringing just now" if answer["being_called"] else ""
    say(f"Callback of {answer['call']}: cancelled{rest}")
