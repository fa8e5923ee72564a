"""Whom Asterisk runs as where root starts the hotline: somebody who may do nothing else on this machine.

Asterisk reads what the whole world sends. As root it would have the machine; as a user of its own it has what it needs
in the state folder and no more: it writes recordings, its journal and its database, reads its configuration, and cannot
open the archive's keys, the ledger or the tokens.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.places import Places
from config.settings import Settings
from telephony.embedded import AsteriskInstall

ROOT = "root"
USUAL = "asterisk"
NAMELESS = 61_414
"""A number that no account has: of the range that systemd keeps for services without one (61184 to 65519)."""
FIRST_FREE_PORT = 1024

_SEEN = 'for place; do kind=${place%%:*}; test "-$kind" "${place#*:}" || { echo "${place#*:}"; exit 1; }; done'


class AsteriskUserError(Exception):
    """Asterisk cannot run as the user that the configuration names."""

    error_id = "asterisk-user"
    retryable = False


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system, with its main group and no other."""

    uid: int
    gid: int
    name: str


def chosen(settings: Settings, places: Places, asterisk: AsteriskInstall) -> tuple[Account | None, str]:
    """Whom to start Asterisk as, None for ourselves; and what a person should know about it.

    Raises AsteriskUserError where the configuration names a user and it cannot be that one.
    """
    wanted = settings.asterisk.user
    if os.geteuid() != 0:
        return None, ""
    if wanted == ROOT:
        return None, "Asterisk runs as root, as the configuration has it"
    account = _account(wanted)
    why = _hindrance(account, settings, places, asterisk)
    if why is None:
        return account, f"Asterisk runs as {account.name}, not as root"
    return _as_root(settings, account, why)


def settled(settings: Settings, places: Places, asterisk: AsteriskInstall) -> tuple[Account | None, str]:
    """As `chosen`, with everything handed over and tried. Raises AsteriskUserError."""
    account, said = chosen(settings, places, asterisk)
    if account is None:
        return None, said
    try:
        hand_over(settings, places, account)
    except OSError as error:  # a disk that is full, read-only, or has no such users
        return _as_root(settings, account, f"its files cannot be given to it ({error})")
    folders = (places.state / "lib", places.spool, places.log, places.journals[0], places.control.parent)
    why = _unseen(account, [*(f"w:{folder}" for folder in folders), f"r:{places.asterisk_conf}"])
    return (account, said) if why is None else _as_root(settings, account, why)


def hand_over(settings: Settings, places: Places, account: Account) -> None:
    """Give Asterisk's user what it writes, and let it read what it reads. Raises OSError."""
    os.chown(places.state, -1, account.gid)
    for folder in (places.etc, *places.etc.glob("*.conf")):
        os.chown(folder, 0, account.gid)
        folder.chmod(0o750 if folder.is_dir() else 0o640)
    for folder in (places.state / "data", *_below(places.state / "data")):
        if not folder.is_symlink():
            folder.chmod(folder.stat().st_mode | (0o055 if folder.is_dir() else 0o044))
    for folder in (places.log, places.control.parent):  # ours, too: neither may take the other's files away
        os.chown(folder, 0, account.gid)
        folder.chmod(0o1770)
    ours = (places.state / "lib", places.spool, places.journals[0].parent)
    for folder in ours:  # which may be links to another disk
        if folder.stat().st_uid == 0:
            os.chown(folder, account.uid, account.gid)
    theirs = [places.journals[0], *(path for folder in ours for path in _below(folder))]
    theirs += [path for name in ("messages.log*", "queue_log*") for path in places.log.glob(name)]
    theirs += list(places.control.parent.glob("asterisk.*"))
    places.journals[0].touch(mode=0o640)
    for path in theirs:
        _give(path, account)
    if settings.sip.tls_port is not None:
        for path in _tls(settings, places):
            _give(path, account)
            for folder in _between(path, places.state):
                folder.chmod(folder.stat().st_mode | 0o011)  # to pass through, not to look into


def _as_root(settings: Settings, account: Account, why: str) -> tuple[None, str]:
    if settings.asterisk.user:
        raise AsteriskUserError(f"Asterisk cannot run as {account.name}: {why}")
    return None, f"Asterisk runs as root, since {account.name} cannot take its place: {why}"


def _account(wanted: str) -> Account:
    try:
        found = pwd.getpwnam(wanted or USUAL)
    except KeyError:
        if wanted:
            raise AsteriskUserError(
                f'[asterisk] user: there is no account "{wanted}" on this machine: useradd --system {wanted}'
            ) from None
        return Account(NAMELESS, NAMELESS, f"user {NAMELESS}")
    return Account(found.pw_uid, found.pw_gid, found.pw_name)


def _hindrance(account: Account, settings: Settings, places: Places, asterisk: AsteriskInstall) -> str | None:
    """Why it cannot be this user, and what helps."""
    for port in (settings.sip.port, settings.sip.tls_port):
        if port is not None and port < FIRST_FREE_PORT:
            return f"port {port} needs the rights of root: use one from {FIRST_FREE_PORT} on"
    program = Path(asterisk.run[0]).resolve()
    folders = [asterisk.module_dir, asterisk.data_dir]
    needed = [*_ways(program, *folders, places.state), *(f"r:{folder}" for folder in folders), f"x:{program}"]
    if settings.sip.tls_port is not None:
        outside = [path for path in _tls(settings, places) if places.state not in path.parents]
        needed += [*_ways(*outside), *(f"r:{path}" for path in outside)]
    return _unseen(account, needed)


def _unseen(account: Account, needed: Iterable[str]) -> str | None:
    """The first place that this user has not the right to; each as `r:/path`, `w:` or `x:`."""
    try:
        seen = subprocess.run(
            ["/bin/sh", "-c", _SEEN, "seen", *dict.fromkeys(needed)],
            user=account.uid, group=account.gid, extra_groups=(), cwd="/", env={}, timeout=10,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return f"this machine does not let root become {account.name} ({error})"
    if seen.returncode == 0:
        return None
    closed = seen.stdout.strip()
    return f"{closed} is closed to it: chmod o+x {closed}, or move what is in it, for example to /srv"


def _ways(*paths: Path) -> Iterator[str]:
    for path in paths:
        yield from (f"x:{folder}" for folder in reversed(path.parents))


def _tls(settings: Settings, places: Places) -> tuple[Path, Path]:
    return places.state / settings.sip.tls_certificate, places.state / settings.sip.tls_key


def _between(path: Path, state: Path) -> Iterable[Path]:
    return [folder for folder in path.parents if state in folder.parents]


def _below(folder: Path) -> Iterator[Path]:
    """Everything in a folder, links not followed."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def _give(path: Path, account: Account) -> None:
    """Only what is root's, has no second name and is no link: what Asterisk's user put there leads nowhere."""
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if found.st_uid == 0 and (path.is_dir() or found.st_nlink == 1):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
