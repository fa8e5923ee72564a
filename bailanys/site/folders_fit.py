"""Can the folders that the configuration names be worked in? Tried out: a file is made and removed again."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from config.ownership import as_owner_alone, name_of, strangers
from config.places import Places
from config.problems import Finding
from config.settings import Settings
from telephony.process import SOCKET_PATH_BYTES

_STATE, _ARCHIVE, _KEYS = ("storage", "state_dir"), ("storage", "archive_dir"), ("recordings", "keys_file")
_STUDIO = ("speech", "override_dir")
SHOWN = 5
FULL = os.strerror(errno.ENOSPC)


def state_findings(state: Path, root: Path) -> Iterator[Finding]:
    """What no hotline can be started with; `root`: where the program lies. Not a full disk: calls go on (ADR 14)."""
    socket = state / "run" / "asterisk.ctl"
    if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
        words = f"{socket} would be longer than {SOCKET_PATH_BYTES} bytes, which no socket's path may be"
        yield Finding(_STATE, f"{words}: choose a shorter path")
    elif root.is_relative_to(state) or _everybodys(state):
        yield Finding(_STATE, f"{state} is not the hotline's alone: name a folder of its own, such as {state}/bailanys")
    elif (why := unfit(state)) and FULL not in why:
        yield Finding(_STATE, why)


def folder_findings(settings: Settings, places: Places) -> list[Finding]:
    """Everything else that is wrong with the folders."""
    return [*_within(places.state), *_others(settings, places), *_studio(settings, places)]


def _within(state: Path) -> Iterator[Finding]:
    if FULL in (why := unfit(state)):
        yield Finding(_STATE, why)
    others = strangers(state)
    if others:
        owner = name_of(state.stat().st_uid)
        shown = ", ".join(f"{path.relative_to(state)} ({name_of(uid)})" for path, uid in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        yield Finding(_STATE, f"belongs to {owner}, but not all in it: {shown}{more}; chown -R {owner} {state}")


def _others(settings: Settings, places: Places) -> Iterator[Finding]:
    if not unfit(places.state):  # what lies within it is told once
        for path, folder in ((_ARCHIVE, places.archive), (_KEYS, places.keys.parent)):
            if why := unfit(folder):
                yield Finding(path, why)
    url = settings.storage.database_url
    if url.startswith("sqlite") and not (folder := Path(urlsplit(url).path[1:]).parent).is_dir():
        yield Finding(("storage", "database_url"), f"there is no folder {folder}: make it, nothing else does")
    if places.keys.is_dir():
        yield Finding(_KEYS, f"{places.keys} is a folder: name a file")
    state, within = places.state, (places.spool, places.etc, places.log, places.journals[0].parent, places.packages)
    for folder in (*within, state / "data", state / "lib", places.control.parent):
        if os.path.lexists(folder) and not folder.is_dir():
            yield Finding(_STATE, f"{folder} is no folder, and has to be one: move it away")


def _studio(settings: Settings, places: Places) -> Iterator[Finding]:
    usual = type(settings.speech).model_fields["override_dir"].default
    if not places.override.is_dir() and (places.override.exists() or settings.speech.override_dir != usual):
        yield Finding(_STUDIO, f"there is no folder {places.override}: make it, or leave the key out")


def unfit(folder: Path) -> str:
    """Why nothing can be kept there, or the folder not be made; empty when it can."""
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if not there.is_dir():
        return f"{there} is no folder"
    trial = there / f".bailanys-{secrets.token_hex(4)}"
    try:
        if there == folder:
            with as_owner_alone():
                descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(descriptor, b"\0" * 4096)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
                trial.unlink()
        else:
            trial.mkdir()
            trial.rmdir()
    except OSError as error:
        where = f"{folder} cannot be made: {there}" if there != folder else str(folder)
        return f"{where}: {error.strerror}"
    return ""


def _everybodys(folder: Path) -> bool:
    """A folder where others keep things, too: the root of all, or one like /tmp."""
    return folder == Path(folder.anchor) or (folder.is_dir() and bool(folder.stat().st_mode & stat.S_ISVTX))
