"""`bailanys groups`: who waits for which group, who serves it, and which goes first."""

from __future__ import annotations

from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, WideOption, centre, say, show
from bailanys.cli.controller import asked, within_an_hour
from bailanys.cli.person import person

app = typer.Typer(help="Groups: list them, let one go first.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show every group: its priority in seconds, who waits, who serves it, who is ready."""
    answer = asked(centre(config).settings, "GET /groups")
    show(answer["groups"], as_json=as_json, title="Groups", wide=wide)


@app.command(context_settings={"ignore_unknown_options": True})  # a negative number is no option
def priority(
    group: Annotated[str, typer.Argument(help="Group's name.")],
    seconds: Annotated[int, typer.Argument(help="Its callers count as waiting so much longer; 0 for none.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Let a group's callers count as waiting longer than they do, compared with other groups'; at once, until changed.

    Who waits for the same group keeps their order. Kept over any restart; the configuration is not written.
    """
    body = {"priority_s": within_an_hour(seconds)}
    answer = asked(centre(config).settings, "PATCH /groups/{name}", group, body, by=person())
    say(f"Group {answer['of']}: priority {answer['priority_s']} s")
