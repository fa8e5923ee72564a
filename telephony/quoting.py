"""What may be written to Asterisk's two line protocols, and how: nothing a caller sends becomes a command.

AMI ends a header at CR or LF, a bare LF too; AGI ends a command at LF. Asterisk has no escape for either, so they are
refused. The length limits are Asterisk's buffers (`inbuf[1025]` in manager.c, `AGI_BUF_LEN` 2048 in res_agi.c): longer
lines would be cut or dropped without an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

AMI_LINE_BYTES = 1000
AMI_HEADERS = 120
AGI_LINE_BYTES = 2000

_BREAKS = re.compile(r"[\r\n\0]")
_AMI_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
_AGI_SPECIAL = re.compile(r'(["\\])')
_ARGUMENT_SPECIAL = re.compile(r'([\\",()\[\]])')
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(\([A-Za-z0-9_,:;./@*#+-]{0,120}\))?")
_APPLICATION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_SOUND = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")
_KEYS = re.compile(r"[0-9*#]*")

ActionFields = Mapping[str, str | Sequence[str]]


def one_line(text: str) -> str:
    """Return the text if it is one line that can be sent as UTF-8. Raises ValueError."""
    if _BREAKS.search(text):
        raise ValueError("CR, LF and NUL cannot be sent to Asterisk")
    text.encode()  # a lone surrogate is a ValueError as well
    return text


def checked_action(fields: ActionFields) -> ActionFields:
    """Return an AMI action if every header of it is one header. Raises ValueError before anything is sent."""
    headers = [(key, value) for key, values in fields.items() for value in _each(values)]
    if len(headers) > AMI_HEADERS:
        raise ValueError(f"an AMI action has at most {AMI_HEADERS} headers, not {len(headers)}")
    for key, value in headers:
        if not _AMI_KEY.fullmatch(key):
            raise ValueError(f"not the name of an AMI header: {key!r}")
        if key.lower() == "actionid":
            raise ValueError("the link numbers its actions itself")
        if len(one_line(value).encode()) + len(key) > AMI_LINE_BYTES:
            raise ValueError(f"AMI header {key} is longer than {AMI_LINE_BYTES} bytes")
    return fields


def _each(values: str | Sequence[str]) -> Iterable[str]:
    return (values,) if isinstance(values, str) else values


def agi_quoted(argument: str) -> str:
    r"""Quote one argument of an AGI command: in quotes, with `"` and `\` escaped (parse_args in res_agi.c)."""
    return '"' + _AGI_SPECIAL.sub(r"\\\1", one_line(argument)) + '"'


def agi_command(*words: str, arguments: Sequence[str] = ()) -> str:
    """Build one AGI command from our own words and quoted arguments. Raises ValueError if it is too long."""
    command = " ".join((*words, *(agi_quoted(argument) for argument in arguments)))
    if len(command.encode()) > AGI_LINE_BYTES:
        raise ValueError(f"AGI command {words[0]} is longer than {AGI_LINE_BYTES} bytes")
    return command


def application_arguments(arguments: Sequence[str]) -> str:
    r"""Join the arguments of a dialplan application so that each one arrives as it is.

    A comma, a quote, a bracket inside an argument gets a backslash, as `AST_STANDARD_APP_ARGS` takes it off again.
    """
    return ",".join(_ARGUMENT_SPECIAL.sub(r"\\\1", one_line(argument)) for argument in arguments)


def variable_name(name: str) -> str:
    """Return the name of a channel variable or a function with plain arguments. Raises ValueError."""
    return _matching(_VARIABLE, name, "a channel variable")


def application_name(name: str) -> str:
    """Return the name of a dialplan application. Raises ValueError."""
    return _matching(_APPLICATION, name, "a dialplan application")


def sound_name(name: str) -> str:
    """Return the id of a sound: no dots, so that it stays under our folder. Raises ValueError."""
    return _matching(_SOUND, name, "a sound")


def keypad(keys: str) -> str:
    """Return keys of a telephone. Raises ValueError, which does not print them."""
    if not _KEYS.fullmatch(keys):
        raise ValueError("only 0-9, * and # are keys of a telephone")
    return keys


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"not the name of {what}: {text!r}")
    return text
