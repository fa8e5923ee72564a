"""Ranges as a person types them."""

from __future__ import annotations

import pytest

from calls.search import ends_of


@pytest.mark.parametrize(
    ("typed", "ends"),
    [
        ("", (None, None)),
        (" 3 ", (3, 3)),
        ("0", (0, 0)),
        ("0-0.5", (0, 0.5)),
        ("1-2", (1, 2)),
        ("60-", (60, None)),
        ("-30", (None, 30)),
        ("-0", (None, 0)),
        ("999999999", (999_999_999, 999_999_999)),
    ],
)
def test_a_range_has_both_ends_or_one_or_none(typed: str, ends: tuple[float | None, float | None]) -> None:
    assert ends_of(typed) == ends


@pytest.mark.parametrize("typed", ["-", "2-1", "x", "1-x", "1000000000", "1-1e9", "nan", "inf", "1--2"])
def test_what_is_no_range_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        ends_of(typed)
