"""uv, which installs everything else: itself by pip, checked against the hash that the lock has for it.

uv downloads and unpacks many packages at once, where pip goes one by one: that was the longest part of the set-up.
What a person told pip about the network holds for uv, too. Further indexes do not: the lock is PyPI's, or its mirror's,
and where two indexes have one version uv looks at the files of one of them alone. It would take a wheel for every
machine from the one though the other has a better.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from apt_private import architecture, open_apt
from steps import SetupError, run

NETWORK = "check the network (pip's proxy and index settings hold here) and the disk, and run it again"

# What pip calls a setting, and uv's variable for the same with what stands between several values.
_SAME = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "no-index": ("UV_NO_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
_BEST_LAST = ("global", "install", ":env:")


def install_uv(environment: Path, lock: Path, cache: Path) -> dict[str, str]:
    """Install the locked uv into the virtual environment; the variables it is to run with. Raises SetupError."""
    work = cache / "pip-bundle"
    try:
        work.mkdir(parents=True, exist_ok=True)
        pip = (str(environment / "bin/python"), f"{_pip_wheel(work)}/pip")
        only = work / "uv.lock"
        only.write_text(locked("uv", lock.read_text()))
        asked = ("install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes")
        run((*pip, *asked, "-r", str(only)), "installing uv", NETWORK, env=_own_cache("PIP_CACHE_DIR", cache / "pip"))
        settings = run((*pip, "config", "list"), "reading pip's settings", NETWORK)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _own_cache("UV_CACHE_DIR", cache / "uv") | as_uv_reads(settings, os.environ)


def locked(name: str, lock: str) -> str:
    """A package's lines in the lock. Raises SetupError."""
    found = re.search(rf"^{re.escape(name)}==.*(?:\n +--hash=.*)+", lock, re.MULTILINE)
    if found is None:
        raise SetupError(f"the lock has no {name}", "fetch requirements.lock anew from the repository")
    return found[0] + "\n"


def as_uv_reads(settings: str, told: Mapping[str, str]) -> dict[str, str]:
    """Variables that tell uv what `pip config list` says; what the person told uv itself goes before."""
    found: dict[str, tuple[int, str]] = {}
    for line in settings.splitlines():
        key, _, value = line.partition("=")
        section, _, setting = key.partition(".")
        if setting in _SAME and section in _BEST_LAST:
            variable, between = _SAME[setting]
            values = between.join(str(ast.literal_eval(value)).split())
            found[variable] = max(found.get(variable, (-1, "")), (_BEST_LAST.index(section), values))
    if "UV_NO_INDEX" not in found:
        found.pop("UV_FIND_LINKS", None)
    return {variable: values for variable, (_, values) in found.items() if variable not in told}


def _pip_wheel(work: Path) -> Path:
    """The pip that Python bundles; Debian packs that apart, so it is fetched into `work` where it is missing."""
    bundled = Path(sysconfig.get_path("stdlib"), "ensurepip/_bundled")
    debian = Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or bundled)
    for folder in (bundled, debian, work / "usr/share/python-wheels"):
        if folder.is_relative_to(work):
            _fetch_debian_pip(work)
        for wheel in folder.glob("pip-*.whl"):
            return wheel
    raise SetupError("Debian's python3-pip-whl holds no pip", "install python3-venv and run it again")


def _fetch_debian_pip(work: Path) -> None:
    apt = open_apt(work / "apt", architecture())
    apt.download(tuple(p for p in apt.packages(("python3-pip-whl",)) if p.name == "python3-pip-whl"), work)
    for deb in work.glob("*.deb"):
        run(("dpkg-deb", "-x", str(deb), str(work)), f"unpacking {deb.name}", "make room on the disk and run it again")


def _own_cache(variable: str, folder: Path) -> dict[str, str]:
    """Both pip and uv keep their downloads where the person has them; without a writable home, with ours."""
    return {} if variable in os.environ or os.access(Path.home(), os.W_OK) else {variable: str(folder)}
