"""Local dates as people type them."""

from __future__ import annotations

import time
from datetime import date
from datetime import time as time_of_day

from calls.local_day import local_date
from calls.search import ends_of, hours_of
from calls.typed_dates import NotADateError, typed_date, typed_instant

__all__ = ["NotADateError", "NotARangeError", "day_of", "instant_of", "span_of", "times_of"]


def day_of(typed: str, zone: str) -> date:
    """The local date typed as YYYY-MM-DD or DD.MM.YYYY; today when nothing was typed. Raises NotADateError."""
    return typed_date(typed) if typed.strip() else local_date(time.time_ns() // 1_000_000, zone)


def instant_of(typed: str, zone: str) -> int:
    """The instant typed as `calls.typed_dates.typed_instant` takes it; now for nothing typed. Raises NotADateError."""
    return typed_instant(typed, zone) if typed.strip() else time.time_ns() // 1_000_000


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
