"""The systemd units of this hotline, with the places of this machine in them."""

from __future__ import annotations

import grp
import os
import pwd
import sys
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.places import Places
from config.settings import Settings

TEMPLATES = Path(__file__).with_name("units")
PRIVILEGED_BELOW = 1024


class NoSuchUserError(Exception):
    """The unit's user is not on this machine."""

    error_id = "no-such-user"
    retryable = False


def owner_of(state: Path) -> str:
    """Whose the state folder is, or will be: the account that the service runs as."""
    uid = state.stat().st_uid if state.exists() else os.geteuid()
    return pwd.getpwuid(uid).pw_name


def units(settings: Settings, places: Places, config: Path, root: Path, user: str) -> dict[str, str]:
    """Each unit's file name and text. Raises NoSuchUserError."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise NoSuchUserError(f"no user {user!r} on this machine: useradd --system {user}") from None
    # The folders above, where the hotline's own are not there yet: systemd refuses to start on a path that is not.
    writable = _outermost(_there(place) for place in (places.state, places.archive, places.keys.parent))
    ports = (settings.sip.port, settings.sip.tls_port or settings.sip.port, settings.api.port)
    code = [root, Path(sys.prefix), config.resolve().parent, places.override, *writable]
    environment = Environment(  # noqa: S701 - units, not HTML
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    values = {
        "user": user,
        "group": grp.getgrgid(account.pw_gid).gr_name,
        "root": str(root).replace("%", "%%"),
        "python": _word(Path(sys.prefix) / "bin" / "python"),
        "config": _word(config.resolve()),
        "writable": [_word(place) for place in writable],
        "privileged": any(port < PRIVILEGED_BELOW for port in ports),
        "at_home": any(place.is_relative_to(home) for place in code for home in ("/home", "/root", "/run/user")),
    }
    return {
        path.name: environment.get_template(path.name).render(values) for path in sorted(TEMPLATES.glob("*.service"))
    }


def _there(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.is_dir())


def _outermost(places: Iterable[Path]) -> list[Path]:
    found = sorted({place.resolve() for place in places})
    return [place for place in found if not any(place != other and place.is_relative_to(other) for other in found)]


def _word(path: Path) -> str:
    """A path as systemd reads it back: `%` begins a specifier, blanks part words."""
    text = str(path).replace("%", "%%")
    return f'"{text}"' if any(char.isspace() for char in text) else text
