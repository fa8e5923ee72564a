"""A letter's field: one number or several, each told apart; what is not understood is refused with a clear word."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.phone import ANONYMOUS
from calls.phone_field import LONGEST_FIELD, MOST_NUMBERS, NotUnderstoodError, numbers_of, one_line

FIRST, SECOND = "+77015552501", "+77015552502"
TWO = [
    "87015552501, 87015552502",
    "87015552501,87015552502",
    "87015552501/87015552502",
    "87015552501 / 8 (701) 555-25-02",
    "87015552501\\87015552502",
    "87015552501 и 87015552502",
    "87015552501 или 87015552502",
    "87015552501 және 87015552502",
    "87015552501 немесе 87015552502",
    "87015552501 and 87015552502",
    "87015552501 or 87015552502",
    "87015552501 & 87015552502",
    "87015552501; 87015552502",
    "87015552501|87015552502",
    "87015552501、87015552502",
    "87015552501\n87015552502",
    "87015552501\r\n87015552502\r\n",
    "87015552501\u202887015552502",
    "87015552501\t87015552502",
    "87015552501 87015552502",
    "8 701 555 25 01 8 701 555 25 02",
    "701 555 25 01 701 555 25 02",
    "87015552501 - 87015552502",
    "87015552501 (87015552502)",
    "+77015552501+77015552502",
    "+7 (701) 555-25-01 +7 (701) 555-25-02",
    "8-701-555-25-01, 8-701-555-25-02",
    "8/701/555-25-01, 8/701/555-25-02",
    "тел.: 87015552501; моб. 87015552502",
    "тел. (раб.) 8 (701) 555-25-01, (моб.) 8 701 5552502",
    "моб:87015552501 сот:87015552502",
    "ұялы 87015552501, үй 87015552502",
    "Иванов И.И. 87015552501, Иванова 87015552502",
    "8 701 555-25-01 доб. 12, 8 701 555-25-02",
    "87015552501 (вн. 12) или 87015552502",
    "87015552501 ext. 12; 87015552502 x4",
    "87015552501 ішкі 3, 87015552502 қосымша 4",
    "1) 87015552501 2) 87015552502",
    "1. 87015552501\n2. 87015552502",
    "№87015552501, №87015552502.",
    "８７０１５５５２５０１，８７０１５５５２５０２",
    '"А" <sip:+77015552501@x>, <tel:+77015552502>',
    "sip:87015552501@x; sip:87015552502@y;user=phone",
]
ONE = {
    "8/701/555-25-01": FIRST,
    "8,701,555,25,01": FIRST,
    "+7 (8) 701 555 25 01": FIRST,
    "«8 701 555 25 01».": FIRST,
    "8 701 555 25 01, доб. 12": FIRST,
    "87015552501, 8 (701) 555-25-01": FIRST,
    "87172,501234": "+77172501234",
    "8 (727) 250-12-34 (ішкі 15)": "+77272501234",
    "+44 (0)20 7946 0018": "+442079460018",
    "8-10-376-312-345": "+376312345",
    "8 7272 (50-12-34)": "+77272501234",
    "* 87015552501": FIRST,
    "87015552501-ден": FIRST,
    "+870 773 123 456": "+870773123456",
    "250-12-34": "short:2501234",
    "1414": "short:1414",
    "aigul": "sip:aigul",
    "sip:aigul@ministry.kz": "sip:aigul",
    "скрытый номер": ANONYMOUS,
    "номер не определился": ANONYMOUS,
    "нөмірі жасырын": ANONYMOUS,
    "Anonymous <sip:anonymous@anonymous.invalid>": ANONYMOUS,
}
REFUSED = [
    "",
    "%",
    "тел.",
    "см. письмо",
    "Айгүл",
    "12",
    "87015552501/02",
    "87015552501, 12",
    "87015552501 или 12",
    "8 701 555 25 01 с 9:00 до 18:00",
    "87015552501-03",
    "8701555250187015552502",
    "87015552501 20.11.2026",
    "87015552501 от 22.11.2026",
    "22.11.2026",
    "87015552501, 2026-11-22",
    "с 8 701 555 25 01 по 8 701 555 25 05",
    "87015552501 до +77015552505",
    "87015552501-ден 87015552505-ке дейін",
    "87015552501 каб. 5",
    "87015552501 (3 раза)",
    "+7 701 555 25 01 (2)",
    "87015552501 — 2 звонка",
    "+7 701 555 25 01 ~ 10:15",
    "870155525012",
    "50-12-34 (2 раза)",
    "50-12-34 – 2 звонка",
    "8701*******",
    "8 701 *** ** 01",
    "8701555250*",
    "8701555250З",
    "8 701 555 25 0б, 87015552502",
    "ИИН 901234300123",
    "тел. 87015552501, ИИН 901234300123",
    "sip:87015552501@x sip:87015552502@y",
    ", ".join(f"870155525{number:02}" for number in range(MOST_NUMBERS + 1)),
    "8" * (LONGEST_FIELD + 1),
]


@pytest.mark.parametrize("typed", TWO)
def test_each_of_two_numbers_is_looked_for(typed: str) -> None:
    first, second = numbers_of(typed)
    assert (first.exact, second.exact) == ((FIRST,), (SECOND,))
    assert first.number in typed.translate({0xFF10 + digit: str(digit) for digit in range(10)})


@pytest.mark.parametrize(("typed", "key"), ONE.items())
def test_one_number_is_not_taken_for_several(typed: str, key: str) -> None:
    (only,) = numbers_of(typed)
    assert only.exact == (key,)


@pytest.mark.parametrize("typed", REFUSED)
def test_what_is_not_understood_is_refused_in_one_clear_line(typed: str) -> None:
    with pytest.raises(NotUnderstoodError, match=r"is no phone number.*write each number whole") as refused:
        numbers_of(typed)
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


def test_each_number_is_told_as_it_was_written() -> None:
    field = "тел.: 8 (7172) 50-12-34 доб. 5, 50-12-35; моб. +7 701 555 25 01."
    assert [one.number for one in numbers_of(field)] == ["8 (7172) 50-12-34", "50-12-35", "+7 701 555 25 01"]


def test_a_letter_for_a_digit_is_a_doubtful_reading_and_no_refusal() -> None:
    (one,) = numbers_of("8 7О1 555 25 01")
    assert FIRST in one.possible


def test_a_field_in_one_line_is_understood_as_before() -> None:
    field = "87015552501\n\n  тел. 87015552502\r\n"
    assert one_line(field) == "87015552501; тел. 87015552502"
    assert numbers_of(one_line(field)) == numbers_of(field)


@given(st.one_of(st.text(), st.text("0123456789+() -/,;.\nоОтелдоб:<>sip@", max_size=60)))
def test_any_field_is_understood_or_refused(typed: str) -> None:
    try:
        found = numbers_of(typed)
    except NotUnderstoodError as refused:
        assert "write each number whole" in str(refused)
    else:
        assert 1 <= len(found) <= MOST_NUMBERS
        assert all(one.exact for one in found)


@given(
    st.lists(st.from_regex(r"\+7[0-9]{10}", fullmatch=True), min_size=1, max_size=5, unique=True),
    st.sampled_from(",;\n/ "),
)
def test_whole_numbers_are_found_whatever_is_between_them(numbers: list[str], between: str) -> None:
    assert [one.exact[0] for one in numbers_of(between.join(numbers))] == numbers


def test_as_many_numbers_as_a_letter_may_hold_and_no_more() -> None:
    assert MOST_NUMBERS == 20
    numbers = [f"870155525{nth:02}" for nth in range(MOST_NUMBERS + 1)]
    assert len(numbers_of(", ".join(numbers[:-1]))) == MOST_NUMBERS
    with pytest.raises(NotUnderstoodError, match="more than 20 numbers"):
        numbers_of(", ".join(numbers))
    with pytest.raises(NotUnderstoodError, match="more than 20 numbers"):
        numbers_of(" ".join(f"870155525{nth:02}" for nth in range(41)))  # as many as a field has letters for


def test_a_number_beside_an_address_is_one_too() -> None:
    found = numbers_of("sip:87015552501@x, тел. 8 701 555 25 02, -")
    assert [one.exact for one in found] == [(FIRST,), (SECOND,)]


@pytest.mark.parametrize("typed", ["скрытый Иванов", "номер", "номер абонента", "нет номера Иванова"])
def test_words_that_are_no_withheld_number_are_refused(typed: str) -> None:
    with pytest.raises(NotUnderstoodError, match="no number is in it"):
        numbers_of(typed)


@pytest.mark.parametrize("typed", ["номер скрыт", "абонент не определился", "Anonymous caller"])
def test_a_number_that_was_withheld_is_told_in_words(typed: str) -> None:
    assert [one.exact for one in numbers_of(typed)] == [(ANONYMOUS,)]


@pytest.mark.parametrize("typed", ["87015552501, 12", "87015552501/12"])
def test_what_follows_a_whole_number_and_is_none_is_asked_about(typed: str) -> None:
    with pytest.raises(NotUnderstoodError, match="what follows '87015552501' is no whole number"):
        numbers_of(typed)


@pytest.mark.parametrize("typed", ["tel:", "<sip:>", "sip:-", "87015552501, tel:"])
def test_an_address_of_nobody_is_no_number(typed: str) -> None:
    with pytest.raises(NotUnderstoodError, match="no number is in it"):
        numbers_of(typed)


@pytest.mark.parametrize("typed", ["вн. 12, 8 (7172) 50-12-34", "доб. 15 %, +7 701 555 25 01"])
def test_an_extension_before_a_comma_is_asked_about(typed: str) -> None:
    """A mark by itself beside a number is no reason to fail."""
    with pytest.raises(NotUnderstoodError, match="is no phone number, or not only whole ones"):
        numbers_of(typed)


@pytest.mark.parametrize("typed", ["8701555%2501", "8 701 555$ 25 01"])
def test_a_mark_that_no_number_has_within_it_is_asked_about(typed: str) -> None:
    with pytest.raises(NotUnderstoodError, match="digits of no one number"):
        numbers_of(typed)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("87015552501 от 22.11.2026", "22.11.2026 is a date"),
        ("2026-11-22", "2026-11-22 is a date"),
        ("с 87015552501 по 87015552505", "a range names only its ends"),
    ],
)
def test_a_letters_date_and_a_range_are_told_for_what_they_are(typed: str, why: str) -> None:
    with pytest.raises(NotUnderstoodError, match=re.escape(why)):
        numbers_of(typed)


@pytest.mark.parametrize("typed", ["звонок по номеру 8.701.555.25.01", "8 (7172) 20-11-22", "+7.701.5552501"])
def test_dots_and_words_make_no_date_and_no_range(typed: str) -> None:
    (only,) = numbers_of(typed)
    assert only.exact[0].startswith("+77")
