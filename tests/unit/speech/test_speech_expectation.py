"""The expected wait as callers hear it."""

from __future__ import annotations

import pytest

from config.settings import LANGUAGES
from speech.catalogue import catalogue
from speech.expectation import wait_range
from speech.numbers import words


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
            "Күту уақыты шамамен екі бес минут",
            "Время ожидания примерно две пять минут",
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


def test_every_range_can_be_said() -> None:
    for language in LANGUAGES:
        for high in range(1, 61):
            for low in range(high + 1):
                assert set(wait_range(low, high, language)) <= catalogue(language).keys()
