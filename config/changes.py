"""What is other in one configuration than in another, in words: said when a changed file is taken up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.document import Document
from config.visible_text import shown

_NAMED = {"trunks": "name", "groups": "name", "operators": "number", "people": "name"}
"""Lists of tables, and by what each is known."""
_SECRET = {("alarms", "command")}
"""What may hold a password is not repeated."""
_LONGEST = 80

AT_A_START = (("storage", "state_dir"), ("storage", "database_url"), ("ports", "ami"), ("hotline", "node"))
"""Where state, ledger and Asterisk are, and what it is called: only a start brings the parts together there."""
AT_ASTERISKS_START = (("asterisk", "user"),)


def changes(before: Document, after: Document) -> tuple[str, ...]:
    """Tell of everything that is other, section by section; nothing for the same. Both with their defaults."""
    return tuple(shown(line) for section in after for line in _of_section(section, before.get(section), after[section]))


def differing(before: Document, after: Document, paths: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return those of the paths whose values differ, as `storage.state_dir`."""
    return tuple(
        f"{section}.{key}" for section, key in paths if before.get(section, {}).get(key) != after[section].get(key)
    )


def _of_section(section: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if section in _NAMED:
        yield from _of_list(section.removesuffix("s"), _NAMED[section], before or (), after)
    else:
        yield from _of_table(section, before or {}, after, section)


def _of_list(noun: str, key: str, before: Any, after: Any) -> Iterator[str]:
    noun = "person" if noun == "people" else noun
    old, new = ({one[key]: one for one in rows} for rows in (before, after))
    for name in [*old, *(one for one in new if one not in old)]:
        called = f"{noun} {name}"
        if name not in new:
            yield f"{called}: gone"
        elif name not in old:
            also = f" ({new[name]['name']})" if key != "name" else ""
            serves = f", serves {_value(new[name]['groups'])}" if "groups" in new[name] else ""
            yield f"{called}{also}: new{serves}"
        else:
            yield from _of_table(called, old[name], new[name])
    if old == new and list(old) != list(new):
        yield f"{noun}s: in another order"


def _of_table(called: str, before: Mapping[str, Any], after: Mapping[str, Any], section: str = "") -> Iterator[str]:
    joint = "." if section else ": "
    for key, value in after.items():
        was = before.get(key)
        if was == value:
            continue
        if (section, key) in _SECRET or not (_is_short(was) and _is_short(value)):
            yield f"{called}{joint}{key}: changed"
        else:
            yield f"{called}{joint}{key}: {_value(was)} → {_value(value)}"


def _is_short(value: Any) -> bool:
    """Whether it fits a line: plain values, lists of them, and small tables of them."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return not any(isinstance(one, Mapping | list | tuple) for one in value) and len(_value(value)) <= _LONGEST
    return len(str(value)) <= _LONGEST


def _value(value: Any) -> str:
    if value is None or value in ("", [], (), {}):
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_value(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
