"""What is printed where not every letter can be: an ASCII locale is no reason for a command to fail."""

from __future__ import annotations

import codecs
import io
import json
import sys

PLAIN = "bailanys-plain"
"""The name of the codecs' error handler below."""
_LIKE = dict(
    zip("–—─┄│└·…’“”«»№", ["-", "-", "-", "-", "|", "+", ";", "...", "'", *('"' * 4), "No"], strict=True)
) | dict.fromkeys("▁▂▃▄▅▆▇█", "#")
"""Marks of tables, plots and sentences, by what looks like them."""


def make_ready() -> None:
    r"""Have standard output and errors print in other marks, or as `\uXXXX`, what their encoding lacks."""
    codecs.register_error(PLAIN, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)


def json_that_prints(text: str) -> str:
    """The same JSON, in ASCII where standard output cannot take all of it: no letter becomes another one."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return "".join(letter if letter.isascii() else json.dumps(letter)[1:-1] for letter in text)
    return text


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_LIKE.get(letter, json.dumps(letter)[1:-1]) for letter in lacking), error.end
