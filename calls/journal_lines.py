"""Lines of the journal, read and written: CSV whose `extra` holds our facts' fields, URL-encoded."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from calls.journal import OURS, Entry, Fact
from calls.journal_fields import Fields

COLUMNS = 7

_TIME = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?")


def parse_line(line: bytes | str) -> Entry | None:
    """One complete line as an entry; None if it is malformed (never raises, whatever the bytes).

    Bytes that are no UTF-8 come out as backslash escapes, so that nothing of the raw line is lost.
    """
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    try:
        rows = list(csv.reader((text.rstrip("\r\n"),), strict=True))
    except csv.Error:
        return None
    if len(rows) != 1 or len(rows[0]) != COLUMNS:
        return None
    kind, time, channel, uniqueid, linkedid, name, extra = rows[0]
    at_ms = instant_ms(time)
    if not kind or at_ms is None:
        return None
    # Some versions write a user event's own name as its type, some "USER_DEFINED"; CEL's own events have no name.
    kind = OURS if name else kind
    return Entry(kind, at_ms, channel, uniqueid, linkedid, name, decoded(extra) if kind == OURS else Fields())


def instant_ms(time: str) -> int | None:
    """`1764000000.123456` (UTC seconds) as whole epoch milliseconds, cut, without a float's rounding; else None."""
    match = _TIME.fullmatch(time)
    if match is None or not match[0].isascii():
        return None
    return int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0")[:3])


def decoded(extra: str) -> Fields:
    """The fields that one of our facts says.

    Asterisk's versions hand a user event's text on bare, as a JSON string, or as `{"extra": "..."}`: all three
    are taken. The last of two equal keys wins; what is no `key=value` is left out.
    """
    pairs = (part.partition("=") for part in _fact_text(extra).split("&"))
    return Fields({_decoded(key): _decoded(value) for key, equals, value in pairs if equals})


def format_fields(values: Mapping[str, str | int]) -> str:
    """`key=value&...`, URL-encoded: holds no comma, quote, space or line break whatever the values."""
    return "&".join(f"{quote(key, safe='')}={_quoted(value)}" for key, value in values.items())


def format_line(fact: Fact, at_ms: int, values: Mapping[str, str | int], call_id: str = "") -> bytes:
    """A fact of the controller's own as a whole line with its newline, to be appended by one write."""
    return _line(OURS, at_ms, call_id, fact.value, format_fields(values))


def format_hangup(at_ms: int, call_id: str) -> bytes:
    """The end of a call that no channel is left of (Asterisk died), as Asterisk would have written it.

    Harmless if Asterisk did write it: the earlier of the two instants holds.
    """
    return _line("HANGUP", at_ms, call_id, "", "")


def is_lost(entry: Entry) -> bool:
    """Whether a HANGUP is one of `format_hangup`: Asterisk names the channel."""
    return entry.type == "HANGUP" and not entry.channel


def _line(kind: str, at_ms: int, call_id: str, name: str, extra: str) -> bytes:
    seconds, ms = divmod(at_ms, 1000)
    row = (kind, f"{seconds}.{ms:03d}000", "", call_id, call_id, name, extra)
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue().encode("utf-8", "backslashreplace")


def _fact_text(extra: str) -> str:
    if not extra.startswith(("{", '"')):
        return extra
    try:
        value = json.loads(extra)
    except (ValueError, RecursionError):
        return ""
    if isinstance(value, dict):
        value = value.get("extra", "")
    return value if isinstance(value, str) else ""


def _decoded(text: str) -> str:
    # A bare plus stays a plus: Asterisk's URIENCODE writes a blank as %20, and `+7701...` begins with one.
    return unquote(text, errors="backslashreplace") if "%" in text else text


def _quoted(value: str | int) -> str:
    return quote(str(value), safe="+", errors="backslashreplace")
