"""The virtual environment, from the lock file: every download is checked against its hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from steps import run, step
from uv_bootstrap import NETWORK, install_uv

STAMP = "installed-from"
_LOCK = "requirements.lock"


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
        if not _runs(environment):
            make = (sys.executable, "-m", "venv", "--clear", "--without-pip", str(environment))
            run(make, "creating .venv", "install Python 3.11 with its venv module (Debian: python3-venv)")
        variables = install_uv(environment, lock, root / ".cache")
    uv = (str(environment / "bin/uv"), "pip", "install", "--quiet", "--python", str(environment / "bin/python"))
    with step("installing the locked Python packages", lambda: _installed(environment)):
        run((*uv, "--require-hashes", "-r", str(lock)), f"installing {_LOCK}", NETWORK, env=variables)
    with step("installing the project itself"):
        itself = (*uv, "--no-deps", "--no-build-isolation", "--offline", "--editable", str(root))
        run(itself, "installing the project", "see pyproject.toml", env=variables)
    with step("compiling what the hotline imports"):  # its own user may be one who cannot write here
        compiled = (str(environment / "bin/python"), str(root / "tools/compile_imports.py"))
        run(compiled, "importing the hotline", "delete .venv and run it again", env={"PYTHONDONTWRITEBYTECODE": ""})
    stamp.write_text(inputs)


def _inputs(root: Path) -> str:
    digest = hashlib.sha256()
    for name in (_LOCK, "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return f"{digest.hexdigest()} {root}\n"


def _runs(environment: Path) -> bool:
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
