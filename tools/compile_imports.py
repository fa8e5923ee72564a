"""Import every module of the hotline once, so that Python keeps what it compiled, of ours and of all libraries in use.

uv leaves that to the first import. Run by the set-up with the virtual environment's Python; with `--installed` by `make
install`, for what that has put into a folder of its own.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_TO_BE_IMPORTED = ("__main__", "migrations")
"""What runs when it is imported."""
OF_A_CLONE = ("demo", "free_ports")
"""What needs phones of its own, which no wheel has."""


def main() -> None:
    """Import everything that the wheel ships."""
    if "--installed" not in sys.argv:
        sys.path.insert(0, str(ROOT))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        _import(name)


def _import(name: str) -> None:
    module = importlib.import_module(name)
    for part in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        left_out = (*NOT_TO_BE_IMPORTED, *(OF_A_CLONE if "--installed" in sys.argv else ()))
        if part.name.rpartition(".")[2] not in left_out:
            _import(part.name)


if __name__ == "__main__":
    main()
