"""`bailanys dialplan`: the files that Asterisk reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bailanys.cli.context import CACHE, DEFAULT_CONFIG, ROOT, ConfigOption, centre, say
from config.ownership import as_caller

if TYPE_CHECKING:
    from config.places import Places
    from config.settings import Settings
    from telephony.embedded import AsteriskInstall

app = typer.Typer(help="What Asterisk reads: render it, install it.", no_args_is_help=True)


@app.command()
def render(
    out: Annotated[Path, typer.Argument(help="Folder to write to.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Render every Asterisk file into a folder, to look at; nothing running is touched."""
    from bailanys.site.prepare import asterisk_site
    from bailanys.site.secrets import site_secrets
    from config.places import places_of
    from dialplan.install import install
    from dialplan.render import render as render_files
    from dialplan.verify import verify
    from telephony.embedded import find_asterisk

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    keys = site_secrets(places.state, (operator.number for operator in settings.operators))
    files = render_files(settings, asterisk_site(settings, places, find_asterisk(CACHE), keys))
    verify(files, settings)
    with as_caller():
        install(files, out)
    say(f"{len(files)} files in {out}")


@app.command("install")
def install_(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Render into the site's own folder and have a running Asterisk take it; calls go on.

    What Asterisk does not take is put back as it was. What it takes only at its start is told, with what to do.
    """
    import asyncio
    import os

    from bailanys.site.check import start_problems
    from config.places import places_of
    from config.problems import ConfigError
    from config.source import read
    from telephony.embedded import find_asterisk

    settings = centre(config).settings
    places, asterisk = places_of(settings, ROOT), find_asterisk(CACHE)
    if problems := start_problems(settings, read(config, os.environ), places, ROOT, CACHE):
        raise ConfigError(tuple(problems))  # the next start would refuse it
    running, left = asyncio.run(installed(settings, places, asterisk))
    if not running:
        say(f"Installed in {places.etc}; Asterisk is not running")
        return
    say(f"Installed in {places.etc}, reloaded and looked at. The controller has its settings of before:")
    say("`bailanys reload`, or `systemctl restart bailanys`; callers notice nothing.")
    if left:
        say("A restart of Asterisk is needed for what it takes only at its start:")
        for line in left:
            say(f"  {line}")
        say("`bailanys stop` (calls end by themselves, new ones are refused), then start the hotline again.")


async def installed(settings: Settings, places: Places, asterisk: AsteriskInstall) -> tuple[bool, list[str]]:
    """Whether Asterisk runs, and what it takes only at its start. Raises NotTakenError with all as it was before."""
    from bailanys.processes.reload import NotTakenError, not_taken, reload_asterisk, wants_restart
    from bailanys.site.prepare import prepare
    from dialplan.install import former
    from telephony.process import running_pid

    conf = places.asterisk_conf
    if not conf.exists() or running_pid(conf) is None:
        prepare(settings, places, asterisk)
        return False, []
    with former(places.etc) as before:
        try:
            prepare(settings, places, asterisk)
            await reload_asterisk(asterisk, conf)
            if faults := await not_taken(asterisk, places, settings):
                raise NotTakenError("; ".join(faults))
        except BaseException as error:
            before.put_back()
            await reload_asterisk(asterisk, conf)
            if isinstance(error, NotTakenError):
                raise NotTakenError(f"Asterisk did not take it, and all is as it was before: {error}") from None
            raise
    return True, await wants_restart(asterisk, places, settings)
