"""`bailanys backup`, `bailanys restore`: the whole site, and what opens it apart (docs/backup.md)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, say, say_json
from bailanys.cli.person import who
from calls.people import Action

_MEGABYTE = 1_000_000


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys`."""
    app.command()(backup)
    app.command()(restore)


def backup(
    to: Annotated[Path, typer.Argument(help="The folder of all backups, on another disk; each is a folder in it.")],
    keys: Annotated[
        Path, typer.Option(help="Another folder, elsewhere, for the keys that open it: whoever has both hears all.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Back everything up while calls go on: ledger, recordings, journals, prompts, and apart from it the keys."""
    from bailanys.backup.taking import take
    from bailanys.cli.ledger import ledger_of
    from calls.audit import Note
    from config.places import places_of

    settings = centre(config).settings
    actor, places = who(settings, Action.BACK_UP), places_of(settings, ROOT)
    with ledger_of(settings, writing=True) as ledger:
        taken = take(settings, config, places, to, keys)
        facts = {"files": taken.files, "missing": len(taken.missing)}
        asyncio.run(ledger.audit.note(Note(actor, "backup.made", taken.folder.name, facts)))
    if as_json:
        told = {"folder": str(taken.folder), "keys": str(taken.keys), "files": taken.files, "linked": taken.linked}
        say_json(told | {"copied_bytes": taken.copied_bytes, "missing": list(taken.missing)})
        return
    say(f"{taken.folder}: {taken.files} files, {taken.copied_bytes / _MEGABYTE:.1f} MB copied, {taken.linked} linked")
    say(f"{taken.keys}: what opens it; keep it apart")
    for path in taken.missing:
        say(f"warning: {path} is in the ledger and not in the archive: see `bailanys recordings verify`", err=True)


def restore(
    folder: Annotated[
        Path, typer.Argument(metavar="BACKUP", help="One backup, the folder that has its manifest.json.")
    ],
    keys: Annotated[Path, typer.Option(help="Its keys, or the folder of all keys.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Put a backup back into an empty state folder, each file checked; then `audit verify`, `recordings verify`."""
    from bailanys.backup.putting_back import put_back
    from bailanys.cli.ledger import ledger_of
    from calls.audit import Note
    from config.places import places_of
    from recordings.upkeep.audit_checkpoints import add
    from recordings.vault.signing import signer_at

    settings = centre(config).settings
    actor, places = who(settings, Action.RESTORE), places_of(settings, ROOT)
    told = put_back(settings, places, folder, keys)
    with ledger_of(settings, writing=True) as ledger:
        asyncio.run(ledger.audit.note(Note(actor, "backup.restored", told.name, {"entries": told.audit_entries})))
        end = asyncio.run(ledger.audit.end())
    if end is not None:  # signed at once: nobody can tell later that something was put in between
        add(places.checkpoints, signer_at(places.signing_key), end, time.time_ns() // 1_000_000)
    say(f"{places.state} is as it was at {told.name}: {told.files} files, all as they were written")
    say("Now `bailanys recordings repair`, `bailanys audit verify`, `bailanys recordings verify`, then `bailanys run`.")
    for path in told.missing:
        say(f"warning: {path} was missing when the backup was made", err=True)
