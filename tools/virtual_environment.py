"""The virtual environment, from the lock file: every download is checked against its hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from steps import SetupError, run, step
from uv_bootstrap import NETWORK, install_uv, locked

STAMP = "installed-from"
_LOCK = "requirements.lock"
NO_WHEEL = "No solution found when resolving"
"""uv's last words where the index is there, and the one package asked for has no wheel for this Python or machine."""
PHONES = "pjsua2-python"
"""Published as wheels for some Pythons alone; from its source it can only be built with all of PJSIP's."""


def install(root: Path) -> None:
    """Make `.venv` what the lock and pyproject.toml say. Raises SetupError.

    An environment that is there is brought up to date in place, since others may be running from it; one that does not
    run is made anew. The stamp is written last, so that a broken run is seen by the next one.
    """
    environment, lock = root / ".venv", root / _LOCK
    stamp = environment / STAMP
    inputs = _inputs(root)
    if stamp.exists() and stamp.read_text() == inputs and (environment / "bin/python").exists():
        return
    stamp.unlink(missing_ok=True)
    with step("creating the virtual environment with uv"):
        if not runs(environment):
            make = (sys.executable, "-m", "venv", "--clear", "--without-pip", str(environment))
            run(make, "creating .venv", "install Python 3.11 with its venv module (Debian: python3-venv)")
        variables = install_uv(environment, lock, root / ".cache")
    uv = (str(environment / "bin/uv"), "pip", "install", "--quiet", "--python", str(environment / "bin/python"))
    with step("installing the locked Python packages", lambda: _installed(environment)):
        try:
            run((*uv, "--require-hashes", "-r", str(lock)), f"installing {_LOCK}", NETWORK, env=variables)
        except SetupError:
            _must_have_phones(uv, lock, variables)
            raise
    with step("installing the project itself"):
        itself = (*uv, "--no-deps", "--no-build-isolation", "--offline", "--editable", str(root))
        run(itself, "installing the project", "see pyproject.toml", env=variables)
    with step("compiling what the hotline imports"):  # its own user may be one who cannot write here
        compiled = (str(environment / "bin/python"), str(root / "tools/compile_imports.py"))
        run(compiled, "importing the hotline", "delete .venv and run it again", env={"PYTHONDONTWRITEBYTECODE": ""})
    stamp.write_text(inputs)


def _must_have_phones(uv: tuple[str, ...], lock: Path, variables: dict[str, str]) -> None:
    """Say so where it is no fault of the network. Raises SetupError."""
    only = lock.parent / ".cache" / "phones.lock"
    only.write_text(locked(PHONES, lock.read_text()))
    asked = (*uv, "--dry-run", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(only))
    try:
        run(asked, PHONES, "", env=variables)
    except SetupError as error:
        if NO_WHEEL not in str(error):
            return
        ours = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(
            f"{PHONES}, the phones of demo and tests, has no wheel for Python {ours} on this machine",
            "set the clone up with another one (`make setup PYTHON=python3.11`); the hotline itself runs on this one: "
            "`make install PREFIX=/opt/bailanys`",
        ) from None
    finally:
        only.unlink(missing_ok=True)


def _inputs(root: Path) -> str:
    digest = hashlib.sha256()
    for name in (_LOCK, "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return f"{digest.hexdigest()} {root}\n"


def runs(environment: Path) -> bool:
    """Whether the environment's Python starts and is new enough."""
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    command = (str(environment / "bin/python"), "-c", probe)
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _installed(environment: Path) -> str:
    libraries = next(iter(environment.glob("lib/python3*/site-packages")), environment)
    return f"{len(list(libraries.glob('*.dist-info')))} packages"
