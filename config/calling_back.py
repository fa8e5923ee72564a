"""The callback's own rules: a carrier to call over, and hours in which a promise can be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.document import Document, values
from config.patterns import TRUNK_NAMES, texts
from config.problems import Finding, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator


def trunk_unknown(document: Document) -> Iterator[Finding]:
    """Check that callbacks go out over a trunk that there is; an empty name means the first one."""
    known = texts(document, TRUNK_NAMES)
    for path, name in values(document, ("callback", "trunk"), str):
        if name and known and name not in known:
            yield Finding(path, f'no trunk called "{name}"{suggestion(name, known)}')


def hours_closed(document: Document) -> Iterator[Finding]:
    """Check that there are hours in which people are called, and that a promise outlives the hours between."""
    hours = {key: value for (_, key), value in _whole_numbers(document)}
    if len(hours) < len(_HOURS):
        return
    first, last, kept = (hours[key] for key in _HOURS)
    if first >= last:
        yield Finding(("callback", "from_hour"), f"must be below until_hour, which is {last}: nobody could be called")
    elif kept <= (closed := 24 - (last - first)):
        words = f"must be more than {closed}, the hours in which nobody is called: the place would be given up in them"
        yield Finding(("callback", "keep_hours"), words)


_HOURS = ("from_hour", "until_hour", "keep_hours")


def _whole_numbers(document: Document) -> Iterator[tuple[tuple[str | int, ...], int]]:
    for key in _HOURS:
        yield from values(document, ("callback", key), int)
