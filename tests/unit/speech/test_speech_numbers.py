"""Numbers as Kazakh, Russian and English people say them: every one from 0 to 9,999."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from config.settings import Language
from speech.catalogue import catalogue
from speech.errors import NumberOutOfRangeError
from speech.gender import Gender
from speech.numbers import HIGHEST, cardinal, digits, key, minutes, ordinal, position, wait, words
from tests.unit.speech.spelled_numbers import (
    english,
    english_ordinal,
    kazakh,
    kazakh_ordinal,
    russian,
    russian_minutes,
    russian_ordinal,
)

ALL = range(HIGHEST + 1)


@pytest.mark.parametrize(("language", "spelled"), [("kk", kazakh), ("ru", russian), ("en", english)])
def test_every_cardinal(language: Language, spelled: Callable[[int], str]) -> None:
    assert [words(cardinal(number, language), language) for number in ALL] == [spelled(number) for number in ALL]


@pytest.mark.parametrize("gender", list(Gender))
def test_every_russian_cardinal_in_every_gender(gender: Gender) -> None:
    assert [words(cardinal(number, "ru", gender), "ru") for number in ALL] == [russian(each, gender) for each in ALL]


@pytest.mark.parametrize(
    ("language", "spelled"), [("kk", kazakh_ordinal), ("ru", russian_ordinal), ("en", english_ordinal)]
)
def test_every_ordinal(language: Language, spelled: Callable[[int], str]) -> None:
    assert [words(ordinal(number, language), language) for number in ALL] == [spelled(number) for number in ALL]


def test_every_russian_number_of_minutes_agrees() -> None:
    assert [words(minutes(number, "ru"), "ru") for number in ALL] == [russian_minutes(number) for number in ALL]


def test_a_kazakh_noun_stays_singular_after_a_number() -> None:
    assert all(words(minutes(number, "kk"), "kk") == f"{kazakh(number)} минут" for number in ALL)


def test_only_one_minute_is_singular_in_english() -> None:
    assert words(minutes(1, "en"), "en") == "one minute"
    assert all(words(minutes(number, "en"), "en") == f"{english(number)} minutes" for number in ALL if number != 1)


# SHA-256 over 10,000 lines as num2words 0.5.14 writes them (its `kz`, `ru`, `en`; commas and hyphens as spaces): an
# independent authority. It has no Kazakh ordinals.
NUM2WORDS = {
    "kk cardinal": "74e2bb045920008afca5c2456ef7799e656396cebc7ce62f0cc311d14afebfa0",
    "ru cardinal": "017538c36595d0a01afe1712a1d53b437833b39880056e87a728e51690f74dde",
    "ru feminine": "e2c4d257498d0e4647f9c891056dd4bc9e7fc89972a1e1a431d53c9487747544",
    "ru neuter": "b0456f4c112ea603d8ca5e87cdce36d09ffc3d772106340ec8ba552742a79bad",
    "ru ordinal": "738e847a7fecede8250ea2cd283f2ffa2986eaecd7e51ba32086a621f4522125",
    "en cardinal": "de97db28281a006eb9efd2d47e53ab460d84964dbc921d8456a4e3b52ed9f6e0",
    "en ordinal": "3cf88dcb85499f5ca6cb4fcbff168009a5648a7aee0702d74a5a9db4f0b89ee3",
}


@pytest.mark.parametrize(
    ("wording", "spoken"),
    [
        ("kk cardinal", lambda number: words(cardinal(number, "kk"), "kk")),
        ("ru cardinal", lambda number: words(cardinal(number, "ru"), "ru")),
        ("ru feminine", lambda number: words(cardinal(number, "ru", Gender.FEMININE), "ru")),
        ("ru neuter", lambda number: words(cardinal(number, "ru", Gender.NEUTER), "ru")),
        ("ru ordinal", lambda number: words(ordinal(number, "ru"), "ru")),
        ("en cardinal", lambda number: words(cardinal(number, "en"), "en")),
        ("en ordinal", lambda number: words(ordinal(number, "en"), "en")),
    ],
)
def test_num2words_says_the_same(wording: str, spoken: Callable[[int], str]) -> None:
    lines = "\n".join(spoken(number) for number in ALL)
    assert hashlib.sha256(lines.encode()).hexdigest() == NUM2WORDS[wording]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "нөлінші"),
        (1, "бірінші"),
        (2, "екінші"),
        (3, "үшінші"),
        (4, "төртінші"),
        (5, "бесінші"),
        (6, "алтыншы"),
        (7, "жетінші"),
        (8, "сегізінші"),
        (9, "тоғызыншы"),
        (10, "оныншы"),
        (11, "он бірінші"),
        (20, "жиырмасыншы"),
        (26, "жиырма алтыншы"),
        (30, "отызыншы"),
        (40, "қырқыншы"),
        (47, "қырық жетінші"),
        (50, "елуінші"),
        (60, "алпысыншы"),
        (70, "жетпісінші"),
        (80, "сексенінші"),
        (90, "тоқсаныншы"),
        (100, "жүзінші"),
        (140, "жүз қырқыншы"),
        (200, "екі жүзінші"),
        (1000, "мыңыншы"),
        (1001, "мың бірінші"),
        (3000, "үш мыңыншы"),
        (9999, "тоғыз мың тоғыз жүз тоқсан тоғызыншы"),
    ],
)
def test_kazakh_ordinals_as_a_grammar_lists_them(number: int, said: str) -> None:
    assert words(ordinal(number, "kk"), "kk") == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "одна минута"),
        (2, "две минуты"),
        (4, "четыре минуты"),
        (5, "пять минут"),
        (11, "одиннадцать минут"),
        (12, "двенадцать минут"),
        (14, "четырнадцать минут"),
        (21, "двадцать одна минута"),
        (22, "двадцать две минуты"),
        (25, "двадцать пять минут"),
        (101, "сто одна минута"),
        (111, "сто одиннадцать минут"),
        (112, "сто двенадцать минут"),
        (1000, "одна тысяча минут"),
        (2021, "две тысячи двадцать одна минута"),
    ],
)
def test_russian_minutes_as_a_grammar_lists_them(number: int, said: str) -> None:
    assert words(minutes(number, "ru"), "ru") == said


@pytest.mark.parametrize("number", [1, 2, 3, 10, 11, 40, 100, 9999])
def test_callers_hear_their_place(number: int) -> None:
    assert words(position(number, "kk"), "kk") == f"Сіз кезекте {kazakh_ordinal(number)} тұрсыз"
    assert words(position(number, "ru"), "ru") == f"Вы {russian_ordinal(number)} в очереди"
    assert words(position(number, "en"), "en") == f"You are {english_ordinal(number)} in line"


@pytest.mark.parametrize("number", [1, 2, 5, 10, 11, 21, 22, 60])
def test_callers_hear_how_long_it_will_take(number: int) -> None:
    assert words(wait(number, "kk"), "kk") == f"Күту уақыты шамамен {kazakh(number)} минут"
    assert words(wait(number, "ru"), "ru") == f"Время ожидания примерно {russian_minutes(number)}"
    assert words(wait(number, "en"), "en") == f"The wait is about {english(number)} minute{'s' * (number > 1)}"


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_piece_of_every_number_is_in_the_catalogue(language: Language) -> None:
    pieces = {piece for number in ALL for piece in (*position(number, language), *wait(number, language))}
    pieces |= {piece for number in ALL for gender in Gender for piece in cardinal(number, language, gender)}
    assert pieces <= catalogue(language).keys()


@pytest.mark.parametrize(
    ("number", "kk", "ru", "en"),
    [
        ("17", "он жеті", "семнадцать", "one seven"),
        ("101", "жүз бір", "сто один", "one oh one"),
        ("100", "жүз", "сто", "one hundred"),
        ("007", "нөл нөл жеті", "ноль ноль семь", "oh oh seven"),
        ("1014", "он он төрт", "десять четырнадцать", "one oh one four"),
        ("2001", "жиырма нөл бір", "двадцать ноль один", "two oh oh one"),
        ("12345", "бір жиырма үш қырық бес", "один двадцать три сорок пять", "one two three four five"),
        ("220033", "жиырма екі нөл нөл отыз үш", "двадцать два ноль ноль тридцать три", "two two oh oh three three"),
    ],
)
def test_an_operator_s_number_is_said_as_people_say_it(number: str, kk: str, ru: str, en: str) -> None:
    assert words(digits(number, "kk"), "kk") == kk
    assert words(digits(number, "ru"), "ru") == ru
    assert words(digits(number, "en"), "en") == en


def test_keys_have_names() -> None:
    assert [words(key(pressed, "ru"), "ru") for pressed in "09*#"] == ["ноль", "девять", "звёздочка", "решётка"]


@pytest.mark.parametrize("number", [-1, 10_000])
def test_what_cannot_be_said_is_refused(number: int) -> None:
    with pytest.raises(NumberOutOfRangeError, match="only 0 to 9999"):
        cardinal(number, "kk")
