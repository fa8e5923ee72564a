"""A private apt: Debian's packages without root, without touching the system's package database.

Whatever the host's administrator told apt about the network (proxy, mirror, certificates, dates) holds here too.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from steps import SetupError, last_words, run

SUITE = "forky"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
MIRROR_VARIABLE = "BAILANYS_DEBIAN_MIRROR"
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_NEEDS_APT = "install `asterisk` (20 or newer) and `sipp` by hand, or run this on Debian or Ubuntu"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that apt would download: its name, version and size in bytes."""

    name: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class PrivateApt:
    """An apt whose whole state is in one folder."""

    folder: Path
    mirror: str

    def packages(self, wanted: tuple[str, ...]) -> tuple[Package, ...]:
        """All that `wanted` (e.g. `asterisk=1:22.*`) needs to run, itself included. Raises SetupError."""
        listing = self._apt("--print-uris", "-y", "install", *wanted, what=f"looking up {' '.join(wanted)}")
        return tuple(_package(line) for line in listing.splitlines() if line.startswith("'"))

    def download(self, packages: tuple[Package, ...], into: Path) -> None:
        """Download packages, checked against the signed index. Raises SetupError."""
        names = (f"{package.name}={package.version}" for package in packages)
        self._apt("download", *names, what=f"downloading from {self.mirror}", cwd=into)

    def _apt(self, *arguments: str, what: str, cwd: Path | None = None) -> str:
        remedy = f"check the network and the disk, or set {MIRROR_VARIABLE} to a Debian mirror, and run it again"
        return run(("apt-get", "-q", *arguments), what, remedy, env=_environment(self.folder), cwd=cwd)


def architecture() -> str:
    """The machine's architecture as Debian names it, e.g. `amd64`. Raises SetupError."""
    return run(("dpkg", "--print-architecture"), "asking for the machine's architecture", _NEEDS_APT).strip()


def open_apt(folder: Path, machine: str) -> PrivateApt:
    """Prepare the folder and read the index from the first mirror that has it. Raises SetupError."""
    for name in ("lists/partial", "archives/partial", "empty"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    (folder / "apt.conf").write_text(_configuration(folder, machine))
    refusals = []
    for mirror in _mirrors():
        (folder / "sources.list").write_text(f"deb [{_signed_by()}] {mirror} {SUITE} main\n")
        updated = subprocess.run(
            ("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"),
            env=_environment(folder),
            capture_output=True,
            text=True,
            check=False,
        )
        if updated.returncode == 0:
            return PrivateApt(folder, mirror)
        refusals.append(f"{mirror}: {last_words(updated.stderr)}")
    raise SetupError(
        f"no mirror gives Debian {SUITE} ({' | '.join(refusals)})",
        f"check the network and the proxy of apt, or set {MIRROR_VARIABLE} to a Debian mirror",
    )


def _configuration(folder: Path, machine: str) -> str:
    """Our own places for everything, after what the host says of the network."""
    host = [
        line
        for line in run(("apt-config", "dump"), "reading apt's settings", _NEEDS_APT).splitlines()
        if line.startswith("Acquire::") and not line.startswith(("Acquire::IndexTargets", "Acquire::Languages"))
    ]
    ours = {
        "Dir::Etc::main": "/dev/null",  # hooks of the host's dpkg are not for us
        "Dir::Etc::parts": f"{folder}/empty",
        "Dir::Etc::sourcelist": f"{folder}/sources.list",
        "Dir::Etc::sourceparts": f"{folder}/empty",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": f"{folder}/empty",
        "Dir::State": str(folder),
        "Dir::State::lists": f"{folder}/lists",
        "Dir::State::status": f"{folder}/status",
        "Dir::Cache": str(folder),
        "Dir::Cache::archives": f"{folder}/archives",
        "Dir::Log": str(folder),
        "APT::Architecture": machine,
        "APT::Architectures": machine,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "true",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
    }
    return "\n".join([*host, *(f'{key} "{value}";' for key, value in ours.items())]) + "\n"


def _mirrors() -> tuple[str, ...]:
    """Where to ask, best first: what the person said, what the host uses for Debian, Debian's own."""
    if said := os.environ.get(MIRROR_VARIABLE):
        return (said,)
    listing = run(
        ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"),
        "reading apt's sources",
        _NEEDS_APT,
    )
    own = (uri.rstrip("/") for uri in listing.split())
    debian = (uri for uri in own if urlsplit(uri).path.rpartition("/")[2] == "debian")
    return tuple(dict.fromkeys((*debian, DEFAULT_MIRROR)))


def _signed_by() -> str:
    """The keyring Debian's index is checked with; without one apt falls back on the keys it trusts anyway."""
    for name in _KEYRINGS:
        keyring = Path("/usr/share/keyrings") / name
        if keyring.exists():
            return f"signed-by={keyring}"
    return "trusted=no"


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C.UTF-8"}


def _package(line: str) -> Package:
    _, filename, size, _ = line.split(" ", 3)
    name, version, _ = filename.split("_")
    return Package(name, version.replace("%3a", ":"), int(size))
