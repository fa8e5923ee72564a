"""JSON for people and programs: the same value, and no power over a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.json_text import json_text, made_visible
from config.visible_text import is_plain

VALUES = st.recursive(
    st.text() | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([None, 1]))
def test_every_line_is_plain_and_the_value_is_the_same(value: object, indent: int | None) -> None:
    text = json_text(value, indent=indent)
    assert json.loads(text) == value
    assert all(map(is_plain, text.split("\n")))
    assert indent is not None or "\n" not in text
    text.encode()  # a half of a pair of surrogates, too


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Айгүл «№»", '"Айгүл «№»"'),
        ("\u202e\x1b[2J\x9b\x7f\u200b", r'"\u202e\u001b[2J\u009b\u007f\u200b"'),
        ("\u3164\U000e0101", r'"\u3164\udb40\udd01"'),
        ({"\u202e": 'a"\\'}, '{"\\u202e": "a\\"\\\\"}'),
    ],
)
def test_what_nobody_sees_is_written_as_its_number(value: object, text: str) -> None:
    assert json_text(value) == text == made_visible(json.dumps(value, ensure_ascii=False))


def test_what_json_does_not_know_is_told_as_asked() -> None:
    assert json_text({"b": Path("/x"), "a": 1}, default=str, sort_keys=True) == '{"a": 1, "b": "/x"}'
    with pytest.raises(TypeError):
        json_text(Path("/x"))
