"""`bailanys run`, `demo`, `check`, and the controller that they start."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bailanys.cli.context import CACHE, DEFAULT_CONFIG, ROOT, ConfigOption, become_who_runs, centre, finite, say
from config.load import load
from config.ownership import as_caller
from config.whole_file import write_whole

if TYPE_CHECKING:
    from bailanys.processes.hotline import Hotline


class NoPhonesError(Exception):
    """There is nobody to play a scene."""

    error_id = "no-phones"
    retryable = False


def add_to(app: typer.Typer) -> None:
    """Add the commands that stand at the top."""
    app.command()(run)
    app.command()(stop)
    app.command()(units)
    app.command()(demo)
    app.command()(check)
    app.command(hidden=True)(controller)
    app.command(hidden=True)(back_office)


def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Say what is wrong with the configuration, with file, line and key; nothing is started.

    Every file and folder that it names is looked at; ports, database and object storage are tried out.
    """
    from bailanys.site.check import doubts, outside_problems, remarks, start_problems
    from config.places import places_of
    from config.problems import ConfigError
    from config.source import read

    settings = centre(config).settings
    source, places = read(config, os.environ), places_of(settings, ROOT)
    if problems := [
        *start_problems(settings, source, places, ROOT, CACHE),
        *doubts(settings, source, places),
        *outside_problems(settings, source, places, ROOT),
    ]:
        raise ConfigError(tuple(problems))
    for remark in remarks(settings, source, places):
        say(f"warning: {remark}", err=True)
    say(f"{config}: {len(settings.operators)} operators in {len(settings.groups)} groups, all in order")


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the hotline in the foreground, with an Asterisk of its own.

    Ctrl-C (INT) stops everything with the calls. TERM, HUP and QUIT end all but Asterisk: calls go on, and the next
    `bailanys run` takes them over.
    """
    become_who_runs(config)
    _may_start(config)
    asyncio.run(_run(config))


def stop(
    drain: Annotated[
        bool, typer.Option("--drain/--now", help="Let the calls that are up end by themselves first, or not.")
    ] = True,
    within: Annotated[
        float, typer.Option(min=0, callback=finite, help="Seconds that they have; then the rest is ended.")
    ] = 600.0,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Stop the hotline and its calls: none new is taken, those that are up end by themselves, then Asterisk goes.

    Who waits already is still served. Ctrl-C while it drains opens the hotline again.
    """
    from bailanys.processes.stop import stop as stop_hotline
    from config.places import places_of
    from telephony.embedded import find_asterisk

    places = places_of(centre(config).settings, ROOT)
    ended = asyncio.run(stop_hotline(places, find_asterisk(CACHE), within if drain else 0.0, say))
    if not ended.was_running:
        say(f"No hotline runs on {places.state}.")
        return
    cut = f" {ended.cut} that were still up were ended." if ended.cut else ""
    refused = f" {ended.refused} new ones were refused meanwhile." if ended.refused else ""
    say(f"Stopped.{cut}{refused}")


def units(
    out: Annotated[
        Path | None, typer.Argument(help="Folder to write them to, e.g. /etc/systemd/system; else they are printed.")
    ] = None,
    user: Annotated[str, typer.Option(help="Who the service runs as; by default whose the state folder is.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make the systemd units of this hotline; docs/operations.md says what they do."""
    from bailanys.processes.unit_files import owner_of
    from bailanys.processes.unit_files import units as unit_files
    from config.places import places_of

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    made = unit_files(settings, places, config, ROOT, user or owner_of(places.state))
    for name, text in made.items():
        if out is None:
            say(f"# {name}\n{text}")
        else:
            with as_caller():
                write_whole(out / name, text)
            say(f"{out / name}")
    if out is not None:
        say("Then: systemctl daemon-reload; systemctl enable --now " + " ".join(sorted(made)))


def demo(
    config: ConfigOption = DEFAULT_CONFIG,
    keep: Annotated[bool, typer.Option(help="Keep the demo's logs, ledger and recordings to look at.")] = False,
) -> None:
    """Play a scene with real phones and real audio on a hotline of its own, and tell what happened."""
    if find_spec("phones") is None:
        raise NoPhonesError("the demo's phones come with a clone only, not with `make install`: `make demo` there")
    from bailanys.demo import play_demo

    load(config)
    asyncio.run(play_demo(config, ROOT, CACHE, say, keep=keep))


def controller(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the controller alone, beside an Asterisk that is up (`run` starts it; a service manager may too)."""
    from bailanys.controller import run_controller
    from bailanys.logging import set_up_logging
    from bailanys.processes import reloader
    from bailanys.processes.office_keeper import command
    from bailanys.site.secrets import site_secrets
    from config.places import places_of

    become_who_runs(config)
    set_up_logging()
    settings = centre(config).settings
    places = places_of(settings, ROOT)
    keys = site_secrets(places.state, (operator.number for operator in settings.operators))
    asyncio.run(run_controller(settings, places, keys, command(config), reloader.command(config)))


def back_office(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Keep the ledger and the archive (the controller starts it, and says when to begin)."""
    if not sys.stdin.readline():
        return
    from bailanys.back_office import run_back_office
    from bailanys.logging import set_up_logging
    from config.places import places_of

    become_who_runs(config)
    set_up_logging()
    settings = centre(config).settings
    asyncio.run(run_back_office(settings, places_of(settings, ROOT)))


def _may_start(config: Path) -> None:
    """Refuse a start that cannot work; beside calls that are up already only tell. Raises ConfigError."""
    from bailanys.site.check import doubts, remarks, start_problems
    from config.places import places_of
    from config.problems import ConfigError
    from config.source import read
    from telephony.process import running_pid

    settings = centre(config).settings
    source, places = read(config, os.environ), places_of(settings, ROOT)
    problems = start_problems(settings, source, places, ROOT, CACHE)
    up = places.asterisk_conf.exists() and running_pid(places.asterisk_conf) is not None
    if problems and not up:
        raise ConfigError(tuple(problems))
    for problem in (*problems, *doubts(settings, source, places), *remarks(settings, source, places)):
        say(f"warning: {problem}", err=True)


class _End(Enum):
    """What a signal means for the calls."""

    CALLS_TOO = "Stopping, with the calls"
    CALLS_GO_ON = "Leaving; the calls go on"


SIGNALS = {
    signal.SIGINT: _End.CALLS_TOO,  # a person at the terminal, or `bailanys stop`
    signal.SIGTERM: _End.CALLS_GO_ON,  # a service manager's restart
    signal.SIGHUP: _End.CALLS_GO_ON,  # the terminal is gone, and nobody meant the callers
    signal.SIGQUIT: _End.CALLS_GO_ON,
}


async def _run(config: Path) -> None:
    from bailanys.processes.hotline import hotline_up
    from bailanys.processes.notify import READY, STOPPING, manager_of

    manager = manager_of(os.environ)
    loop = asyncio.get_running_loop()
    told: asyncio.Future[_End] = loop.create_future()
    for number, meaning in SIGNALS.items():
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # started by nohup
        loop.add_signal_handler(number, _settle, told, meaning)
    alive = asyncio.create_task(manager.keep_alive())
    async with hotline_up(config, ROOT, CACHE, _tell) as up:
        _tell_how_to_use(up)
        manager.tell(READY, f"STATUS=Asterisk has pid {up.keeper.pid}")
        ending = await told
        _tell(f"\n{ending.value}")
        manager.tell(STOPPING)
        if ending is _End.CALLS_GO_ON:
            up.keeper.leave()
    alive.cancel()
    if ending is _End.CALLS_TOO:
        _tell("Stopped.")
    else:
        pid = up.keeper.pid
        _tell(f"Asterisk (pid {pid}) has the calls: `bailanys run` takes them over, `bailanys stop` ends them.")


def _settle(told: asyncio.Future[_End], meaning: _End) -> None:
    if not told.done():
        told.set_result(meaning)


def _tell(line: str) -> None:
    """Print it; a terminal or a pipe that is gone must not cost a talk."""
    with contextlib.suppress(OSError):
        say(line)


def _tell_how_to_use(up: Hotline) -> None:
    settings, sip = up.settings, up.settings.sip
    _tell(f"\nThe hotline is up. SIP server: {sip.bind}, port {sip.port} (UDP or TCP).")
    if not sys.stdout.isatty():  # what a service prints is kept in logs, where no password belongs
        _tell(
            f"Dial {settings.hotline.numbers[0]} to call it. Passwords of softphones: {up.places.state}/secrets.json."
        )
    else:
        _tell(f"Dial {settings.hotline.numbers[0]} to call it. Accounts for softphones:\n")
        for operator in settings.operators:
            _tell(
                f"  account op{operator.number}   password {up.secrets.operators[operator.number]}"
                f"   {operator.name}: {', '.join(operator.groups)}"
            )
    _tell("\nOn an operator's phone: *1 ready, *2 pause, *1 also ends the wrap-up; transfer a call to "
          + ", ".join(f"{g.transfer_number} ({g.name})" for g in settings.groups) + ".")  # fmt: skip
    _tell(f"Logs: {up.places.log}. Ctrl-C stops everything; TERM leaves the calls to the next `bailanys run`.")
