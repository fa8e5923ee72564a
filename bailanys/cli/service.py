"""`bailanys run`, `demo`, `check`, and the controller that they start."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from bailanys.cli.context import CACHE, DEFAULT_CONFIG, ROOT, ConfigOption, centre
from config.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands that stand at the top."""
    app.command()(run)
    app.command()(demo)
    app.command()(check)
    app.command(hidden=True)(controller)
    app.command(hidden=True)(back_office)


def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Say what is wrong with the configuration, with file, line and key; nothing is started."""
    from bailanys.storing import store_unreached
    from config.ports_free import ports_in_use
    from config.problems import ConfigError
    from config.source import read

    settings = _checked(config)
    source = read(config, os.environ)
    if problems := [*ports_in_use(settings, source), *store_unreached(settings, ROOT, source)]:
        raise ConfigError(tuple(problems))
    typer.echo(f"{config}: {len(settings.operators)} operators in {len(settings.groups)} groups, all in order")


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the hotline in the foreground until Ctrl-C, with an Asterisk of its own."""
    _checked(config)
    asyncio.run(_run(config))


def demo(
    config: ConfigOption = DEFAULT_CONFIG,
    keep: Annotated[bool, typer.Option(help="Keep the demo's logs, ledger and recordings to look at.")] = False,
) -> None:
    """Play a scene with real phones and real audio on a hotline of its own, and tell what happened."""
    from bailanys.demo import play_demo

    _checked(config)
    asyncio.run(play_demo(config, ROOT, CACHE, typer.echo, keep=keep))


def controller(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the controller alone, beside an Asterisk that is up (`run` starts it; a service manager may too)."""
    from bailanys.controller import run_controller
    from bailanys.logging import set_up_logging
    from bailanys.office_keeper import command
    from bailanys.site import places_of, site_secrets

    set_up_logging()
    settings = centre(config).settings
    places = places_of(settings, ROOT)
    keys = site_secrets(places.state, (operator.number for operator in settings.operators))
    asyncio.run(run_controller(settings, places, keys, command(config)))


def back_office(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Keep the ledger and the archive (the controller starts it)."""
    from bailanys.back_office import run_back_office
    from bailanys.logging import set_up_logging
    from bailanys.site import places_of

    set_up_logging()
    settings = centre(config).settings
    asyncio.run(run_back_office(settings, places_of(settings, ROOT)))


def _checked(config: Path) -> Settings:
    from config.problems import ConfigError, Problem
    from speech.sources import missing_prompts

    settings = centre(config).settings
    if missing := missing_prompts(settings):
        raise ConfigError(tuple(Problem(str(config), None, "menu", str(prompt)) for prompt in missing))
    return settings


async def _run(config: Path) -> None:
    from bailanys.service import hotline_up

    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    async with hotline_up(config, ROOT, CACHE, typer.echo) as up:
        settings, sip = up.settings, up.settings.sip
        typer.echo(f"\nThe hotline is up. SIP server: {sip.bind}, port {sip.port} (UDP or TCP).")
        typer.echo(f"Dial {settings.hotline.numbers[0]} to call it. Accounts for softphones:\n")
        for operator in settings.operators:
            typer.echo(
                f"  account op{operator.number}   password {up.secrets.operators[operator.number]}"
                f"   {operator.name}: {', '.join(operator.groups)}"
            )
        typer.echo("\nOn an operator's phone: *1 ready, *2 pause, *1 also ends the wrap-up; transfer a call to "
                   + ", ".join(f"{g.transfer_number} ({g.name})" for g in settings.groups) + ".")  # fmt: skip
        typer.echo(f"Logs: {up.places.log}. Ctrl-C stops everything.")
        await end.wait()
        typer.echo("\nStopping")
    typer.echo("Stopped.")
