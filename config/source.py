"""The configuration as it was written: the values, and where each of them stands."""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.environment import overlaid, variables
from config.lines import key_lines
from config.problems import ConfigError, Finding, KeyPath, Problem, spelled, suggestion
from config.slips import huge_number, told
from config.visible_text import shown


@dataclass(frozen=True)
class Source:
    """One file with the environment over it: plain values, and the line or the variable's name of each."""

    file: str
    document: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    names: Mapping[KeyPath, str]
    written: Mapping[str, Any]
    """The file's own values."""

    def problem(self, finding: Finding) -> Problem:
        """Tell where the finding stands: the nearest line, or the variable that set the value."""
        message = finding.message if finding.beside is None else f"{finding.message} ({self._place(finding.beside)})"
        for prefix in _prefixes(finding.path):
            if prefix in self.names:
                key, name = self._key(finding.path), self.names[prefix]
                return Problem(
                    "environment", None, f"{name}: {spelled(key)}" if len(key) > len(prefix) else name, message
                )
        if (variable := self._made_by(finding.path)) is not None:
            return Problem("environment", None, variable, message)
        return Problem(self.file, self._line(finding.path), spelled(self._key(finding.path)), message)

    def problems(self, findings: list[Finding]) -> tuple[Problem, ...]:
        """Return the findings as problems in the order of the file, those without a line first."""
        return tuple(sorted(map(self.problem, findings), key=lambda problem: (problem.line or 0, problem.key)))

    def _line(self, path: KeyPath) -> int | None:
        return next((self.lines[prefix] for prefix in _prefixes(path) if prefix in self.lines), None)

    def _made_by(self, path: KeyPath) -> str | None:
        """The variable that sets something within a table that the file does not have so."""
        written: Any = self.written
        for part in path:
            try:
                written = written[part]
            except (KeyError, IndexError, TypeError):
                written = None
        if isinstance(written, dict):
            return None
        return next((name for set_, name in self.names.items() if set_[: len(path)] == path), None)

    def _place(self, path: KeyPath) -> str:
        """Where another value stands: `people[0].name, line 12`."""
        line = None if any(prefix in self.names for prefix in _prefixes(path)) else self._line(path)
        return spelled(path) if line is None else f"{spelled(path)}, line {line}"

    def _key(self, path: KeyPath) -> KeyPath:
        """Leave out the place in a list of plain values: `groups` says more than `groups[0]`."""
        value: Any = self.document
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return path
        return path[:-1] if isinstance(path[-1], int) and not isinstance(value, dict) else path


def _prefixes(path: KeyPath) -> list[KeyPath]:
    """The path, and what it is in, the nearest first."""
    return [path[:length] for length in range(len(path), 0, -1)]


def read(path: Path, env: Mapping[str, str]) -> Source:
    """Read the file. Raises ConfigError when it is missing, unreadable or no TOML."""
    text = _text(path)
    try:
        document = tomllib.loads(text)
        lines = key_lines(text)
    except tomllib.TOMLDecodeError as error:
        line, words = told(str(error), text)
        raise ConfigError((Problem(str(path), line, "", f"not correct TOML: {shown(words)}"),)) from error
    except RecursionError as error:
        raise ConfigError((Problem(str(path), None, "", "has too many brackets within each other"),)) from error
    except ValueError as error:
        at, why = huge_number(text) or (None, str(error))
        raise ConfigError((Problem(str(path), at, "", why),)) from error
    return Source(str(path), overlaid(document, env), lines, variables(env), document)


def _text(path: Path) -> str:
    """The file's text, line feeds alone between its lines. Raises ConfigError."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")  # some editors begin a file with a mark
    except FileNotFoundError:
        meant = suggestion(path.name, _neighbours(path))
        raise ConfigError((Problem(str(path), None, "", f"there is no such file{meant}"),)) from None
    except OSError as error:
        raise ConfigError((Problem(str(path), None, "", f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:64]
        line = None if utf_16 else content[: error.start].count(b"\n") + 1
        what = ", but UTF-16" if utf_16 else ""
        words = f"is not UTF-8 text{what}: save it as UTF-8"
        raise ConfigError((Problem(str(path), line, "", words),)) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _neighbours(path: Path) -> list[str]:
    try:
        return [one.name for one in path.parent.glob("*.toml")]
    except OSError:
        return []
