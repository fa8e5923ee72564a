"""Dates and instants as a sleepy clerk types them: meant as they are, or refused, never something else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailanys.cli.days import NotADateError, day_of, instant_of

ZONE = "Asia/Almaty"
DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-22",
        "22.11.2026",
        " 22.11.2026\n",
        "22. 11. 2026",
        "٢٢.١١.٢٠٢٦",
        "２２．１１．２０２６",
        "2026-11-22\u00a0",
    ],
)
def test_a_date_in_either_form_and_in_any_digits(typed: str) -> None:
    assert day_of(typed, ZONE) == DAY


@pytest.mark.parametrize(
    "typed",
    ["31.11.2026", "29.02.2025", "22.11.26", "22/11/2026", "2026.11.22", "20261122", "2026-W47-7", "+1.2.2026",
     "1.2.2_026", "2026-11-22T14:05", "22.11.2026\u200b", "\u202e22.11.2026", "00.11.2026", "2026-11-22-", "24:00"],
)  # fmt: skip
def test_what_is_no_date_is_said(typed: str) -> None:
    with pytest.raises(NotADateError, match="is no date: write 2026-11-22"):
        day_of(typed, ZONE)


@pytest.mark.parametrize("typed", ["0001-01-01", "31.12.1999", "01.01.2200", "9999-12-31"])
def test_a_year_that_no_call_is_of_is_said(typed: str) -> None:
    with pytest.raises(NotADateError, match="no date of a call"):
        day_of(typed, ZONE)


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("2026-11-22T14:05", "2026-11-22T14:05:00+05:00"),
        ("2026-11-22 14:05", "2026-11-22T14:05:00+05:00"),
        ("22.11.2026 14:05", "2026-11-22T14:05:00+05:00"),
        ("22.11.2026, 9:05", "2026-11-22T09:05:00+05:00"),
        ("２２.１１.２０２６ ١٤:٠٥", "2026-11-22T14:05:00+05:00"),
        ("2026-11-22T14:05:59", "2026-11-22T14:05:59+05:00"),
        ("2026-11-22T14:05:59.25", "2026-11-22T14:05:59.250+05:00"),
        ("2026-11-22T14:05Z", "2026-11-22T19:05:00+05:00"),
        ("2026-11-22T14:05 +0600", "2026-11-22T13:05:00+05:00"),
        ("2026-11-22T00:00", "2026-11-22T00:00:00+05:00"),
        ("29.02.2024 22:59", "2024-02-29T22:59:00+06:00"),
        ("2024-02-29T23:30+06:00", "2024-02-29T23:30:00+06:00"),
        ("01.03.2024 00:00", "2024-03-01T00:00:00+05:00"),
    ],
)
def test_an_instant_is_the_one_meant(typed: str, at: str) -> None:
    assert instant_of(typed, ZONE) == round(datetime.fromisoformat(at).timestamp() * 1000)


@pytest.mark.parametrize(
    "typed",
    ["2026-11-22 14.05", "22.11.2026 14.05", "2026-11-22", "22.11.2026", "2026-11-22T14", "2026-11-22T24:00", "14:05",
     "2026-11-22T14:60", "2026-11-22T23:59:60", "20261122T1405", "2026-W47-7T14:05", "2026-11-22x14:05",
     "2026-11-22T14:05+99:00", "31.11.2026 14:05", "22.11.2026 14:05 г.", "2026-11-2214:05", "2026-11-22T-4:05"],
)  # fmt: skip
def test_what_is_no_instant_is_said(typed: str) -> None:
    """`14.05` would be 14:00:00.05 to Python: the term of four hours would end five minutes early."""
    with pytest.raises(NotADateError, match="is no instant: write 2026-11-22T14:05"):
        instant_of(typed, ZONE)


@given(
    st.builds(datetime.combine, st.dates(date(2000, 1, 2), date(2199, 12, 30)), st.times()),
    st.sampled_from(["%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M"]),
)
def test_an_instant_is_read_as_it_was_written_or_asked_about(at: datetime, form: str) -> None:
    try:
        read_ms = instant_of(at.strftime(form), ZONE)
    except NotADateError as error:
        assert re.search("came twice or never", str(error))
    else:
        assert datetime.fromtimestamp(read_ms / 1000, ZoneInfo(ZONE)).strftime(form) == at.strftime(form)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "var"


def test_a_letter_without_a_date_is_not_of_today(say: Callable[..., tuple[int, str, str]]) -> None:
    letter = ("--authority", "service-quality", "--letter", "14", "--ground", "rule 14", "--phone", "87051112233")
    status, out, err = say("demands", "add", *letter, "--date", " ")
    assert (status, out) == (2, "") and "name the date of the talk" in err
