"""Slips in writing TOML, told for who mends them: the parser says what it did not expect, this says what to write.

Each rule looks at the line where the parser stopped; the first that knows the slip tells it. `tomllib` gives lines and
columns from 1, and nothing else that could be relied on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.lines import TOKEN
from config.problems import suggestion
from config.settings import Settings

Told = tuple[int, str]
"""The line (from 1), and what to do there."""

_POSITION = re.compile(
    r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)
_TWICE = re.compile(r"Cannot (?:declare|mutate immutable namespace) \(?(.*?)\)?(?: twice)?$")
_ENTRY = re.compile(r"\s*(?P<key>[^=\"'\[{]+?)\s*=(?P<value>.*)$")
_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
_KEY = re.compile(r"[\w-]+(\s*\.\s*[\w-]+)*", re.ASCII)
_BEGINS = re.compile(r"[\w.-]+\s*=")
_QUOTES = "“”„«»‘’`"
_TRUE, _FALSE, _NOTHING = {"true", "yes", "on"}, {"false", "no", "off"}, {"null", "none", "nil"}
_HEADER = re.compile(r"\s*\[")
_BEGINS_ANEW = re.compile(r"\[\[?[A-Za-z_]|[A-Za-z_][\w.-]*\s*=|\Z")


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the parser stopped, and what it said."""

    said: str
    text: str
    line: int
    at: int
    """Place in the text."""

    @property
    def row(self) -> str:
        rows = self.text.split("\n")
        return rows[self.line - 1] if self.line <= len(rows) else ""

    @property
    def bare(self) -> str:
        """The row without a comment, its texts in quotes as `""`."""
        return _TEXT.sub('""', self.row).partition("#")[0]


def told(said: str, text: str) -> Told:
    """What the parser's message means. `text`: with line feeds alone between its lines."""
    found = _POSITION.match(said)
    lines = text.split("\n")
    last = max((number for number, row in enumerate(lines, 1) if row.strip()), default=1)
    if found and found["line"]:
        line, column = int(found["line"]), int(found["column"])
        at = sum(len(row) + 1 for row in lines[: line - 1]) + column - 1
    else:
        line, at = last, len(text)
    stop = _Stop(found["what"] if found else said, text, line, at)
    for rule in _RULES:
        if (mended := rule(stop)) is not None:
            return mended
    return line, stop.said[:1].lower() + stop.said[1:]


def huge_number(text: str) -> Told | None:
    """The first number with more digits than Python reads."""
    found = re.search(r"\d{1000}", text)
    return (
        (text[: found.start()].count("\n") + 1, "a number of so many digits is no number of anything")
        if found
        else None
    )


def _not_toml(stop: _Stop) -> Told | None:
    row = stop.row.lstrip()
    if row.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        return stop.line, "a mark of two versions that were not put together: keep one of them, and remove the marks"
    if row.startswith((";", "//", "/*", "--")):
        return stop.line, "a comment begins with #"
    if stop.text.lstrip().startswith("{"):
        return stop.line, 'this looks like JSON: write [section], and below it key = "value"'
    return None


def _unseen(stop: _Stop) -> Told | None:
    for sign in _TEXT.sub("", stop.row).partition("#")[0]:
        kind = unicodedata.category(sign)
        if kind in ("Zs", "Cf", "Cc") and sign not in " \t\r":
            what = "a blank that is no usual one" if kind == "Zs" else "a sign that nobody sees"
            return stop.line, f"there is {what} (U+{ord(sign):04X}): remove it, and type a blank where one is wanted"
    if stop.said.startswith("Illegal character") and "\\n" not in stop.said and "\\r" not in stop.said:
        return (
            stop.line,
            f"there is a sign that nobody sees ({stop.said.partition(' ')[2].partition(' ')[2]}): remove it",
        )
    return None


def _twice(stop: _Stop) -> Told | None:
    rows = stop.text.split("\n")[: stop.line - 1]
    header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", stop.row)
    if header and (_TWICE.match(stop.said) or stop.said == "Cannot overwrite a value"):
        name = header[2]
        mark = re.compile(rf"\s*(\[\[?)\s*{re.escape(name)}\s*\]|\s*{re.escape(name.rpartition('.')[2])}\s*=")
        there = [(number, row) for number, row in enumerate(rows, 1) if mark.match(row)]
        where = f", in line {there[-1][0]}" if there else ""
        first = there[-1][1].lstrip() if there else ""
        if first.startswith("[["):
            return stop.line, f"there is a list of [[{name}]] already{where}: write [[{name}]] here, too"
        if first and not first.startswith("["):
            return stop.line, f"{name.rpartition('.')[2]} has a value already{where}: [{name}] cannot be a table, too"
        return stop.line, f"the table [{name}] is there already{where}: put both together"
    if stop.said != "Cannot overwrite a value" and not stop.said.startswith("Cannot mutate"):
        return None
    key, where = stop.row.partition("=")[0].strip(), ""
    while rows and not _BEGINS.match(key + "="):  # a value of several lines is found to be there at its end
        key = rows.pop().partition("=")[0].strip()
    for number in range(len(rows), 0, -1):
        if rows[number - 1].partition("=")[0].strip() == key and "=" in rows[number - 1]:
            where = f", in line {number}"
            break
        if _HEADER.match(rows[number - 1]) and not rows[number - 1].startswith(" "):
            break
    return stop.line, f"the key {key} is there already in this table{where}"


def _quotation(stop: _Stop) -> Told | None:
    missing = "a quotation mark is missing at the end of the text"
    for mark in ('"""', "'''"):
        if stop.text.count(mark) % 2 and stop.at >= len(stop.text.rstrip()):
            line = stop.text[: stop.text.rindex(mark)].count("\n") + 1
            return line, f"{mark} begins a text of several lines, and no {mark} ends it"
    if stop.said in ("Illegal character '\\n'", "Illegal character '\\r'", "Unterminated string"):
        return stop.line, missing
    if stop.said == 'Expected "\'"':
        open_rows = (n for n, row in enumerate(stop.text.split("\n"), 1) if re.search(r"=\s*'[^']*$", row))
        return next(open_rows, stop.line), missing
    if "'\\'" in stop.said or "ackslash" in stop.said:
        return stop.line, "a backslash in double quotation marks means more than itself: write the text in '…' instead"
    return None


def _header(stop: _Stop) -> Told | None:
    if not _HEADER.match(stop.row):
        return None
    name = stop.row.strip().strip("[]").strip()
    if foreign := _foreign(name, tuple(Settings.model_fields)):
        return stop.line, foreign
    marks = "[[", "]]"
    if not stop.row.lstrip().startswith("[["):
        marks = "[", "]"
    if not name:
        return stop.line, f"a table has a name: {marks[0]}hotline{marks[1]}"
    if not stop.bare.rstrip().endswith(marks[1]):
        return (
            stop.line,
            f"a table's name stands between {marks[0]} and {marks[1]}, alone in its line: {marks[0]}{name}{marks[1]}",
        )
    return None


def _list(stop: _Stop) -> Told | None:
    """A list or a table within one that does not end, or lacks a comma."""
    opened = _open_at(stop)
    if not opened:
        return None
    mark, line = opened[-1]
    what, end = ("list", "]") if mark == "[" else ("table", "}")
    rest = stop.text[stop.at :].lstrip()
    place = stop.text[: len(stop.text) - len(rest)].count("\n") + 1
    if mark == "{" and (place > line or rest.startswith("}")):
        if rest.startswith("}"):
            return line, "no comma stands before the } that ends a table within a line"
        return line, "a table in { } stands in one line, with a } at its end"
    if _BEGINS_ANEW.match(rest) and not (mark == "{" and place == line):
        return line, f"the {what} that begins here has no {end} at its end"
    if rest[:1] == "=":
        return place, f"{'a key' if mark == '{' else 'a value'} is missing in the {what} before ="
    if rest[:1] and rest[0] not in "]}":
        if rest[0] in _QUOTES:
            return None
        return place, f"a comma is missing in the {what} before {rest.split()[0].rstrip(',]}')}"
    return None


def _open_at(stop: _Stop) -> list[tuple[str, int]]:
    """The brackets that are open where the parser stopped, each with its line; none in a table's own line."""
    opened: list[tuple[str, int]] = []
    line, in_value = 1, False
    for match in TOKEN.finditer(stop.text, 0, stop.at):
        word = match.group()
        if match.lastgroup == "newline":
            in_value = in_value and bool(opened)
        elif match.lastgroup == "mark":
            in_value = in_value or word == "="
            if in_value and word in "[{":
                opened.append((word, line))
            elif opened and word in "]}":
                opened.pop()
        line += word.count("\n")
    return opened


def _entry(stop: _Stop) -> Told | None:
    """`key = value` with something wrong on one of its sides."""
    key, equals, value = stop.bare.partition("=")
    key, value = key.strip(), value.strip()
    if not equals:
        before, colon, after = stop.row.strip().partition(":")
        if colon and re.fullmatch(r"[\w.-]+", before):
            return stop.line, f"between a key and its value stands =: {before} = {after.strip() or '…'}"
        words = stop.row.strip().split(None, 1)
        if words and (foreign := _foreign(words[0], _known_keys())):
            return stop.line, foreign
        if len(words) == 2:
            return stop.line, f"between a key and its value stands =: {words[0]} = {words[1]}"
        return stop.line, "a line is a [table], key = value, or a comment that begins with #"
    if not key:
        return stop.line, "a key stands before the ="
    if key.endswith(":"):
        return stop.line, f"between a key and its value stands =: {key.rstrip(': ')} = {value or '…'}"
    if foreign := _foreign(key, _known_keys()):
        return stop.line, foreign
    if not _KEY.fullmatch(_TEXT.sub("a", key)):
        return stop.line, f"{key} is no key: one word of Latin letters, digits, _ and -, or several with points between"
    if value.startswith(("=", ":")):
        return stop.line, f"one = stands between a key and its value: {key} = {value.lstrip('=: ') or '…'}"
    return None


def _value(stop: _Stop) -> Told | None:
    entry = _ENTRY.match(stop.row)
    if entry is None:
        return None
    key, value = entry["key"].strip(), stop.bare.partition("=")[2].strip()
    if not value:
        return stop.line, f'a value is missing: a number, "text", true, false, or a list in [ ] after {key} ='
    if value[0] in _QUOTES:
        inner = entry["value"].partition("#")[0].strip().strip(_QUOTES)
        return stop.line, f'text stands in straight quotation marks: {key} = "{inner}"'
    if value.lower() in _TRUE | _FALSE:
        return stop.line, f"write {'true' if value.lower() in _TRUE else 'false'}, in small letters and without marks"
    if value.lower() in _NOTHING:
        return stop.line, f"there is no {value}: leave the key {key} out"
    if value.startswith('""') or re.match(r"[\]}]|(true|false)\b", value):
        return stop.line, f"nothing stands behind the value of {key} but a comment, which begins with #"
    if re.fullmatch(r"[+-]?[\d\s]+[,;]", value) or ("//" in value and re.match(r"[\d.]+\s", value)):
        return stop.line, f"nothing stands behind the value of {key} but a comment, which begins with #"
    if re.fullmatch(r"[−–+-]?[\d.,_\s]+", value) and value.count(".") < 2:
        return (
            stop.line,
            f"a number is written in digits alone, no 0 before them, with a point for a part: {_number(value)}",
        )
    if value[0] in "[{":
        if stop.said.startswith("Expected newline"):
            return stop.line, f"nothing stands behind the value of {key} but a comment, which begins with #"
        return None
    return stop.line, f'text stands in quotation marks: {key} = "{value}"'


def _number(text: str) -> str:
    digits = re.sub(r"\s", "", text).replace("−", "-").replace("–", "-")
    whole, comma, part = digits.partition(",")
    digits = f"{whole}.{part}" if comma and len(part) != 3 else whole + part
    return re.sub(r"^([+-]?)0+(?=\d)", r"\1", digits)


def _foreign(word: str, known: tuple[str, ...]) -> str:
    """A key with letters of another alphabet, which look the same."""
    word = word.strip().strip("\"'")
    odd = next((sign for sign in word if sign.isalpha() and not sign.isascii()), None)
    if odd is None:
        return ""
    name = unicodedata.name(odd, "").split(" LETTER")[0].title()
    return f'"{word}" has "{odd}" in it, which is no Latin letter ({name}){suggestion(word, known)}'


def _known_keys() -> tuple[str, ...]:
    return tuple(dict.fromkeys(_keys()))


def _keys() -> Iterator[str]:
    definitions = Settings.model_json_schema()
    for table in (definitions, *definitions["$defs"].values()):
        yield from table.get("properties", ())


_RULES: tuple[Callable[[_Stop], Told | None], ...] = (
    _not_toml,
    _twice,
    _quotation,
    _unseen,
    _list,
    _header,
    _entry,
    _value,
)
