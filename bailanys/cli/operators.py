"""`bailanys operators`: who is there, and ready or paused by the supervisor's hand."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, show

app = typer.Typer(help="Operators: list them, make one ready, pause one.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show every operator's state now, and why."""
    from bailanys.control import ask
    from bailanys.site import places_of

    places = places_of(centre(config).settings, ROOT)
    answer = asyncio.run(ask(places.control, {"do": "operators"}))
    show(answer["operators"], as_json=as_json, title="Operators")


@app.command()
def ready(
    number: Annotated[str, typer.Argument(help="Operator's number.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Make an operator ready, as `*1` on the phone does."""
    _duty(number, config, is_ready=True, reason="")


@app.command()
def pause(
    number: Annotated[str, typer.Argument(help="Operator's number.")],
    reason: Annotated[str, typer.Option(help="Why; shown to supervisors and kept.")] = "break",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Pause an operator, as `*2` on the phone does; a talk goes on."""
    _duty(number, config, is_ready=False, reason=reason)


def _duty(number: str, config: ConfigOption, *, is_ready: bool, reason: str) -> None:
    from bailanys.control import ask
    from bailanys.site import places_of

    places = places_of(centre(config).settings, ROOT)
    answer = asyncio.run(ask(places.control, {"do": "duty", "operator": number, "ready": is_ready, "reason": reason}))
    typer.echo(f"Operator {answer['operator']}: {answer['state']}")
