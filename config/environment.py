"""Settings from the environment, which win over the file: `BAILANYS_SIP__PORT=5070`.

A list or a table is written as JSON: `BAILANYS_HOTLINE__LANGUAGES='["kk", "ru"]'`. Variables without the double
underscore and whose name is no section (`BAILANYS_CONFIG`) are not settings and are left alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.problems import KeyPath

PREFIX = "BAILANYS_"


def variables(env: Mapping[str, str]) -> dict[KeyPath, str]:
    """Return the variable's name for each path that the environment sets."""
    found: dict[KeyPath, str] = {}
    for name in sorted(env):
        if not name.startswith(PREFIX):
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        if len(path) > 1 or path[0] in Settings.model_fields:
            found[path] = name
    return found


def underscores_missing(env: Mapping[str, str]) -> dict[str, str]:
    """Return for each variable that was meant as a setting, and has one underscore too few, how it is written."""
    meant = {
        f"{PREFIX}{section}_{key}".upper(): f"{PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields
    }
    return {name: meant[name] for name in sorted(env) if name in meant}


def overlaid(document: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """Return the document with the environment's values over it."""
    merged = dict(document)
    for path, name in variables(env).items():
        merged = _with(merged, path, _value(env[name]))
    return merged


def _with(table: Mapping[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    key, *rest = path
    below = table.get(str(key))
    inner = below if isinstance(below, dict) else {}
    return {**table, str(key): _with(inner, tuple(rest), value) if rest else value}


def _value(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # not a list after all; the check of types then says so by the variable's name
