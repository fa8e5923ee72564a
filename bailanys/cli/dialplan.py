"""`bailanys dialplan`: the files that Asterisk reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailanys.cli.context import CACHE, DEFAULT_CONFIG, ROOT, ConfigOption, centre

app = typer.Typer(help="What Asterisk reads: render it, install it.", no_args_is_help=True)


@app.command()
def render(
    out: Annotated[Path, typer.Argument(help="Folder to write to.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Render every Asterisk file into a folder, to look at; nothing running is touched."""
    from bailanys.site import asterisk_site, places_of
    from bailanys.site_secrets import site_secrets
    from dialplan.install import install
    from dialplan.render import render as render_files
    from dialplan.verify import verify
    from telephony.embedded import find_asterisk

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    keys = site_secrets(places.state, (operator.number for operator in settings.operators))
    files = render_files(settings, asterisk_site(settings, places, find_asterisk(CACHE), keys))
    verify(files, settings)
    install(files, out)
    typer.echo(f"{len(files)} files in {out}")


@app.command("install")
def install_(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Render into the site's own folder and reload a running Asterisk; calls go on."""
    import asyncio

    from bailanys.cli.reload import reload_asterisk
    from bailanys.site import places_of, prepare
    from telephony.embedded import find_asterisk

    settings = centre(config).settings
    places, asterisk = places_of(settings, ROOT), find_asterisk(CACHE)
    prepare(settings, places, asterisk)
    reloaded = asyncio.run(reload_asterisk(asterisk, places.asterisk_conf))
    typer.echo(f"Installed in {places.etc}" + (", reloaded" if reloaded else "; Asterisk is not running"))
