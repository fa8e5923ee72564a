"""Local dates as people type them."""

from __future__ import annotations

import time
from datetime import date

from calls.local_day import local_date


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
            return date(int(year), int(month), int(day))
        return date.fromisoformat(text)
    except ValueError:
        raise NotADateError(f"{typed!r} is no date: write 2026-11-22 or 22.11.2026") from None
