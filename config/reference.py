"""The configuration reference, made from the settings themselves.

`python -m config.reference > docs/configuration.md`.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from config.settings import Settings
from config.shape import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

_HEAD = """\
# Configuration

One file describes the contact centre: `config/hotline.toml`. Everything Asterisk reads is rendered from it.
This page is made from the settings (`python -m config.reference > docs/configuration.md`).

`bailanys check` tells all that is wrong with the file at once, one line each, and exits with status 2:

```
config/hotline.toml:52: operators[2].groups: no group called "portl" (did you mean "portal"?)
```

Lists count from 0: `operators[2]` is the third `[[operators]]`.

A variable of the environment wins over the file: `BAILANYS_SIP__PORT=5070` is `port` in `[sip]`. A list is
written as JSON: `BAILANYS_HOTLINE__LANGUAGES='["kk", "ru"]'`; a list of tables (`trunks`, `groups`, `operators`) is
replaced as a whole.

Times ending in `_s` are in seconds.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    schema = Settings.model_json_schema()
    return "\n".join([_HEAD, *_sections(schema)])


def _sections(schema: Schema) -> Iterator[str]:
    models: Mapping[str, Schema] = schema["$defs"]
    for name, entry in schema["properties"].items():
        repeated = entry.get("type") == "array"
        model = models[_model_name(entry["items"] if repeated else entry)]
        yield from _table(f"[[{name}]]" if repeated else f"[{name}]", model, models)
        for key, field in model["properties"].items():
            if "$ref" in field.get("items", {}):
                yield from _table(f"{name}.{key}, each", models[_model_name(field["items"])], models)


def _model_name(entry: Schema) -> str:
    reference_ = entry.get("$ref") or entry["allOf"][0]["$ref"]
    return str(reference_).rsplit("/", 1)[-1]


def _table(title: str, model: Schema, models: Mapping[str, Schema]) -> Iterator[str]:
    yield f"## `{title}`\n\n{model['description']}\n\n| key | value | default | meaning |\n|---|---|---|---|"
    needed = model.get("required", [])
    for key, field in model["properties"].items():
        default = "must be given" if key in needed else _default(field.get("default"))
        yield f"| `{key}` | {_kind(field)} | {default} | {field.get('description', '')} |"
    yield ""


def _default(value: object) -> str:
    if value is None:
        return "none"
    return "empty" if value == "" else f"`{json.dumps(value, ensure_ascii=False)}`"


def _kind(field: Schema) -> str:
    """Say in words what a key may hold."""
    if "anyOf" in field:
        return _kind(next(option for option in field["anyOf"] if option.get("type") != "null"))
    if "enum" in field:
        return " or ".join(f"`{option}`" for option in field["enum"])
    if "$ref" in field:
        return "table"
    kind = field.get("type")
    if kind == "array":
        return f"list: {_kind(field['items'])} each"
    if "patternProperties" in field:
        ((pattern, values),) = field["patternProperties"].items()
        return f"table: {_kind(values)} per {PATTERNS[pattern]}"
    if kind == "object":
        return f"table: {_kind(field['additionalProperties'])} per {_kind(field['propertyNames'])}"
    if "pattern" in field:
        return PATTERNS[field["pattern"]]
    words = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`", "string": "text"}[str(kind)]
    return " ".join(["path" if field.get("format") == "path" else words, *_limits(field)])


def _limits(field: Schema) -> Iterator[str]:
    words = {"exclusiveMinimum": "above", "minimum": "from", "maximum": "to"}
    for name, word in words.items():
        if name in field:
            yield f"{word} {field[name]:g}" if isinstance(field[name], float) else f"{word} {field[name]}"
    if "maxLength" in field:
        yield f"of at most {field['maxLength']} characters"


if __name__ == "__main__":
    sys.stdout.write(reference())
