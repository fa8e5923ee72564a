"""When a search is read by pages in the database, and when its few hits are put in order here."""

from __future__ import annotations

import pytest

from calls.phone import candidate_keys
from calls.search import Search
from storage.recording_search import by_number


@pytest.mark.parametrize(
    ("typed", "limit", "few"),
    [
        ((), None, False),
        ((), 50, False),
        (("8 705 111-22-33",), None, True),
        (("8 705 111-22-33",), 50, True),
        (("anonymous",), None, True),
        (("anonymous",), 50, False),
        (("anonymous", "8 705 111-22-33"), 50, True),
    ],
)
def test_callers_without_a_number_are_read_by_pages(typed: tuple[str, ...], limit: int | None, few: bool) -> None:
    numbers = tuple(map(candidate_keys, typed)) or None
    assert by_number(Search(wanted=numbers, limit=limit)) is few
