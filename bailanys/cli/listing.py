"""Rows as a table that fits the screen: no word, number or id is ever broken, no column is there that says nothing.

What does not fit beside the others stands below its row, by its name; `wide` puts all on one line, however long. Pure.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from config.visible_text import shown

NOTHING = "–"
GUTTER = "  "
INDENT = "    "
NARROWEST = 12
"""A column is made no narrower than this by breaking its lines, unless it is narrower by itself."""
MOST_LINES = 3
"""A cell of more lines stands below its row, where it has the whole width."""
_WITHIN_NUMBER = re.compile(r"(?<=\d) (?=[+\d%]|(?:s|h|min|GiB)\b)")
_GLUE = "\u00a0"
"""Stands where a line must not be broken, until the line is made: within a date and time, a number, a unit."""
_BLANKS = re.compile(" +")


def text_of(value: object) -> str:
    """A value as a person reads it; empty for what says nothing."""
    match value:
        case None | "" | [] | "–":
            return ""
        case True:
            return "yes"
        case False:
            return "no"
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def table(rows: Sequence[Mapping[str, Any]], width: int, *, title: str = "", wide: bool = False) -> str:
    """The rows, each of the same columns; `width` in cells of the screen. What a caller wrote has no power over it."""
    cells = [{name: _cell(value, wide=wide) for name, value in row.items()} for row in rows]
    columns = [
        _Column.of(
            _cell(name.replace("_", " "), wide=wide),
            [row[name] for row in cells],
            right=_amounts(row[name] for row in rows),
        )
        for name in (rows[0] if rows else ())
        if any(row[name] for row in cells)
    ]
    beside, widths = ([*columns], [column.natural for column in columns]) if wide else _laid_out(columns, width)
    below = [column for column in columns if column not in beside]
    lines = textwrap.wrap(shown(title), width, break_long_words=False, break_on_hyphens=False) if title else []
    lines += _beside([_wrapped(column.head, one) for column, one in zip(beside, widths, strict=True)], beside, widths)
    lines.append(GUTTER.join("─" * one for one in widths))
    for at in range(len(rows)):
        parts = [_wrapped(column.cells[at] or NOTHING, one) for column, one in zip(beside, widths, strict=True)]
        lines += _beside(parts, beside, widths)
        lines += _below([(column.head, column.cells[at]) for column in below if column.cells[at]], width)
    return "\n".join(line.rstrip().replace(_GLUE, " ") for line in lines)


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    head: str
    cells: Sequence[str]
    natural: int
    """As wide as all of it on one line of each cell."""
    least: int
    right: bool
    """Amounts stand below each other by their last digit; a number that is a name does not."""

    @classmethod
    def of(cls, head: str, cells: Sequence[str], *, right: bool) -> _Column:
        natural = max(cell_len(line) for text in (head, *cells) for line in text.split("\n"))
        word = max(cell_len(word) for text in (head, *cells) for word in re.split("[ \n]", text))
        return cls(head, cells, natural, max(word, min(natural, NARROWEST)), right)

    def lines_at(self, width: int) -> int:
        """Of its highest cell."""
        return max(len(_wrapped(text, width)) - text.count("\n") for text in self.cells)


def _amounts(values: Iterable[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values if text_of(value))


def _cell(value: object, *, wide: bool) -> str:
    text = shown(text_of(value), but="\n")
    return _WITHIN_NUMBER.sub(_GLUE, text.replace("\n", " ") if wide else text)


def _laid_out(columns: Sequence[_Column], width: int) -> tuple[list[_Column], list[int]]:
    """The columns that stand beside each other, and how wide each is; the first always does."""
    beside = [*columns]
    while len(beside) > 1:
        room = width - len(GUTTER) * (len(beside) - 1)
        if sum(column.least for column in beside) <= room:
            widths = _shared(beside, room)
            if all(column.lines_at(one) <= MOST_LINES for column, one in zip(beside, widths, strict=True)):
                return beside, widths
        beside.remove(max(beside[1:], key=lambda column: column.natural))
    return beside, [min(column.natural, max(column.least, width)) for column in beside]


def _shared(columns: Sequence[_Column], room: int) -> list[int]:
    """Each column's least width, and of what is left as much as it wants, the narrowest first: those are whole soon."""
    widths = [column.least for column in columns]
    left = room - sum(widths)
    for at in sorted(range(len(columns)), key=lambda at: columns[at].natural):
        more = min(columns[at].natural - widths[at], left)
        widths[at] += more
        left -= more
    return widths


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of whole words; a word that is longer than the line stands on one of its own."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in _BLANKS.split(part):
            if line and cell_len(line) + 1 + cell_len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def _beside(parts: Sequence[Sequence[str]], columns: Sequence[_Column], widths: Sequence[int]) -> list[str]:
    return [
        GUTTER.join(
            _padded(part[at] if at < len(part) else "", width, right=column.right)
            for part, column, width in zip(parts, columns, widths, strict=True)
        )
        for at in range(max(map(len, parts), default=0))
    ]


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _below(facts: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Name and value of each, as many on a line as fit; one that is longer begins a line of its own."""
    lines: list[str] = []
    room = width - len(INDENT)
    for head, text in facts:
        fact = _wrapped(f"{head}: {text}", room)
        if lines and len(fact) == 1 and cell_len(lines[-1]) + 3 + cell_len(fact[0]) <= room:
            lines[-1] += f" · {fact[0]}"
        else:
            lines += fact
    return [INDENT + line for line in lines]
