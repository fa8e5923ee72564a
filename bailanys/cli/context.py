"""What every command needs: the settings, the places, and tables or JSON for the answer."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from bailanys.cli.instants import with_instants
from bailanys.cli.terminal import json_that_prints
from calls.json_text import json_text
from config.load import load
from config.ownership import become_owner, work_as_owner
from config.places import places_of
from config.settings import LANGUAGES, Settings
from config.visible_text import shown

_CODE = Path(__file__).resolve().parents[2]
ROOT = _CODE if (_CODE / "pyproject.toml").exists() else Path(sys.prefix)
"""The project's folder, or the one that `make install` filled; relative paths of the configuration are under it."""

CACHE = ROOT / ".cache"
ONE_OF_LANGUAGES = f"{', '.join(LANGUAGES[:-1])} or {LANGUAGES[-1]}"
"""`kk, ru or en`."""

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="BAILANYS_CONFIG",
        help="The file that describes the centre.",
        show_default="config/hotline.toml",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
WideOption = Annotated[
    bool, typer.Option("--wide", help="Everything of a row on one line, however long, e.g. for `grep`.")
]


def finite(value: float | None) -> float | None:
    """Refuse `nan` and `inf`, which no limit of an option holds back."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number of anything")
    return value


DEFAULT_CONFIG = ROOT / "config" / "hotline.toml"


@dataclass(frozen=True, slots=True)
class Centre:
    """The settings and where they came from."""

    config: Path
    settings: Settings


def centre(config: Path) -> Centre:
    """Load the configuration; files are then opened and made as whoever the state folder belongs to.

    Raises ConfigError, OSError.
    """
    settings = load(config)
    work_as_owner(places_of(settings, ROOT).state)
    return Centre(config, settings)


def become_who_runs(config: Path) -> None:
    """Where root starts what stays, go on as whoever the state folder belongs to. Raises ConfigError, OSError."""
    state = places_of(load(config), ROOT).state
    become_owner(state, [sys.executable, "-m", "bailanys", *sys.argv[1:]])


def clock(at_ms: int | None, zone: str) -> str | None:
    """The local time of day of an instant."""
    from calls.local_day import local_time

    return None if at_ms is None else local_time(at_ms, zone).strftime("%H:%M:%S")


def length(seconds: float) -> str:
    """A length of time as people read it: `0:12`, `61:05`, `2:03:09` from two hours on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    return f"{minutes}:{rest:02}" if hours < 2 else f"{hours}:{of_hour:02}:{rest:02}"


def say(text: object, *, err: bool = False) -> None:
    """Print for a person; what a caller or a letter wrote in it has no power over the terminal."""
    _print(shown(str(text), but="\n"), sys.stderr if err else sys.stdout)


def say_json(value: object) -> None:
    """Print for a program, and whoever looks at it; each instant as epoch ms and in ISO 8601."""
    _print(json_that_prints(json_text(with_instants(value), indent=1, default=str)), sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    """In the encoding that was asked for: `typer.echo` writes UTF-8 where that is ASCII."""
    print(text, file=stream, flush=True)


def show(
    rows: Sequence[Mapping[str, Any]], *, as_json: bool, title: str = "", empty: str = "Nothing.", wide: bool = False
) -> None:
    """Print rows as a table for a person, which fits the screen unless it is `wide`, or as JSON for a program."""
    if as_json:
        say_json(list(rows))
        return
    if not rows:
        say(empty)
        return
    from bailanys.cli.listing import table

    say(table(rows, shutil.get_terminal_size().columns, title=title, wide=wide))
