"""`bailanys recordings disks|repair`: whether there is room for recordings, and what a death left of them is mended."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, WideOption, centre, show

GIB = 1 << 30


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys recordings`."""
    app.command()(disks)
    app.command()(repair)


def disks(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show how full the disks of spool and archive are, how soon they will be full, and whether they take bytes."""
    from bailanys.control import ControlError, ask
    from config.places import places_of
    from recordings.upkeep.disk_watch import DiskWatch, disks_of

    places = places_of(centre(config).settings, ROOT)

    async def rows() -> list[dict[str, Any]]:
        try:
            answer = await ask(places.control, "GET /disks")
            return list(answer["disks"])
        except ControlError:  # the controller is down: the disks are there all the same
            watch = DiskWatch(disks_of(places), lambda *_: None)
            await watch.look()
            return [asdict(disk) for disk in watch.now()]

    found = asyncio.run(rows())
    show(found if as_json else list(map(_disk, found)), as_json=as_json, title="Disks", wide=wide)


def _disk(one: dict[str, Any]) -> dict[str, Any]:
    """A disk as a person reads it."""
    free, hours = one["free_bytes"], one["hours_to_full"]
    return {
        "disk": one["name"],
        "state": one["state"],
        "used": None if one["used_percent"] is None else f"{one['used_percent']:.1f} %",
        "free": None if free is None else f"{free / GIB:.1f} GiB",
        "full in": None if hours is None else f"{hours:.1f} h",
    }


def repair(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Mend what a death of Asterisk or of the controller left: finish and mark every recording that can be, now.

    While the hotline runs it does this by itself; afterwards, and after a crash of the machine, this does it.
    """
    from bailanys.site.identity import who_commands
    from config.places import places_of
    from recordings.upkeep.repair import repair as repair_recordings

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    mended = asyncio.run(repair_recordings(settings, places, who_commands(places)))
    rows = [
        {
            "recording": one.file,
            "status": one.status,
            "length_s": None if one.duration_ms is None else round(one.duration_ms / 1000, 1),
            "said": one.said,
        }
        for one in mended
    ]
    show(rows, as_json=as_json, title="Mended", empty="Nothing to mend.")
