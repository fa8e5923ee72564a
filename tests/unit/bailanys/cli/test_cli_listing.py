"""A table fits its screen, breaks nothing, and leaves out what says nothing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bailanys.cli.instants import iso, with_instants
from bailanys.cli.listing import table

WORDS = st.text(st.sampled_from("абвқңabc019-.:+"), min_size=1, max_size=24)
CELLS = st.one_of(
    st.none(), st.integers(0, 10**6), st.lists(WORDS, max_size=5), st.lists(WORDS, max_size=9).map(" ".join)
)
ROWS = st.integers(1, 7).flatmap(
    lambda columns: st.lists(
        st.fixed_dictionaries({f"column {at}": CELLS for at in range(columns)}), min_size=1, max_size=4
    )
)


@given(rows=ROWS, width=st.sampled_from([40, 80, 120]))
def test_no_word_is_broken_and_none_is_lost(rows: list[dict[str, object]], width: int) -> None:
    shown = table(rows, width)
    seen = re.split(r"[ \n]+", shown)
    for row in rows:
        for value in row.values():
            words = ", ".join(value).split() if isinstance(value, list) else str(value or "").split()
            assert not set(words) - set(seen) or not value
    assert all(len(line) <= width for line in shown.splitlines())


def test_a_column_that_says_nothing_is_left_out_and_a_date_stays_on_one_line() -> None:
    rows = [{"call": "hl1-1.1", "until": None, "at": "2026-11-29 12:40:55", "said": "word " * 30} for _ in range(2)]
    shown = table(rows, 60)
    assert "until" not in shown and shown.count("2026-11-29 12:40:55") == 2


def test_amounts_stand_by_their_last_digit_and_names_by_their_first() -> None:
    assert table([{"no": "101", "seconds": 9.5}, {"no": "7", "seconds": 120}], 80).splitlines()[2:] == [
        "101      9.5",
        "7        120",
    ]


def test_an_instant_has_iso_beside_it_and_a_length_does_not() -> None:
    assert iso(1_764_000_000_250) == "2025-11-24T16:00:00.250Z"
    assert with_instants({"calls": ({"arrived_ms": 0, "ended_ms": None, "duration_ms": 5, "bridged_ms": None},)}) == {
        "calls": [
            {
                "arrived_ms": 0, "arrived": "1970-01-01T00:00:00.000Z", "ended_ms": None, "ended": None,
                "duration_ms": 5, "bridged_ms": None,
            }
        ]
    }  # fmt: skip
