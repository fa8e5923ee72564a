"""The configuration as plain values, so that what is wrong with it can be told even while some of it does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel

from config.settings import Settings

if TYPE_CHECKING:
    from config.problems import KeyPath

Document = Mapping[str, Any]
Value = TypeVar("Value")

ANY: Final = "*"
"""In a pattern: every item of a list, or every key of a table."""


def filled(document: Document) -> Document:
    """Return the document with the defaults of whatever it leaves out."""
    sections = {name: _defaults(field.annotation) for name, field in Settings.model_fields.items()}
    return {
        **document,
        **{name: _over(default, document.get(name)) for name, default in sections.items() if default is not None},
    }


def _defaults(section: Any) -> dict[str, Any] | None:
    """Return the defaults of a section; None for a list of tables, which has none."""
    if not isinstance(section, type) or not issubclass(section, BaseModel):
        return None
    return {key: field.default for key, field in section.model_fields.items() if not field.is_required()}


def _over(default: dict[str, Any], given: Any) -> dict[str, Any]:
    return {**default, **given} if isinstance(given, dict) else default


def values(
    document: Any, pattern: tuple[str, ...], kind: type[Value], at: KeyPath = ()
) -> Iterator[tuple[KeyPath, Value]]:
    """Yield path and value of everything the pattern meets and that is of this kind, in the order of the file."""
    if not pattern:
        if isinstance(document, kind):
            yield at, document
        return
    key, below = pattern[0], pattern[1:]
    if key == ANY and isinstance(document, list | tuple):
        for index, item in enumerate(document):
            yield from values(item, below, kind, (*at, index))
    elif isinstance(document, Mapping):
        for name in document if key == ANY else (key,):
            if name in document:
                yield from values(document[name], below, kind, (*at, name))
