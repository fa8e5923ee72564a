"""The configuration as it was written: the values, and where each of them stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.environment import overlaid, variables
from config.lines import key_lines
from config.problems import ConfigError, Finding, KeyPath, Problem, spelled

_POSITION = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", re.DOTALL)

_TWICE = re.compile(r"Cannot declare \((.*)\) twice")


@dataclass(frozen=True)
class Source:
    """One file with the environment over it: plain values, and the line or the variable's name of each."""

    file: str
    document: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    names: Mapping[KeyPath, str]

    def problem(self, finding: Finding) -> Problem:
        """Tell where the finding stands: the nearest line, or the variable that set the value."""
        message = finding.message if finding.beside is None else f"{finding.message} ({self._place(finding.beside)})"
        for prefix in _prefixes(finding.path):
            if prefix in self.names:
                return Problem("environment", None, self.names[prefix], message)
        return Problem(self.file, self._line(finding.path), spelled(self._key(finding.path)), message)

    def problems(self, findings: list[Finding]) -> tuple[Problem, ...]:
        """Return the findings as problems in the order of the file, those without a line first."""
        return tuple(sorted(map(self.problem, findings), key=lambda problem: (problem.line or 0, problem.key)))

    def _line(self, path: KeyPath) -> int | None:
        return next((self.lines[prefix] for prefix in _prefixes(path) if prefix in self.lines), None)

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
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError((Problem(str(path), None, "", "there is no such file"),)) from None
    except OSError as error:
        raise ConfigError((Problem(str(path), None, "", f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise ConfigError((Problem(str(path), None, "", "is not UTF-8 text"),)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax(path, text, str(error)),)) from error
    return Source(str(path), overlaid(document, env), key_lines(text), variables(env))


def _syntax(path: Path, text: str, said: str) -> Problem:
    found = _POSITION.match(said)
    what = found["what"] if found else said
    line = int(found["line"]) if found and found["line"] else text.count("\n") + 1
    return Problem(str(path), line, "", f"not correct TOML: {_in_words(what, text, line)}")


def _in_words(said: str, text: str, line: int) -> str:
    """What the parser means, for who has to mend it."""
    if said in ("Illegal character '\\n'", "Illegal character '\\r'", "Unterminated string"):
        return "a quotation mark is missing at the end of the text"
    if twice := _TWICE.match(said):
        table = ".".join(re.findall(r"'([^']*)'", twice[1]))
        header = re.compile(rf"^\s*\[\s*{re.escape(table)}\s*\]")
        lines = [number for number, one in enumerate(text.splitlines(), 1) if header.match(one) and number < line]
        where = f", in line {lines[-1]}" if lines else ""
        return f"the table [{table}] is there already{where}: put both together"
    if said == "Cannot overwrite a value" and line <= len(text.splitlines()):
        key = text.splitlines()[line - 1].partition("=")[0].strip()
        return f"the key {key} is there already in this table"
    return said[:1].lower() + said[1:]
