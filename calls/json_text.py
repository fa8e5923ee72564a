r"""JSON for people and programs alike: letters of any alphabet as they are, what nobody sees as `\uXXXX`.

So that text from outside (a caller's name, a letter's reference, a reason) has no power over the terminal that shows
it, nor over a line of a log. To a program the value is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from config.visible_text import is_plain


def json_text(
    value: object, *, indent: int | None = None, default: Callable[[Any], Any] | None = None, sort_keys: bool = False
) -> str:
    """A value as JSON. Raises TypeError for what JSON cannot hold and `default` does not turn into what it can."""
    return made_visible(json.dumps(value, ensure_ascii=False, indent=indent, default=default, sort_keys=sort_keys))


def made_visible(text: str) -> str:
    """The same JSON with what cannot be seen escaped; outside of its strings only line breaks are of that kind."""
    if is_plain(text):
        return text
    return "\n".join(line if is_plain(line) else "".join(map(_escaped, line)) for line in text.split("\n"))


def _escaped(letter: str) -> str:
    return letter if is_plain(letter) else json.dumps(letter)[1:-1]
