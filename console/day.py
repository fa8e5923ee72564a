"""A local date as the API takes it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # and no `2026-W47-7`, which Python takes, too
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def _iso(typed: object) -> date:
    """A date as YYYY-MM-DD and nothing else: pydantic alone takes epoch seconds for a date too."""
    if not isinstance(typed, str) or not _ISO.fullmatch(typed):
        raise ValueError("must be a date such as 2026-11-22")
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise ValueError("must be a date such as 2026-11-22") from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"must be from {EARLIEST} to {LATEST}")
    return day


Day = Annotated[date, BeforeValidator(_iso)]
