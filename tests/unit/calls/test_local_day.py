"""Local dates by the time-zone database: 2024-02-29 was 25 hours long in Almaty."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from calls.local_day import Span, local_date, local_day, local_time


def utc_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("day", "begin", "end"),
    [
        ("2024-02-28", "2024-02-27T18:00", "2024-02-28T18:00"),
        ("2024-02-29", "2024-02-28T18:00", "2024-02-29T19:00"),
        ("2024-03-01", "2024-02-29T19:00", "2024-03-01T19:00"),
        ("2026-11-22", "2026-11-21T19:00", "2026-11-22T19:00"),
    ],
)
def test_a_day_in_almaty(day: str, begin: str, end: str) -> None:
    assert local_day(date.fromisoformat(day), "Asia/Almaty") == Span(utc_ms(begin), utc_ms(end))


def test_qyzylorda_moved_earlier() -> None:
    day = local_day(date(2018, 12, 20), "Asia/Qyzylorda")
    assert day.to_ms - day.from_ms == 25 * 3600_000


def test_the_hour_that_occurred_twice_has_two_offsets() -> None:
    first, second = utc_ms("2024-02-29T17:30"), utc_ms("2024-02-29T18:30")
    assert local_time(first, "Asia/Almaty").isoformat() == "2024-02-29T23:30:00+06:00"
    assert local_time(second, "Asia/Almaty").isoformat() == "2024-02-29T23:30:00+05:00"
    assert local_date(first, "Asia/Almaty") == local_date(second, "Asia/Almaty") == date(2024, 2, 29)


@pytest.mark.parametrize("zone", ["", "Asia", "Asia/Nowhere", "../../etc/passwd", "/etc/localtime", "Asia/Almaty/"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        local_day(date(2026, 1, 1), zone)
