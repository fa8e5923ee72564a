"""Local days as spans of UTC, by the time-zone database and never by an offset (rule 14: a demand names a local date).

Almaty moved from UTC+6 to UTC+5 on 2024-03-01, so that 2024-02-29 was 25 hours long there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in UTC epoch milliseconds, the end not included."""

    from_ms: int
    to_ms: int


def local_day(day: date, zone: str) -> Span:
    """The span of a local date. Raises ValueError when there is no such time zone."""
    return Span(_midnight_ms(day, zone), _midnight_ms(day + timedelta(days=1), zone))


def clock_ms(day: date, shown: time, zone: str, *, last: bool = False) -> int:
    """When the clocks there showed this; the first or the last time, on a night when they showed it twice."""
    return round(datetime.combine(day, shown, time_zone(zone)).replace(fold=int(last)).timestamp()) * 1000


def local_date(at_ms: int, zone: str) -> date:
    """The local date of an instant. Raises ValueError when there is no such time zone."""
    return local_time(at_ms, zone).date()


def local_time(at_ms: int, zone: str) -> datetime:
    """An instant as the clocks there showed it, with its offset. Raises ValueError when there is no such time zone."""
    return datetime.fromtimestamp(at_ms / 1000, time_zone(zone))


@cache
def time_zone(name: str) -> ZoneInfo:
    """A time zone of the packaged database, which knows of 2024 where the machine's own may not.

    Raises ValueError when there is none of that name.
    """
    parts = name.split("/")
    if not all(part and part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts):
        raise ValueError(f"no such time zone: {name}")
    try:
        with resources.files("tzdata").joinpath("zoneinfo", *parts).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except OSError as error:
        raise ValueError(f"no such time zone: {name}") from error


def _midnight_ms(day: date, zone: str) -> int:
    return round(datetime.combine(day, time(), time_zone(zone)).timestamp()) * 1000
