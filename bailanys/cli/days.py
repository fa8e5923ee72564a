"""Local dates as people type them."""

from __future__ import annotations

import time
from datetime import date, datetime
from datetime import time as time_of_day

from calls.local_day import local_date, time_zone
from calls.search import ends_of, hours_of
from console.day import EARLIEST, LATEST


class NotADateError(Exception):
    """What was typed is no date."""

    error_id = "not-a-date"
    retryable = False


def day_of(typed: str, zone: str) -> date:
    """The local date typed as YYYY-MM-DD or DD.MM.YYYY; today when nothing was typed. Raises NotADateError."""
    text = typed.strip()
    if not text:
        return local_date(time.time_ns() // 1_000_000, zone)
    try:
        if "." in text:
            day, month, year = text.split(".")
            told = date(int(year), int(month), int(day))
        else:
            told = date.fromisoformat(text)
    except ValueError:
        raise NotADateError(f"{typed!r} is no date: write 2026-11-22 or 22.11.2026") from None
    if not EARLIEST <= told <= LATEST:
        raise NotADateError(f"{typed!r} is no date of a call: those are from {EARLIEST} to {LATEST}")
    return told


def instant_of(typed: str, zone: str) -> int:
    """The instant typed as a local `2026-11-22 14:05`, or with an offset; now when nothing was typed. UTC epoch ms.

    Raises NotADateError, also for an hour that came twice or never, and for a year that no letter is of.
    """
    if not typed.strip():
        return time.time_ns() // 1_000_000
    try:
        told = datetime.fromisoformat(typed.strip())
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
