"""Write `requirements.lock` anew: every package, direct or not, pinned with the hashes of its files.

Run by `make lock` after a change of the dependencies in pyproject.toml. pip's own settings on this machine (indexes,
folders of wheels, constraints) are left out, so that the lock is the same wherever it is made. What only a later Python
needs is not seen by pip-compile, which asks the Python it runs in: it is added at the end, for the machines we run on.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
LATER = (("audioop-lts", "3.13"),)
"""Packages with a marker in pyproject.toml, and the first Python that needs each."""
MACHINES = ("x86_64", "aarch64")
LOCAL_SETTINGS = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT", "XDG_CONFIG_DIRS")
OPTIONS = (
    *("--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--resolver=backtracking"),
    *("--extra=dev", "--build-deps-for=editable"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
    "--output-file=requirements.lock",
)


def main() -> int:
    """Exit status of pip-compile, or of pip."""
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "CUSTOM_COMPILE_COMMAND": "make lock"}
    command = (sys.executable, "-m", "piptools", "compile", *OPTIONS, *sys.argv[1:], "pyproject.toml")
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status == 0:
        try:
            later = [_later(name, python, environment) for name, python in LATER]
        except subprocess.CalledProcessError as error:
            return int(error.returncode)
        with LOCK.open("a", encoding="utf-8") as lock:
            lock.writelines(later)
    return status


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
