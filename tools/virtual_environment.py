"""The virtual environment, from the lock file: every download is checked against its hash."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from apt_private import architecture, open_apt
from steps import SetupError, run, step

STAMP = "installed-from"
_LOCK = "requirements.lock"
_NETWORK = "check the network (pip's proxy and index settings hold here) and the disk, and run it again"


def install(root: Path) -> None:
    """Make `.venv` what the lock and pyproject.toml say. Raises SetupError.

    An environment that is there is brought up to date in place, since others may be running from it; one that does not
    run is made anew. The stamp is written last, so that a broken run is seen by the next one.
    """
    environment = root / ".venv"
    stamp = environment / STAMP
    inputs = _inputs(root)
    if stamp.exists() and stamp.read_text() == inputs and (environment / "bin/python").exists():
        return
    if not _runs(environment):
        with step("creating the virtual environment"):
            _create(environment, root / ".cache")
    stamp.unlink(missing_ok=True)
    python = str(environment / "bin/python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
    variables = _pip_variables(root / ".cache")
    with step("installing the locked Python packages", lambda: _installed(environment)):
        locked = (*pip, "--require-hashes", "-r", str(root / _LOCK))
        run(locked, f"installing {_LOCK}", _NETWORK, env=variables)
    with step("installing the project itself"):
        itself = (*pip, "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(root))
        run(itself, "installing the project", "see pyproject.toml", env=variables)
    stamp.write_text(inputs)


def _inputs(root: Path) -> str:
    digest = hashlib.sha256()
    for name in (_LOCK, "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return f"{digest.hexdigest()} {root}\n"


def _runs(environment: Path) -> bool:
    """Whether the environment's Python starts, is new enough and has pip."""
    probe = (
        "import sys, importlib.util; sys.exit(sys.version_info < (3, 11) or importlib.util.find_spec('pip') is None)"
    )
    try:
        return (
            subprocess.run((str(environment / "bin/python"), "-c", probe), check=False, capture_output=True).returncode
            == 0
        )
    except OSError:
        return False


def _create(environment: Path, cache: Path) -> None:
    """Create it with the pip that Python bundles; Debian packs that apart, so fetch it where it is missing."""
    make = (sys.executable, "-m", "venv", "--clear")
    remedy = "install Python 3.11 with its venv module (Debian: python3-venv)"
    if importlib.util.find_spec("ensurepip") is not None:
        run((*make, str(environment)), "creating .venv", remedy)
        return
    run((*make, "--without-pip", str(environment)), "creating .venv", remedy)
    work = cache / "pip-bundle"
    try:
        wheel = str(_debian_pip(work))
        bootstrap = (str(environment / "bin/python"), f"{wheel}/pip", "install", "--quiet", "--no-index", wheel)
        run(bootstrap, "installing pip", remedy, env=_pip_variables(cache))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _debian_pip(work: Path) -> Path:
    """The pip wheel out of Debian's python3-pip-whl, unpacked in the folder `work`."""
    work.mkdir(parents=True, exist_ok=True)
    apt = open_apt(work / "apt", architecture())
    apt.download(tuple(p for p in apt.packages(("python3-pip-whl",)) if p.name == "python3-pip-whl"), work)
    for deb in work.glob("*.deb"):
        run(("dpkg-deb", "-x", str(deb), str(work)), f"unpacking {deb.name}", "make room on the disk and run it again")
    for wheel in work.glob("usr/share/python-wheels/pip-*.whl"):
        return wheel
    raise SetupError("Debian's python3-pip-whl holds no pip", "install python3-venv and run it again")


def _pip_variables(cache: Path) -> dict[str, str]:
    """Pip keeps its downloads where the person has them; without a writable home, with ours."""
    if "PIP_CACHE_DIR" in os.environ or os.access(Path.home(), os.W_OK):
        return {}
    return {"PIP_CACHE_DIR": str(cache / "pip")}


def _installed(environment: Path) -> str:
    libraries = next(iter(environment.glob("lib/python3*/site-packages")), environment)
    return f"{len(list(libraries.glob('*.dist-info')))} packages"
