"""Asterisk 22 and SIPp from Debian in a folder of their own: nothing is installed, nothing needs root."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from apt_private import SUITE, Package, PrivateApt, architecture, open_apt
from steps import SetupError, folder_size, megabytes, run, step

from telephony.embedded import MANIFEST, PREFIX, host_asterisk, host_sipp, loader_of, prefix_command

_ASTERISK = "asterisk=1:22.*"
_SIPP = "sip-tester"

# Only programs' own packages and libraries are unpacked: what else Debian's dependencies name (Python, Perl, GnuPG,
# users and passwords, sample sounds) serves the installation of a system, which this is not.
_KEEP = re.compile(r"(lib|zlib1g$|asterisk$|asterisk-modules$|sip-tester$)")
_DROP = re.compile(r"lib(perl|python|icu|codec2|snmp|pam-|semanage|sepol|c-gconv|nss3|sasl2-modules|gsl28-dbg)")
_SKIPPED_PATHS = (
    *("./etc", "./var", "./usr/include", "./usr/games", "./usr/lib/systemd", "./usr/lib/valgrind"),
    *(f"./usr/share/{name}" for name in ("doc", "man", "locale", "lintian", "bug", "info", "doc-base", "snmp")),
)
_NEEDED_MODULES = (
    "chan_pjsip.so",
    "app_queue.so",
    "app_mixmonitor.so",
    "codec_alaw.so",
    "cel_custom.so",
    "pbx_config.so",
)
_BROKEN = "delete .cache and run the set-up again; if it persists, install `asterisk` and `sipp` by hand"


def recipe(asterisk: bool, sipp: bool, machine: str) -> str:
    """What a prefix is made of; a prefix made of anything else is made anew."""
    wanted = (_ASTERISK,) * asterisk + (_SIPP,) * sipp
    return json.dumps([1, SUITE, machine, wanted, _KEEP.pattern, _DROP.pattern, _SKIPPED_PATHS])


def install(cache: Path) -> None:
    """Fill `cache/asterisk` with what this machine does not have itself. Raises SetupError."""
    asterisk, sipp = host_asterisk() is None, host_sipp() is None
    if asterisk or sipp:
        build_prefix(cache, asterisk=asterisk, sipp=sipp)


def build_prefix(cache: Path, *, asterisk: bool, sipp: bool) -> None:
    """Fill `cache/asterisk` with what is asked for, unless it already is. Raises SetupError.

    It is built under another name and renamed when it is whole: a broken set-up leaves no half a prefix.
    """
    machine = architecture()
    made_of = recipe(asterisk, sipp, machine)
    prefix = cache / PREFIX
    if _made_of(prefix) == made_of:
        return
    work = cache / f"{PREFIX}.new"
    shutil.rmtree(work, ignore_errors=True)
    (work / "debs").mkdir(parents=True)
    try:
        _fill(work, (_ASTERISK,) * asterisk + (_SIPP,) * sipp, machine, made_of)
        shutil.rmtree(prefix, ignore_errors=True)
        (work / "prefix").rename(prefix)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fill(work: Path, wanted: tuple[str, ...], machine: str, made_of: str) -> None:
    with step(f"reading the index of Debian {SUITE}", lambda: megabytes(_index_size(work))):
        apt = open_apt(work / "apt", machine)
    packages = tuple(p for p in apt.packages(wanted) if _KEEP.match(p.name) and not _DROP.match(p.name))
    _download(apt, packages, work / "debs")
    prefix = work / "prefix"
    prefix.mkdir()
    with step(f"unpacking {len(packages)} packages"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda deb: _unpack(deb, prefix), sorted((work / "debs").glob("*.deb"))):
            pass
    with step("checking that everything loads"):
        removed = _remove_what_cannot_load(prefix)
    versions = {package.name: package.version for package in packages}
    manifest = {"recipe": made_of, "packages": versions, "removed_modules": removed}
    (prefix / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def _index_size(work: Path) -> int:
    lists = work / "apt/lists"  # apt moves a list out of `partial` when it is whole
    return folder_size(lists) + folder_size(lists / "partial")


def _download(apt: PrivateApt, packages: tuple[Package, ...], into: Path) -> None:
    total = megabytes(sum(package.size for package in packages))
    with step(f"downloading Asterisk and SIPp, {total}", lambda: megabytes(folder_size(into))):
        apt.download(packages, into)


def _unpack(deb: Path, prefix: Path) -> None:
    excludes = " ".join(f"--exclude={path}" for path in _SKIPPED_PATHS)
    script = f'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x --no-same-owner -C "$2" {excludes}'
    run(
        ("bash", "-c", script, "unpack", str(deb), str(prefix)),
        f"unpacking {deb.name}",
        "make room on the disk and run the set-up again",
    )


def _remove_what_cannot_load(prefix: Path) -> list[str]:
    """Delete the modules whose libraries we left out (calendars, codec2, SNMP); names of the deleted, sorted.

    Raises SetupError if a program or a module that the hotline needs is among them.
    """
    programs = [path for path in (prefix / "usr/sbin/asterisk", prefix / "usr/bin/sipp") if path.exists()]
    modules = sorted(prefix.glob("usr/lib/*/asterisk/modules/*.so"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        broken = {
            path
            for path, whole in pool.map(lambda path: (path, _loads(prefix, path)), [*programs, *modules])
            if not whole
        }
    needed = [path.name for path in broken if path in programs or path.name in _NEEDED_MODULES]
    if needed:
        raise SetupError(f"libraries of {', '.join(sorted(needed))} are missing", _BROKEN)
    for path in broken:
        path.unlink()
    return sorted(path.name for path in broken)


def _loads(prefix: Path, path: Path) -> bool:
    command = prefix_command(prefix, path)
    listing = subprocess.run(
        (command[0], "--list", *command[1:]), capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8"}
    )
    return listing.returncode == 0 and "not found" not in listing.stdout


def _made_of(prefix: Path) -> str | None:
    """The recipe of the prefix that is there, or None; one whose loader is gone does not count."""
    try:
        loader_of(prefix)
        made_of: str | None = json.loads((prefix / MANIFEST).read_text())["recipe"]
    except (OSError, ValueError, KeyError):
        return None
    return made_of
