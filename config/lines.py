"""On which line of a TOML file each key stands: `tomllib` does not tell, and a person needs to know.

Only for text that `tomllib` has accepted: this scanner follows the structure and takes correct syntax for granted.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.problems import KeyPath

TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<string>\"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*')
    | (?P<mark>[\[\]{}=,.])
    | (?P<word>[^\s\[\]{}=,."'\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every table, key and list item of a correct TOML text."""
    scan = _Scan(list(_tokens(text)))
    scan.document()
    return scan.lines


def _tokens(text: str) -> list[_Token]:
    tokens, line = [], 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "blank":
            tokens.append(_Token(kind, match.group(), line))
        line += match.group().count("\n")
    return [*tokens, _Token("newline", "\n", line)]


class _Scan:
    """One walk over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._tokens = tokens
        self._at = 0
        self._lengths: dict[KeyPath, int] = {}  # of each array of tables so far

    def document(self) -> None:
        table: KeyPath = ()
        while self._at < len(self._tokens):
            if self._next_is("\n"):
                self._at += 1
            elif self._next_is("["):
                table = self._header()
            else:
                self._entry(table)

    def _header(self) -> KeyPath:
        line = self._tokens[self._at].line
        self._at += 1
        repeated = self._next_is("[")
        self._at += repeated
        *above, last = self._key()
        self._at += 1 + repeated
        path: KeyPath = ()
        for part in above:
            self.lines.setdefault((*path, part), line)  # a table that no header of its own begins
            path = self._newest((*path, part))
        path = (*path, last)
        self.lines.setdefault(path, line)
        if repeated:
            self._lengths[path] = self._lengths.get(path, 0) + 1
        path = self._newest(path)
        self.lines.setdefault(path, line)
        return path

    def _newest(self, path: KeyPath) -> KeyPath:
        """Return the last table of an array of tables, any other path as it is."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _entry(self, table: KeyPath) -> None:
        line = self._tokens[self._at].line
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while self._tokens[self._at].text not in ("=", "]"):
            token = self._tokens[self._at]
            if token.kind == "string":
                parts.append(tomllib.loads(f"key = {token.text}")["key"])
            elif token.kind == "word":
                parts.append(token.text)
            self._at += 1
        return parts

    def _value(self, path: KeyPath) -> None:
        if self._next_is("["):
            self._list(path)
        elif self._next_is("{"):
            self._inline_table(path)
        else:
            while not self._next_is("\n", ",", "]", "}"):
                self._at += 1

    def _list(self, path: KeyPath) -> None:
        self._at += 1
        count = 0
        while not self._next_is("]"):
            if self._next_is("\n", ","):
                self._at += 1
                continue
            item = (*path, count)
            self.lines[item] = self._tokens[self._at].line
            self._value(item)
            count += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._next_is("}"):
            if self._next_is("\n", ","):
                self._at += 1
                continue
            self._entry(path)
        self._at += 1

    def _next_is(self, *texts: str) -> bool:
        token = self._tokens[self._at]
        return token.kind != "string" and token.text in texts
