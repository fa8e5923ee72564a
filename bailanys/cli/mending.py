"""`bailanys recordings disks`: whether there is room for recordings, and for how long (promise 14)."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, show


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys recordings`."""
    app.command()(disks)


def disks(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show how full the disks of spool and archive are, how soon they will be full, and whether they take bytes."""
    from bailanys.control import ControlError, ask
    from bailanys.disk_watch import DiskWatch, disks_of
    from bailanys.site import places_of

    places = places_of(centre(config).settings, ROOT)

    async def rows() -> list[dict[str, Any]]:
        try:
            answer = await ask(places.control, {"do": "disks"})
            return list(answer["disks"])
        except ControlError:  # the controller is down: the disks are there all the same
            watch = DiskWatch(disks_of(places), lambda *_: None)
            await watch.look()
            return [disk.model_dump() for disk in watch.now()]

    show(asyncio.run(rows()), as_json=as_json, title="Disks")
