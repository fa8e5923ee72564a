"""Every spelling of a number comes to one key, and nothing that a caller sends raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.phone import ANONYMOUS, KEY_LIMIT, caller_key, candidate_keys

AREAS = {"mobile": "701", "mobile-unknown-to-the-library": "703", "almaty": "727", "astana": "717", "toll-free": "800"}
SHAPES = [
    "+7{a}{b}{c}{d}",
    "8{a}{b}{c}{d}",
    "7{a}{b}{c}{d}",
    "{a}{b}{c}{d}",
    "+7 {a} {b} {c} {d}",
    "+7({a}){b}-{c}-{d}",
    "+7 ({a}) {b}-{c}-{d}",
    "+7-{a}-{b}-{c}-{d}",
    "+7.{a}.{b}.{c}.{d}",
    "8 {a} {b} {c} {d}",
    "8({a}){b}{c}{d}",
    "8 ({a}) {b} {c} {d}",
    "8-{a}-{b}-{c}-{d}",
    "8/{a}/{b}-{c}-{d}",
    "8–{a}–{b}–{c}–{d}",
    "({a}) {b}-{c}-{d}",
    "{a} {b}{c}{d}",
    "7 {a} {b} {c}{d}",
    "+7 8 {a} {b} {c} {d}",
    "+7 (8) {a} {b}-{c}-{d}",
    "+8 {a} {b} {c} {d}",
    "007{a}{b}{c}{d}",
    "00 7 {a} {b} {c} {d}",
    "8107{a}{b}{c}{d}",
    "8-10-7-{a}-{b}-{c}-{d}",
    "++7{a}{b}{c}{d}",
    "  +7{a}{b}{c}{d}  ",
    "\t8{a}{b}\u00a0{c}\u00a0{d}",
    "\u202a+7 {a} {b}-{c}-{d}\u202c",
    "\u200e8{a}{b}{c}{d}",
    "\ufeff+7{a}{b}{c}{d}",
    "+7{a}{b}{c}{d}\x00",
    "sip:+7{a}{b}{c}{d}@10.0.0.1",
    "sip:8{a}{b}{c}{d}@carrier.kz:5060;user=phone",
    "sips:%2B7{a}{b}{c}{d}@carrier.kz",
    "tel:+7-{a}-{b}-{c}-{d}",
    '"Айгүл" <sip:7{a}{b}{c}{d}@10.0.0.1>;tag=as58f',
    "Айгүл <8{a}{b}{c}{d}>",
    "<+7{a}{b}{c}{d}>",
    "'8{a}{b}{c}{d}'",
]
LABELLED = [
    "тел. 8 {a} {b} {c} {d}",
    "моб.: +7{a}{b}{c}{d}",
    "сот.тел:8{a}{b}{c}{d}",
    "8 {a} {b}-{c}-{d} доб. 12",
    "+7{a}{b}{c}{d}, ext 4",
]


def spelled(shape: str, area: str) -> str:
    return shape.format(a=area, b="123", c="45", d="67")


def full_width(text: str) -> str:
    return text.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})


def test_forty_spellings_are_tried() -> None:
    assert len(set(SHAPES)) == 40


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS.keys())
@pytest.mark.parametrize("shape", SHAPES)
def test_every_spelling_of_a_number_has_the_same_key(shape: str, area: str) -> None:
    typed = spelled(shape, area)
    assert caller_key(typed) == f"+7{area}1234567"
    assert caller_key(full_width(typed)) == f"+7{area}1234567"
    assert caller_key(typed.encode()) == f"+7{area}1234567"
    assert candidate_keys(typed).exact == (f"+7{area}1234567",)


@pytest.mark.parametrize("shape", LABELLED)
def test_a_search_leaves_labels_and_extensions_off(shape: str) -> None:
    assert candidate_keys(spelled(shape, "701")).exact == ("+77011234567",)


@pytest.mark.parametrize(
    "typed",
    [
        "+998901234567",
        "998901234567",
        "00998901234567",
        "810998901234567",
        "8-10-998-90-123-45-67",
        "+998 (90) 123-45-67",
    ],
)
def test_a_foreign_number_is_found_with_and_without_its_plus(typed: str) -> None:
    assert caller_key(typed) == "+998901234567"


@pytest.mark.parametrize(("raw", "key"), [("1414", "short:1414"), ("112", "short:112"), ("+71414", "short:1414")])
def test_a_short_number_is_not_made_a_long_one(raw: str, key: str) -> None:
    assert caller_key(raw) == key


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "<sip:anonymous@anonymous.invalid>",
        "unknown",
        "Restricted",
        "sip:10.0.0.1:5060",
        "+",
        "\x00",
        '""',
        "скрытый",
    ],
)
def test_a_withheld_number_is_anonymous(raw: str) -> None:
    assert caller_key(raw) == ANONYMOUS


def test_a_name_is_kept_as_a_sip_identity() -> None:
    assert caller_key("sip:Aigul.B@home.kz") == "sip:aigulb"
    assert caller_key("x" * 10_000) == "sip:" + "x" * (KEY_LIMIT - 4)


def test_a_local_number_is_looked_for_in_the_regional_centres_as_possible() -> None:
    found = candidate_keys("250-12-34")
    assert found.exact == ("short:2501234",)
    assert found.possible == ("+77272501234",)
    assert "+77172250123" in candidate_keys("25 01 23").possible


def test_a_city_number_may_have_come_without_its_code() -> None:
    assert candidate_keys("+7 727 250 12 34").possible == ("short:2501234",)


def test_a_letter_for_a_digit_is_only_a_possible_hit() -> None:
    found = candidate_keys("8 7О1 123 45 67")
    assert found.exact != ("+77011234567",)
    assert "+77011234567" in found.possible


def test_eleven_digits_from_8_may_be_a_foreign_number() -> None:
    found = candidate_keys("84901234567")
    assert found.exact == ("+74901234567",)
    assert found.possible == ("+84901234567",)


def test_nothing_typed_is_no_number_and_not_every_anonymous_caller() -> None:
    assert candidate_keys(" + ").exact == ()
    assert candidate_keys("скрытый").exact == (ANONYMOUS,)


@given(st.one_of(st.text(), st.binary(), st.text("0123456789+() -sip:tel@<>;%\"'", max_size=40)))
def test_any_caller_has_a_key(raw: str | bytes) -> None:
    key = caller_key(raw)
    assert key == ANONYMOUS or key.startswith(("+", "short:", "sip:"))
    assert len(key) <= KEY_LIMIT
    assert key.isprintable()
    key.encode()


@given(st.one_of(st.text(), st.text("0123456789+() -оОтел.доб", max_size=40)))
def test_any_typed_number_has_candidates(typed: str) -> None:
    found = candidate_keys(typed)
    assert len(found.exact) <= 1
    assert not set(found.exact) & set(found.possible)


@given(st.from_regex(r"\+7[0-9]{10}", fullmatch=True))
def test_a_key_is_its_own_key(key: str) -> None:
    assert caller_key(key) == key
