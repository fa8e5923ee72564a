"""Hold every command that a page names against the command line and the Makefile; run by `make lint`.

Reads README.md, SECURITY.md, CONTRIBUTING.md, all of docs/, and of the sources what stands in backticks: a message that
sends somebody to a command is a page, too. What CHANGELOG.md says was true when it was written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from page_commands import Command, faults, faults_of_source

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/**/*.md")
SOURCES = ("*/**/*.py", "dialplan/**/*.j2", "bailanys/**/*.json", "config/*.toml")
ELSEWHERE = ("tests", ".venv", ".cache", "var")
TARGET = re.compile(r"^([a-z][a-z0-9-]*)[^:=\n]*:(?!=)", re.MULTILINE)


def main() -> int:
    """0 when all that the pages name is there; else 1, with a line for each fault."""
    sys.path.insert(0, str(ROOT))
    targets = targets_of((ROOT / "Makefile").read_text(encoding="utf-8"))
    root, tools = command_line(), tools_options()
    found = [
        f"{page.relative_to(ROOT)}:{line}: {fault}"
        for pattern in PAGES
        for page in sorted(ROOT.glob(pattern))
        for line, fault in faults(page.read_text(encoding="utf-8"), root, targets, tools)
    ]
    found += [
        f"{source.relative_to(ROOT)}:{line}: {fault}"
        for pattern in SOURCES
        for source in sorted(_of(pattern))
        for line, fault in faults_of_source(source.read_text(encoding="utf-8"), root)
    ]
    print("\n".join(found) if found else "All commands that the pages name are there.")
    return 1 if found else 0


def _of(pattern: str) -> Iterator[Path]:
    folder, _, rest = pattern.partition("/")
    for one in ROOT.glob(folder):
        if one.is_dir() and one.name not in ELSEWHERE:
            yield from one.glob(rest)


def targets_of(makefile: str) -> set[str]:
    """The targets that a Makefile has a rule for."""
    return set(TARGET.findall(makefile))


def tools_options() -> set[str]:
    """The options of `tools/` and `bench/`, as their sources spell them."""
    sources = (
        path.read_text(encoding="utf-8") for folder in ("tools", "bench") for path in (ROOT / folder).glob("*.py")
    )
    return {option for source in sources for option in re.findall(r'"(--[a-z][a-z-]*)"', source)}


def command_line() -> Command:
    """What `bailanys` takes, as typer has it."""
    import typer.main

    from bailanys.cli.app import app

    return _taken(typer.main.get_command(app))


def _taken(command: Any) -> Command:
    """The command and those below it; typer's own classes of options and groups are not for others to import."""
    options: dict[str, bool] = {}
    choices: dict[str, list[str]] = {}
    most: int | None = 0
    for one in command.params:
        if one.param_type_name == "argument":
            most = None if most is None or one.nargs < 0 else most + one.nargs
            continue
        for spelling in (*one.opts, *one.secondary_opts):
            options[spelling] = not one.is_flag and not one.count
            choices |= {spelling: list(values)} if (values := _values(one.type_descriptor.annotation)) else {}
    below = getattr(command, "commands", {})
    return Command(options, choices, most, {name: _taken(one) for name, one in below.items()})


def _values(annotation: object) -> Iterable[str]:
    """The words of a fixed choice; none for what a person words freely."""
    return (
        [str(one.value) for one in annotation] if isinstance(annotation, type) and issubclass(annotation, Enum) else []
    )


if __name__ == "__main__":
    sys.exit(main())
