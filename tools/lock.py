"""Write the locks anew: every package, direct or not, pinned with the hashes of its files.

`requirements.lock` has all that a clone works with, `requirements-run.lock` the same lines of what the hotline itself
needs. Run by `make lock` after a change of the dependencies in pyproject.toml. pip's own settings on this machine
(indexes, folders of wheels, constraints) are left out, so that the lock is the same wherever it is made. What only a
later Python needs is not seen by pip-compile, which asks the Python it runs in: it is added at the end, for the
machines we run on. At last uv is asked whether each Python finds its wheels in it on each of these machines.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, RUN_LOCK = ROOT / "requirements.lock", ROOT / "requirements-run.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HEAD = "# What the hotline needs to run, of requirements.lock, line for line: made by `make lock`.\n"
LATER = (("audioop-lts", "3.13"),)
"""Packages with a marker in pyproject.toml, and the first Python that needs each."""
MACHINES = ("x86_64", "aarch64")
BUILT = ("pyst2",)
"""Pure Python that is published as source alone."""
LOCAL_SETTINGS = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT", "XDG_CONFIG_DIRS")
OPTIONS = (
    *("--quiet", "--allow-unsafe", "--strip-extras", "--resolver=backtracking"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
)
OF_ALL = ("--generate-hashes", "--extra=dev", "--build-deps-for=editable", "--output-file=requirements.lock")


def main() -> int:
    """Exit status of pip-compile, of pip, or of uv."""
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "CUSTOM_COMPILE_COMMAND": "make lock"}
    try:
        if "--run-only" not in sys.argv:
            _compile(environment, *OF_ALL, *sys.argv[1:])
            later = [_later(name, python, environment) for name, python in LATER]
            with LOCK.open("a", encoding="utf-8") as lock:
                lock.writelines(later)
        with tempfile.TemporaryDirectory() as folder:
            names = Path(folder) / "names.txt"
            _compile(environment, "--no-annotate", f"--constraint={LOCK}", f"--output-file={names}")
            needed = pinned(names.read_text()).keys() | {name for name, _ in LATER}
        RUN_LOCK.write_text(HEAD + "".join(block for name, block in pinned(LOCK.read_text()).items() if name in needed))
        for python in PYTHONS:
            for machine in MACHINES:
                _try(python, machine, environment)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    return 0


def pinned(lock: str) -> dict[str, str]:
    """Each package's lines in a lock, its hashes with it."""
    blocks = re.finditer(r"^([a-z0-9._-]+)==[^\n]*\n(?: +[^\n]*\n)*", lock, re.MULTILINE)
    return {block[1]: re.sub(r"(?: +#[^\n]*\n)+\Z", "", block[0]) for block in blocks}


def _compile(environment: dict[str, str], *options: str) -> None:
    command = (sys.executable, "-m", "piptools", "compile", *OPTIONS, *options, "pyproject.toml")
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _try(python: str, machine: str, environment: dict[str, str]) -> None:
    """Whether that Python finds all it needs on that machine; nothing is downloaded but what must be built there."""
    command = (
        *(str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--dry-run", "--no-config"),
        *("--require-hashes", "--target=.cache/no-such-folder", "--only-binary=:all:"),
        *(f"--no-binary={name}" for name in BUILT),
        *(f"--python-version={python}", f"--python-platform={machine}-manylinux_2_28", "-r", str(RUN_LOCK)),
    )
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _later(name: str, python: str, environment: dict[str, str]) -> str:
    """The lock's lines for a package that Pythons from this one on need: its wheels, which serve all of them."""
    wheels: dict[str, str] = {}
    for machine in MACHINES:
        platforms = (f"--platform=manylinux_2_28_{machine}", f"--platform=manylinux2014_{machine}")
        with tempfile.TemporaryDirectory() as folder:
            command = (
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"),
                *("--disable-pip-version-check", f"--python-version={python}", *platforms, f"--dest={folder}", name),
            )
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
            for wheel in Path(folder).iterdir():
                wheels[hashlib.sha256(wheel.read_bytes()).hexdigest()] = wheel.name.split("-")[1]
    (version,) = set(wheels.values())
    hashes = " \\\n".join(f"    --hash=sha256:{one}" for one in sorted(wheels))
    return f"{name}=={version} ; python_version >= '{python}' \\\n{hashes}\n    # via bailanys (pyproject.toml)\n"


if __name__ == "__main__":
    sys.exit(main())
