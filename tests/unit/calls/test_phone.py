"""Every spelling of a number comes to one key, and nothing that a caller sends raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.phone import ANONYMOUS, KEY_LIMIT, caller_key, candidate_keys, same_ending, tails_of

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
    assert KEY_LIMIT == 128  # as the columns that hold it
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


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("81089158", "short:89158"),  # 8-10 and five digits: a service number abroad
        ("8101234", "short:8101234"),  # and fewer: within a city
        ("0012345", "short:12345"),
        ("001234", "short:001234"),
        ("<tel:2501234;phone-context=+7-727>", "+77272501234"),
        ("tel:+77272501234;phone-context=+7-727", "+77272501234"),
        ("+440542799748", "+44542799748"),
        ("+751", "short:751"),
        ("+7819", "short:819"),
        ("+7102705", "short:102705"),
        ("sip:8", "short:8"),
        ("7882808455689", "sip:7882808455689"),  # no such number is possible
        ("sip:10.0.0.1", ANONYMOUS),
        ("sip:10.0.0.1@carrier.kz", "short:10001"),
        ("tel:10.00.01", "short:100001"),
        ("sip:87011234567;tgrp=kt01;x=1@carrier.kz", "+77011234567"),
        ("sip:87011234567?x=8?y=9", "+77011234567"),
    ],
)
def test_what_comes_is_read_as_it_was_meant(raw: str, key: str) -> None:
    assert caller_key(raw) == key


@pytest.mark.parametrize(
    ("typed", "exact", "possible"),
    [
        ("7483", "short:7483", ()),
        ("0097628514161", "+97628514161", ("sip:+0097628514161",)),
        ("+440542799748", "+44542799748", ("+440542799748",)),
        ("О78+", "sip:о78+", ("short:78",)),
        ("<tel:2501234;phone-context=+7-727>", "+77272501234", ("short:2501234",)),
        ("Айгүл", "sip:айгүл", ()),
    ],
)
def test_a_typed_number_has_these_readings_and_no_more(typed: str, exact: str, possible: tuple[str, ...]) -> None:
    found = candidate_keys(typed)
    assert found.exact == (exact,)
    assert found.possible == possible


@pytest.mark.parametrize("typed", ["моб 8 7О1 123 45 67", "8 7О1 I23 45 67", "тел. +7 7Ө1 123 45 67"])
def test_a_letter_for_a_digit_is_found_behind_a_label_too(typed: str) -> None:
    found = candidate_keys(typed)
    assert found.exact[0].startswith("sip:") and "+77011234567" in found.possible


def test_digits_that_read_as_our_own_are_looked_for_abroad_only_where_nothing_sure_was_found() -> None:
    own = candidate_keys("7483")
    assert "+3527483" in own.far and not set(own.far) & {*own.exact, *own.possible}
    foreign = candidate_keys("1234567890")
    assert foreign.far == () and "+441234567890" in foreign.possible
    assert not any(key.startswith("sip:") for key in foreign.possible)
    prefixed = candidate_keys("004942055")
    assert prefixed.exact == ("+4942055",) and "+39004942055" in prefixed.far
    assert len(candidate_keys("00924519").possible) == len(set(candidate_keys("00924519").possible)) > 17
    assert candidate_keys("+7 701 123 45 67").far == (), "with a plus the country is told"


@pytest.mark.parametrize(
    ("typed", "tails"),
    [
        ("8 701 123 45 67", ("87011234567", "77011234567", "7011234567")),
        ("250-12-3", ("250123",)),
        ("25-12-3", ()),
        ("00250123", ("250123",)),
    ],
)
def test_a_number_ends_in_its_digits_without_country_and_prefix(typed: str, tails: tuple[str, ...]) -> None:
    assert tails_of(candidate_keys(typed)) == tails


@pytest.mark.parametrize(
    ("tails", "key", "same"),
    [
        (("2501234",), "+77272501234", True),
        (("2501234",), "+77272501235", False),
        (("77272501234",), "short:2501234", True),
        (("999999", "2501234"), "+77272501234", True),
        (("250123",), "short:250123", True),
        (("12345",), "short:12345", False),  # too few digits to say
        (("123456",), "sip:x123456", False),  # a name
        (("123456",), "sip:+99123456", True),
        ((), "+77272501234", False),
    ],
)
def test_two_spellings_of_one_number_end_alike(tails: tuple[str, ...], key: str, same: bool) -> None:
    assert same_ending(tails, key) is same


@pytest.mark.parametrize("typed", ["ООО", "Oil", "olo"])
def test_letters_alone_are_nobodys_digits(typed: str) -> None:
    assert candidate_keys(typed).possible == ()


def test_a_number_within_a_city_may_be_any_regional_centres() -> None:
    """Every regional centre's code of three digits and the 2 behind it; Almaty's numbers have one digit more."""
    six = [f"+771{end}2501234" for end in range(9)] + [f"+772{end}2501234" for end in (1, 2, 3, 4, 5, 6, 8, 9)]
    assert [key for key in candidate_keys("50-12-34").possible if key.startswith("+77")] == six
    assert [key for key in candidate_keys("250-12-34").possible if key.startswith("+77")] == ["+77272501234"]


def test_a_number_of_plus_seven_that_is_longer_than_ours_is_looked_for_as_it_was_kept_once() -> None:
    assert candidate_keys("00705261111440579").possible == ("sip:+00705261111440579",)
    assert candidate_keys("+7865396767904021").possible == ("+7865396767904021",)
