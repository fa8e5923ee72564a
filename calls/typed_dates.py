"""Dates and instants as people and programs write them: the same spellings at the command line and over the API."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from calls.local_day import time_zone

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\s*\.\s*(\d{1,2})\s*\.\s*(\d{4})", re.ASCII)
_INSTANT = re.compile(
    r"(?P<day>.+?)(?:T|,?\s+)(?P<hour>\d{1,2})(?P<rest>:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


class NotADateError(Exception):
    """What was typed is no date."""

    error_id = "not-a-date"
    retryable = False


def typed_date(typed: str) -> date:
    """The date written as YYYY-MM-DD or DD.MM.YYYY. Raises NotADateError."""
    told = _date(_in_ascii_digits(typed))
    if told is None:
        raise NotADateError(f"{typed!r} is no date: write 2026-11-22 or 22.11.2026")
    if not EARLIEST <= told <= LATEST:
        raise NotADateError(f"{typed!r} is no date of a call: those are from {EARLIEST} to {LATEST}")
    return told


def typed_instant(typed: str, zone: str) -> int:
    """The instant written as a local `2026-11-22T14:05` or `22.11.2026 14:05`, or with an offset; UTC epoch ms.

    Raises NotADateError, also for a date without an hour, for an hour that came twice or never, and for a year that no
    letter is of. Nothing else of ISO 8601 is taken: Python reads `14.30` as 14:00:00.30, and the term of four hours
    would run from there.
    """
    parts = _INSTANT.fullmatch(_in_ascii_digits(typed))
    day = _date(parts["day"]) if parts is not None else None
    try:
        if parts is None or day is None:
            raise ValueError(typed)
        told = datetime.fromisoformat(f"{day}T{parts['hour']:0>2}{parts['rest']}{parts['offset'] or ''}")
    except ValueError:
        raise NotADateError(f"{typed!r} is no instant: write 2026-11-22T14:05") from None
    if told.tzinfo is None:
        local = time_zone(zone)
        first, second = told.replace(tzinfo=local), told.replace(tzinfo=local, fold=1)
        if first.utcoffset() != second.utcoffset():
            offsets = " or ".join(f"{one:%z}" for one in (first, second))
            raise NotADateError(f"{typed!r} came twice or never there: write it with its offset, {offsets}")
        told = first
    if not EARLIEST <= told.date() <= LATEST:  # beyond, an offset may leave the years that there are
        raise NotADateError(f"{typed!r} is no instant of a letter: those are from {EARLIEST} to {LATEST}")
    return round(told.timestamp() * 1000)


def _date(text: str) -> date | None:
    """The date that a text is in either form; None when it is none, or there is no such day."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _in_ascii_digits(typed: str) -> str:
    """Without blanks around it, and with digits of any alphabet as ours: they mean the same."""
    text = unicodedata.normalize("NFKC", typed).strip()
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
