"""Types and ranges: pydantic finds what does not fit, this module says it in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from config.problems import Finding, nearest, suggestion
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from config.problems import KeyPath

PATTERNS = {
    r"^\S(.*\S)?$": "text without blanks around it",
    r"^[a-z_][a-z0-9_.-]{0,31}$": "up to 32 small Latin letters, digits and `_.-`, a letter or _ first",
    r"^([a-z_][a-z0-9_.-]{0,31})?$": "empty, or up to 32 small Latin letters, digits and `_.-`, a letter or _ first",
    r"^[a-z0-9][a-z0-9._-]{0,31}$": "up to 32 small Latin letters, digits and `._-`, a letter or digit first",
    r"^[0-9]$": "one digit",
    r"^[0-9*#]$": "one key of the telephone: a digit, * or #",
    r"^[0-9]{2,6}$": "2 to 6 digits",
    r"^\+?[0-9]{3,15}$": "3 to 15 digits, with or without a + before them",
    r"^[a-z][a-z0-9]{0,15}$": "up to 16 small Latin letters and digits, a letter first",
    r"^[a-z][a-z0-9-]{0,31}$": "up to 32 small Latin letters, digits and hyphens, a letter first",
    r"^([A-Za-z0-9.-]+(:[0-9]{1,5})?)?$": "a host, or a host and a port: `192.0.2.1:5060`",
    r"^([a-z][a-z0-9-]{0,31})?$": "empty, or up to 32 small Latin letters, digits and hyphens, a letter first",
    r"^([^\s@,<>\"]{1,64}@[A-Za-z0-9.-]{1,190})?$": "empty, or one address: `duty@example.kz`",
    r"^\+[0-9]{1,10}$": "a + and 1 to 10 digits",
    r"^[a-z][a-z0-9-]{0,63}$": "up to 64 small Latin letters, digits and hyphens, a letter first",
}
"""Each pattern of the settings in words; a test keeps the table complete."""

_TYPES = {
    "string": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number that has an end",
    "bool": "true or false",
    "path": "a path in quotes",
    "tuple": "a list in square brackets",
    "dict": "a table",
    "model": "a table",
}


_EXAMPLES: dict[KeyPath, str] = {
    ("trunks",): 'must be given: [[trunks]] with name = "carrier" and addresses = ["192.0.2.10"]',
    ("groups",): 'must be given: [[groups]] with name = "portal", transfer_number = "62" and its title',
    ("operators",): 'must be given: [[operators]] with number = "101", name = "Айгүл" and groups = ["portal"]',
    ("hotline",): 'must be given: [hotline] with default_group = "portal"',
    ("menu",): 'must be given: [menu] with choices = [{ key = "1", group = "portal", prompt = "menu-portal" }]',
}
"""Of a section that is not there at all, what it begins with."""


def fitted(document: Mapping[str, Any]) -> tuple[Settings | None, list[Finding]]:
    """Return the settings, or None and everything in the document that does not fit."""
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        return None, _findings(error.errors(include_url=False))
    return settings, list(_truths_for_numbers(document, settings.model_dump()))


def _truths_for_numbers(given: Any, taken: Any, at: KeyPath = ()) -> Iterator[Finding]:
    """Find `true` and `false` that were read as 1 and 0."""
    if isinstance(given, bool) and not isinstance(taken, bool):
        yield Finding(at, f"must be a number, not {_quoted(given)}")
    elif isinstance(given, dict) and isinstance(taken, dict):
        for key in given:
            yield from _truths_for_numbers(given[key], taken.get(key), (*at, key))
    elif isinstance(given, list) and isinstance(taken, tuple):
        for nth, (one, other) in enumerate(zip(given, taken, strict=False)):
            yield from _truths_for_numbers(one, other, (*at, nth))


def _findings(errors: list[ErrorDetails]) -> list[Finding]:
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    misspelt = {(*loc[:-1], nearest(str(loc[-1]), _known_keys(loc[:-1]))) for loc in unknown}
    lists = {error["loc"][:length] for error in errors for length in range(1, len(error["loc"]))}
    return [
        Finding(_path(error["loc"]), _words(error))
        for error in errors
        # What only follows from another finding is left out: a misspelt key is missing, a list of wrong items empty.
        if not (error["type"] == "missing" and error["loc"] in misspelt)
        if not (error["type"] == "too_short" and error["loc"] in lists)
    ]


def _path(loc: KeyPath) -> KeyPath:
    return loc[:-1] if loc[-1] == "[key]" else loc


def _words(error: ErrorDetails) -> str:
    kind, limits = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        return f"no such key{_instead(key, error['loc'][:-1])}"
    if kind == "missing":
        return _EXAMPLES.get(error["loc"], "must be given")
    if kind == "literal_error":
        expected = str(limits["expected"]).replace("'", '"')
        meant = suggestion(str(error["input"]), re.findall(r'"([^"]*)"', expected))
        return f"must be {expected}, not {_quoted(error['input'])}{meant}"
    if kind == "value_error":
        return str(limits["error"])
    if kind == "string_pattern_mismatch":
        return f"must be {PATTERNS[limits['pattern']]}, not {_quoted(error['input'])}"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {limits['max_length']} characters"
    if kind in _RANGES:
        words, limit = _RANGES[kind]
        return f"must be {words} {limits[limit]:g}, not {_quoted(error['input'])}"
    type_name = _TYPES.get(kind.split("_")[0])
    return f"must be {type_name}, not {_quoted(error['input'])}" if type_name else f"is not right: {error['msg']}"


def _instead(key: str, table: KeyPath) -> str:
    """The key that was meant, or where it belongs, or which there are."""
    known = _known_keys(table)
    homes = [] if table else [name for name in Settings.model_fields if key in _known_keys((name,))]
    if homes:
        return f": it belongs into [{homes[0]}]"
    if meant := suggestion(key, known):
        return meant
    if table and key in Settings.model_fields:
        return f": a section is not within another one, write [{key}] or [[{key}]]"
    return f"; there are {', '.join(known)}" if known else ""


_RANGES = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _quoted(value: object) -> str:
    """Show a value as TOML writes it, shortened, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:40]}…"'
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return str(value)[:40]


def _known_keys(path: KeyPath) -> tuple[str, ...]:
    """Return the keys that the table at this path may hold."""
    model: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str):
            inner = _model_in(model.model_fields[part].annotation)
            if inner is None:
                return ()
            model = inner
    return tuple(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the section inside `Section`, `tuple[Section, ...]` or nothing."""
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)
