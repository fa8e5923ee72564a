"""Text from outside as a person sees it, and names that nobody can tell apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.visible_text import is_plain, looks, shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Алия", "A\u043b\u0438\u044f"),  # the capital is Latin
        ("Айгүл Серікова", "Aйгүл Cерiкoва"),
        ("Нұрлан Ахметов", "HҰPЛAH AXMETOB"),
        ("КАТЯ", "катя"),
        ("Андрей", unicodedata.normalize("NFD", "Андрей")),
        ("Алия", "Ал\u200bия"),
        ("Алия", "\u202eАлия\u202c"),
        ("Алия", "Али\ufe0fя\u3164"),
        ("Елена Ким", "Елена\u00a0 Ким"),
        ("Aliya", "Ａｌｉｙａ"),
        ("Ivan", "lvan"),
        ("О\u2019Нил", "О'Нил"),
        ("Ким\u2013Ли", "Ким-Ли"),
    ],
)
def test_names_that_look_the_same_are_one(one: str, other: str) -> None:
    assert one != other and looks(one) == looks(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Айгүл Серікова", "Айгүл Сәрікова"),
        ("Елена Ким", "Алёна Ким"),
        ("Қасым", "Касым"),
        ("Нұрлан", "Нурлан"),
        ("Семён", "Семен"),
        ("Андрей", "Андреи"),
        ("Ким Е.", "Ким И."),
    ],
)
def test_names_that_a_person_can_tell_apart_are_two(one: str, other: str) -> None:
    assert looks(one) != looks(other)


@pytest.mark.parametrize("text", ["Айгүл Серікова", "14-2/118 от 22.11.2026", "№ 5 «ЭЦП»", "e\u0301", "", "\U0001f4de"])
def test_what_people_write_is_plain_and_shown_as_it_is(text: str) -> None:
    assert is_plain(text) and shown(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\rb\x08c", "a\\rb\\x08c"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eүлк", "\\u202eүлк"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\u00a0b\u3164", "a\\xa0b\\u3164"),
        ("\ud800", "\\ud800"),
        ("a\nb\u2028", "a\\nb\\u2028"),
    ],
)
def test_what_nobody_sees_is_shown_as_an_escape(text: str, seen: str) -> None:
    assert not is_plain(text) and shown(text) == seen
    assert shown(text, but="\n") == seen.replace("\\n", "\n")


@given(st.text())
def test_whatever_came_is_shown_as_one_plain_line_and_looks_like_itself(text: str) -> None:
    assert is_plain(shown(text)) and shown(shown(text)) == shown(text)
    assert looks(looks(text)) == looks(text)
