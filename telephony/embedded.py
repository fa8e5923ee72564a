"""Where Asterisk and SIPp are: the host's own, or the ones `make setup` fetched into the cache.

Standard library only: the set-up imports it before there is a virtual environment.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

PREFIX = "asterisk"
"""Folder of the fetched programs within the cache."""

MANIFEST = "prefix.json"
"""File in the prefix that says what it is made of; written last."""

OLDEST = (20,)
"""A host's Asterisk older than this lacks what our dialplan uses."""

_HOST_MODULES = (
    "/usr/lib/*/asterisk/modules",
    "/usr/lib/asterisk/modules",
    "/usr/lib64/asterisk/modules",
    "/usr/local/lib/asterisk/modules",
)
_HOST_DATA = ("/usr/share/asterisk", "/var/lib/asterisk", "/usr/local/share/asterisk")
_NEEDED_MODULES = ("chan_pjsip.so", "app_queue.so", "app_mixmonitor.so", "cel_custom.so")
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


class AsteriskError(Exception):
    """Asterisk is absent, did not start, or did not answer.

    `error_id` names the case for programs, `retryable` says whether the same request may succeed later.
    """

    error_id: ClassVar[str] = "asterisk"
    retryable: ClassVar[bool] = False


class AsteriskMissingError(AsteriskError):
    """There is no usable Asterisk or SIPp on this machine."""

    error_id = "asterisk-missing"


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """An Asterisk that can be started.

    `run` is the program with what must stand before it: the fetched one runs through its own loader, so that it never
    meets the host's libraries.
    """

    kind: Literal["host", "prefix"]
    version: tuple[int, ...]
    run: tuple[str, ...]
    module_dir: Path
    data_dir: Path


def find_asterisk(cache: Path) -> AsteriskInstall:
    """The host's Asterisk if it is new enough and whole, else the one in the cache. Raises AsteriskMissingError."""
    found = host_asterisk() or _prefix_asterisk(cache / PREFIX)
    if found is None:
        raise AsteriskMissingError(f"no Asterisk {OLDEST[0]} or newer on this machine nor in {cache}: run `make setup`")
    return found


def find_sipp(cache: Path) -> tuple[str, ...]:
    """The command that runs SIPp, without its arguments. Raises AsteriskMissingError."""
    own = host_sipp()
    if own is not None:
        return own
    prefix = cache / PREFIX
    program = prefix / "usr/bin/sipp"
    if not program.exists():
        raise AsteriskMissingError(f"no sipp on this machine nor in {cache}: run `make setup`")
    return prefix_command(prefix, program)


def host_asterisk() -> AsteriskInstall | None:
    """The Asterisk that the host's administrator installed, None if absent, too old, or without SIP or queues."""
    program = shutil.which("asterisk") or shutil.which("asterisk", path=_SYSTEM_PATH)
    if program is None:
        return None
    version = parse_version(_output_of(program, "-V"))
    module_dir = next(
        (path for path in _existing(_HOST_MODULES) if all((path / m).exists() for m in _NEEDED_MODULES)), None
    )
    data_dir = next(iter(_existing(_HOST_DATA)), None)
    if version < OLDEST or module_dir is None or data_dir is None:
        return None
    return AsteriskInstall("host", version, (program,), module_dir, data_dir)


def host_sipp() -> tuple[str, ...] | None:
    """The SIPp that the host has, None if it has none."""
    program = shutil.which("sipp") or shutil.which("sipp", path=_SYSTEM_PATH)
    return None if program is None else (program,)


def parse_version(text: str) -> tuple[int, ...]:
    """Numbers of the first version in a text, e.g. `Asterisk 22.10.1~dfsg` is (22, 10, 1); () if there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def loader_of(prefix: Path) -> Path:
    """The dynamic loader within a prefix. Raises FileNotFoundError."""
    for path in sorted(prefix.glob("usr/lib/*/ld-linux-*.so.*")):
        return path
    raise FileNotFoundError(f"no loader in {prefix}")


def prefix_command(prefix: Path, program: Path) -> tuple[str, ...]:
    """The command that runs a program of the prefix with the prefix's own libraries.

    The library path is an argument and not in the environment: what Asterisk itself starts runs natively.
    """
    loader = loader_of(prefix)
    return (str(loader), "--library-path", f"{loader.parent}:{prefix / 'usr/lib'}", str(program))


def _prefix_asterisk(prefix: Path) -> AsteriskInstall | None:
    program = prefix / "usr/sbin/asterisk"
    try:
        package = json.loads((prefix / MANIFEST).read_text())["packages"]["asterisk"]
        run = prefix_command(prefix, program)
    except (OSError, ValueError, KeyError):
        return None
    if not program.exists():
        return None
    module_dir = Path(run[0]).parent / "asterisk/modules"
    return AsteriskInstall("prefix", parse_version(package), run, module_dir, prefix / "usr/share/asterisk")


def _existing(patterns: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(path for pattern in patterns for path in sorted(Path("/").glob(pattern.lstrip("/"))))


def _output_of(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
