"""Whose the files are. What root orders is done, on disks, as whoever the state folder belongs to.

The hotline runs as a user of its own. A file that root writes between its files is one that it cannot read again: so
for a command of root's every file in the state folder, SQLite's side files, keys and logs among them, is opened and
made by the owner. That is the kernel's own way for a file server (setfsuid(2), per thread, inherited by threads begun
later). We may still read whatever root may: the programs we are made of, a letter's scan. What is written for the
person who gave the command is written `as_caller`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

ROOT_UID = 0
_NOBODY_IN_PARTICULAR = -1  # setfsuid(2): changes nothing, and returns who it is now
_CAPABILITY_VERSION = 0x20080522
_DAC_READ_SEARCH = 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)


def owner_to_become(folder: Path) -> int | None:
    """Whose place root has to take in this folder; None if we are not root, or it is root's, or it is not there."""
    try:
        owner = folder.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return None
    return owner if os.geteuid() == ROOT_UID != owner else None


def work_as_owner(folder: Path) -> None:
    """Open and make files as the folder's owner from now on, in this thread and those it begins. Raises OSError."""
    if (uid := owner_to_become(folder)) is None:
        return
    gid, groups = _groups_of(uid, folder)
    os.setgroups(groups)
    _act_as(uid, gid)


def become_owner(folder: Path, command: list[str]) -> None:
    """Go on as the folder's owner, whole and with no way back: this very process begins anew with the command.

    For what starts programs that stay. Returns where there is nothing to become. Raises OSError.
    """
    if (uid := owner_to_become(folder)) is None:
        return
    gid, groups = _groups_of(uid, folder)
    home = pwd.getpwuid(uid).pw_dir if name_of(uid) != str(uid) else "/"
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    try:
        os.execve(command[0], command, {**os.environ, "HOME": home})  # noqa: S606 - libpq stumbles over root's home
    except PermissionError as error:
        raise PermissionError(error.errno, f"{folder} belongs to {name_of(uid)}, who cannot run", command[0]) from None


@contextlib.contextmanager
def as_caller() -> Iterator[None]:
    """Open and make files as who gave the command, for a moment."""
    uid, gid = _libc.setfsuid(_NOBODY_IN_PARTICULAR), _libc.setfsgid(_NOBODY_IN_PARTICULAR)
    if uid == os.geteuid():
        yield
        return
    _libc.setfsuid(os.geteuid())
    _libc.setfsgid(os.getegid())
    try:
        yield
    finally:
        _act_as(uid, gid)


@contextlib.contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Open and make files as whoever the folder belongs to, for a moment; where it is not there, the nearest above it.

    For a folder outside the state folder, whose owner `work_as_owner` does not know. Nothing changes for who is not
    root. Raises OSError.
    """
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    owner, uid, gid = there.stat().st_uid, _libc.setfsuid(_NOBODY_IN_PARTICULAR), _libc.setfsgid(_NOBODY_IN_PARTICULAR)
    if os.geteuid() != ROOT_UID or owner == uid:
        yield
        return
    before, (main, groups) = os.getgroups(), _groups_of(owner, there)
    try:
        os.setgroups(groups)
        _act_as(owner, main)
        yield
    finally:
        os.setgroups(before)
        _act_as(uid, gid)


@contextlib.contextmanager
def as_owner_alone() -> Iterator[None]:
    """Without root's right to read everything: what can be opened here the hotline can open, too."""
    uid = _libc.setfsuid(_NOBODY_IN_PARTICULAR)
    if uid != os.geteuid():
        _read_everything(allowed=False)
    try:
        yield
    finally:
        if uid != os.geteuid():
            _read_everything(allowed=True)


def name_of(uid: int) -> str:
    """The account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def strangers(folder: Path) -> list[tuple[Path, int]]:
    """What lies in the folder, two levels deep, and does not belong to its owner, who may be unable to use it.

    Each with the number of whom it belongs to. In root's folder what Asterisk writes is Asterisk's user's.
    """
    found: list[tuple[Path, int]] = []
    with contextlib.suppress(OSError):
        owner = folder.stat().st_uid
        known = {owner, (folder / "lib").lstat().st_uid} if owner == ROOT_UID else {owner}
        for level in ("*", "*/*"):
            for path in folder.glob(level):
                with contextlib.suppress(OSError):
                    if (other := path.lstat().st_uid) not in known:
                        found.append((path, other))
    return sorted(found)


def _groups_of(uid: int, folder: Path) -> tuple[int, list[int]]:
    """The main group and all groups of an account; the folder's group where there is no account."""
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        gid = folder.stat().st_gid
        return gid, [gid]
    return account.pw_gid, os.getgrouplist(account.pw_name, account.pw_gid)


def _act_as(uid: int, gid: int) -> None:
    _libc.setfsgid(gid)
    _libc.setfsuid(uid)
    if _libc.setfsuid(_NOBODY_IN_PARTICULAR) != uid:
        raise PermissionError(f"files cannot be made for {name_of(uid)}: run the command as {name_of(uid)}")
    _read_everything(allowed=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Set(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _read_everything(*, allowed: bool) -> None:
    """Of all that root may, keep or drop the right to read (capabilities(7)); a root without it goes on without it."""
    header, sets = _Header(_CAPABILITY_VERSION, 0), (_Set * 2)()
    if _libc.capget(ctypes.byref(header), sets) != 0:
        return
    if allowed:
        sets[0].effective |= _DAC_READ_SEARCH & sets[0].permitted
    else:
        sets[0].effective &= ~_DAC_READ_SEARCH
    _libc.capset(ctypes.byref(header), sets)
