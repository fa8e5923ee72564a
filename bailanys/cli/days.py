"""Local dates as people type them."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import date, datetime
from datetime import time as time_of_day

from calls.local_day import local_date, time_zone
from calls.search import ends_of, hours_of
from console.day import EARLIEST, LATEST

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\s*\.\s*(\d{1,2})\s*\.\s*(\d{4})", re.ASCII)
_INSTANT = re.compile(
    r"(?P<day>.+?)(?:T|,?\s+)(?P<hour>\d{1,2})(?P<rest>:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


class NotADateError(Exception):
    """What was typed is no date."""

    error_id = "not-a-date"
    retryable = False


def day_of(typed: str, zone: str) -> date:
    """The local date typed as YYYY-MM-DD or DD.MM.YYYY; today when nothing was typed. Raises NotADateError."""
    if not typed.strip():
        return local_date(time.time_ns() // 1_000_000, zone)
    told = _date(_in_ascii_digits(typed))
    if told is None:
        raise NotADateError(f"{typed!r} is no date: write 2026-11-22 or 22.11.2026")
    if not EARLIEST <= told <= LATEST:
        raise NotADateError(f"{typed!r} is no date of a call: those are from {EARLIEST} to {LATEST}")
    return told


def instant_of(typed: str, zone: str) -> int:
    """The instant typed as a local `2026-11-22T14:05` or `22.11.2026 14:05`, or with an offset; now for nothing typed.

    UTC epoch ms. Raises NotADateError, also for a date without an hour, for an hour that came twice or never, and for a
    year that no letter is of. Nothing else of ISO 8601 is taken: Python reads `14.30` as 14:00:00.30, and the term of
    four hours would run from there.
    """
    if not typed.strip():
        return time.time_ns() // 1_000_000
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


class NotARangeError(Exception):
    """What was typed is no range of numbers."""

    error_id = "not-a-range"
    retryable = False


def span_of(typed: str, what: str) -> tuple[float | None, float | None]:
    """Both ends of a range typed as `1-2`, `3`, `60-` or `-30`; None for an open one. Raises NotARangeError."""
    try:
        return ends_of(typed)
    except ValueError:
        raise NotARangeError(f"--{what} {typed!r} is no range: write 3, 1-2 or 60-") from None


def times_of(typed: str) -> tuple[time_of_day | None, time_of_day | None]:
    """Both ends of local times typed as `14:00-15:30`. Raises NotARangeError."""
    try:
        return hours_of(typed)
    except ValueError:
        raise NotARangeError(f"--hours {typed!r} are no local times: write 14:00-15:30, 14:00- or -09:00") from None
