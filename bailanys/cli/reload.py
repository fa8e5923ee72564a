"""`bailanys reload`: the changed configuration is taken up, calls go on."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import TYPE_CHECKING

import typer

from bailanys.cli.context import CACHE, DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, say, say_json
from bailanys.cli.person import person

if TYPE_CHECKING:
    from pathlib import Path

    from config.places import Places
    from config.settings import Settings

WORK_S = 130.0


class WantsStartError(Exception):
    """What only a start of the whole hotline can bring about has changed."""

    error_id = "wants-start"
    retryable = False


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys`."""
    app.command()(reload)
    app.command("take-up", hidden=True)(take_up)


def reload(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Take up the changed configuration while calls go on, and say what changed.

    It is checked first; Asterisk takes its files (what it does not take is put back as it was), and a new controller
    begins with the new settings. What takes a start of Asterisk is told.
    """
    from bailanys import control
    from config.places import places_of

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    _must_fit(settings, places, config)
    before = _made_ns(places)
    done = asyncio.run(control.ask(places.control, "POST /reload", by=person(), timeout_s=WORK_S))
    _await_next(places, before)
    if as_json:
        say_json(done)
        return
    say("Taken up; calls went on." if done["changed"] else "Taken up; no setting is other than it was.")
    for line in done["changed"]:
        say(f"  {line}")
    if done["wants_start"]:
        say("Asterisk takes only at its start, and goes on without it until then:")
        for line in done["wants_start"]:
            say(f"  {line}")
        say("`bailanys stop` (calls end by themselves, new ones are refused), then start the hotline again.")


def take_up(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check and install the configuration for the controller, whose settings are JSON on standard input."""
    from bailanys.cli.dialplan import installed
    from config.changes import AT_A_START, AT_ASTERISKS_START, changes, differing
    from config.places import places_of
    from telephony.embedded import find_asterisk

    before = json.load(sys.stdin)
    settings = centre(config).settings
    after = settings.model_dump(mode="json")
    if whole := differing(before, after, AT_A_START):
        raise WantsStartError(
            f"{', '.join(whole)}: taken only by `bailanys stop` and a start of the hotline; nothing was taken up"
        )
    places = places_of(settings, ROOT)
    _must_fit(settings, places, config)
    _, left = asyncio.run(installed(settings, places, find_asterisk(CACHE)))
    at_start = [f"{key} is other than it was" for key in differing(before, after, AT_ASTERISKS_START)]
    print(json.dumps({"changed": changes(before, after), "wants_start": [*at_start, *left]}))


def _must_fit(settings: Settings, places: Places, config: Path) -> None:
    """Raise ConfigError for what the next start would refuse."""
    from bailanys.site.check import start_problems
    from config.problems import ConfigError
    from config.source import read

    if problems := start_problems(settings, read(config, os.environ), places, ROOT, CACHE):
        raise ConfigError(tuple(problems))


def _made_ns(places: Places) -> int:
    """Which controller it is: the next one makes its socket anew."""
    try:
        return places.control.stat().st_ctime_ns
    except OSError:
        return 0


def _await_next(places: Places, before: int) -> None:
    """Wait until the next controller knows the calls. Raises ControlError."""
    from bailanys.processes.hotline import READY_S, controller_ready

    end_s = time.monotonic() + READY_S
    while _made_ns(places) in (0, before) and time.monotonic() < end_s:
        time.sleep(0.05)
    asyncio.run(controller_ready(places))
