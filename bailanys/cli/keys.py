"""`bailanys recordings rotate-key|join-keys`: the keys that open the archive (rule 14)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, say, show
from bailanys.cli.person import who
from calls.people import Action
from recordings.secret_file import Used
from recordings.vault.keyring import KeyRing

_Change = Callable[[Path, Used], KeyRing]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `bailanys recordings`."""
    app.command("rotate-key")(rotate_key)
    app.command("join-keys")(join_keys)


def rotate_key(
    lost: Annotated[
        bool,
        typer.Option("--lost", help="The file is lost for good, with what it sealed: begin a new one in its place."),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Put a new key into the file of keys: it wraps the key of each recording made from now on.

    What is in the archive stays as it is and is opened by the old keys, which stay in the file. Back the file up.
    """
    from recordings.vault.keyring import begin_anew, rotate

    settings = centre(config).settings
    actor = who(settings, Action.ROTATE)
    _changed(
        config,
        actor,
        "keys.begun-anew" if lost else "keys.rotated",
        lambda path, sealed_before: begin_anew(path) if lost else rotate(path, sealed_before),
        "{current} wraps from now on, of {keys} keys in {file}: back that file up",
        as_json=as_json,
    )


def join_keys(
    other: Annotated[Path, typer.Argument(help="Another file of keys: a backup, or one that was found again.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Put the keys of another file into ours, so that what either has sealed is heard. None is replaced."""
    from recordings.vault.keyring import join, ring_at

    settings = centre(config).settings
    actor = who(settings, Action.ROTATE)
    _changed(
        config,
        actor,
        "keys.joined",
        lambda path, _: join(path, ring_at(other)),
        "{keys} keys are in {file} now, {current} wraps: back that file up",
        as_json=as_json,
    )


def _changed(config: Path, actor: str, kind: str, change: _Change, said: str, *, as_json: bool) -> None:
    from bailanys.cli.ledger import ledger_of
    from calls.audit import Note
    from config.places import places_of
    from recordings.vault.vault import Vault

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    with ledger_of(settings, writing=True) as ledger:
        ring = change(places.keys, Vault(places).sealed_before)
        asyncio.run(ledger.audit.note(Note(actor, kind, ring.current, {"keys": len(ring.keys)})))
    row = {"current": ring.current, "keys": len(ring.keys), "file": str(places.keys)}
    if as_json:
        show([row], as_json=True)
    else:
        say(said.format_map(row))
