"""Write `requirements.lock` anew: every package, direct or not, pinned with the hashes of its files.

Run by `make lock` after a change of the dependencies in pyproject.toml. pip's own settings on this machine (indexes,
folders of wheels, constraints) are left out, so that the lock is the same wherever it is made.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL_SETTINGS = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT", "XDG_CONFIG_DIRS")
OPTIONS = (
    *("--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--resolver=backtracking"),
    *("--extra=dev", "--build-deps-for=editable"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
    "--output-file=requirements.lock",
)


def main() -> int:
    """Exit status of pip-compile."""
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "CUSTOM_COMPILE_COMMAND": "make lock"}
    command = (sys.executable, "-m", "piptools", "compile", *OPTIONS, *sys.argv[1:], "pyproject.toml")
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
