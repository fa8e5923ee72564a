"""The lock and pyproject.toml say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def locked() -> dict[str, list[str]]:
    """Each locked package with its hashes."""
    pin = r"^([a-z0-9._-]+)(?:\[[^]]*\])?==\S+(?: ; [^\n]+)? \\\n((?:    --hash=.*\n)+)"
    blocks = re.findall(pin, lock_text(), re.MULTILINE)
    return {name: re.findall(r"sha256:[0-9a-f]{64}", hashes) for name, hashes in blocks}


def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text()


def test_every_dependency_is_locked_with_its_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=!~; ]", dependency, maxsplit=1)[0].lower().replace("_", "-") for dependency in asked}
    missing = names - {name for name, hashes in locked().items() if hashes}
    assert not missing, "run `make lock`"


def test_the_lock_holds_nothing_of_the_machine_it_was_made_on() -> None:
    pins = [line for line in lock_text().splitlines() if line and not line.startswith((" ", "#"))]
    assert all(re.fullmatch(r"[a-z0-9._-]+==\S+( ; python_version >= '3\.[0-9]+')? \\", line) for line in pins)
    assert "file://" not in lock_text()
