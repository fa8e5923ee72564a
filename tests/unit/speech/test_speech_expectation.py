"""The expected wait as callers hear it."""

from __future__ import annotations

import pytest

from config.settings import LANGUAGES
from speech.catalogue import catalogue
from speech.errors import NumberOutOfRangeError
from speech.expectation import wait_range
from speech.numbers import span, words
from tests.unit.speech.spelled_numbers import english, kazakh, kazakh_from, russian_genitive


@pytest.mark.parametrize(
    ("low", "high", "kk", "ru", "en"),
    [
        (0, 1, "Күту уақыты бір минуттан аз", "Время ожидания меньше одной минуты", "The wait is less than one minute"),
        (
            0, 3,
            "Күту уақыты, шамасы, ең көбі үш минут",
            "Время ожидания, вероятно, не больше чем три минуты",
            "The wait is probably no longer than three minutes",
        ),
        (
            2, 5,
            "Күту уақыты шамамен екіден бес минутқа дейін",
            "Время ожидания примерно от двух до пяти минут",
            "The wait is about two to five minutes",
        ),
        (
            4, 4,
            "Күту уақыты шамамен төрт минут",
            "Время ожидания примерно четыре минуты",
            "The wait is about four minutes",
        ),
        (
            1, 1,
            "Күту уақыты шамамен бір минут",
            "Время ожидания примерно одна минута",
            "The wait is about one minute",
        ),
    ],
)  # fmt: skip
def test_a_range_as_people_say_it(low: int, high: int, kk: str, ru: str, en: str) -> None:
    said = {language: words(wait_range(low, high, language), language) for language in LANGUAGES}
    assert said == {"kk": kk, "ru": ru, "en": en}


@pytest.mark.parametrize(
    ("low", "high", "kk", "ru", "en"),
    [
        (1, 2, "бірден екі минутқа", "одной до двух минут", "one to two"),
        (3, 4, "үштен төрт минутқа", "трёх до четырёх минут", "three to four"),
        (8, 11, "сегізден он бір минутқа", "восьми до одиннадцати минут", "eight to eleven"),
        (10, 21, "оннан жиырма бір минутқа", "десяти до двадцати одной минуты", "ten to twenty one"),
        (22, 40, "жиырма екіден қырық минутқа", "двадцати двух до сорока минут", "twenty two to forty"),
        (50, 51, "елуден елу бір минутқа", "пятидесяти до пятидесяти одной минуты", "fifty to fifty one"),
        (40, 60, "қырықтан алпыс минутқа", "сорока до шестидесяти минут", "forty to sixty"),
    ],
)
def test_a_range_agrees_as_grammars_list_it(low: int, high: int, kk: str, ru: str, en: str) -> None:
    assert words(wait_range(low, high, "kk"), "kk") == f"Күту уақыты шамамен {kk} дейін"
    assert words(wait_range(low, high, "ru"), "ru") == f"Время ожидания примерно от {ru}"
    assert words(wait_range(low, high, "en"), "en") == f"The wait is about {en} minutes"


def test_every_range_up_to_an_hour_is_said_right_in_three_languages() -> None:
    for high in range(2, 61):
        minute = "минуты" if high in (21, 31, 41, 51) else "минут"
        for low in range(1, high):
            assert words(span(low, high, "kk"), "kk") == f"{kazakh_from(low)} {kazakh(high)} минутқа дейін"
            assert words(span(low, high, "ru"), "ru") == (
                f"от {russian_genitive(low)} до {russian_genitive(high)} {minute}"
            )
            assert words(span(low, high, "en"), "en") == f"{english(low)} to {english(high)} minutes"


@pytest.mark.parametrize(("low", "high"), [(0, 5), (5, 5), (5, 61)])
def test_a_range_that_is_none_is_refused(low: int, high: int) -> None:
    with pytest.raises(NumberOutOfRangeError):
        span(low, high, "ru")


def test_every_range_can_be_said() -> None:
    for language in LANGUAGES:
        for high in range(1, 61):
            for low in range(high + 1):
                assert set(wait_range(low, high, language)) <= catalogue(language).keys()
