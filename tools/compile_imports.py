"""Import every module of the hotline once, so that Python keeps what it compiled, of ours and of all libraries in use.

uv leaves that to the first import. Run by the set-up with the virtual environment's Python.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_TO_BE_IMPORTED = ("__main__", "migrations", "softphone")
"""What runs when it is imported, and what is there for demo and tests alone."""


def main() -> None:
    """Import everything that the wheel ships, the benchmarks apart."""
    sys.path.insert(0, str(ROOT))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        if name != "bench":
            _import(name)


def _import(name: str) -> None:
    module = importlib.import_module(name)
    for part in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if part.name.rpartition(".")[2] not in NOT_TO_BE_IMPORTED:
            _import(part.name)


if __name__ == "__main__":
    main()
