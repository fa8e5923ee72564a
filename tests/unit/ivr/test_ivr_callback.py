"""Agreeing on the number to be called back at."""

from __future__ import annotations

import pytest

from ivr.callback import ask_number, dialable
from tests.unit.ivr.fake_line import FakeLine

KAZAKHSTAN = ("+77",)


def line(*presses: str) -> FakeLine:
    made = FakeLine(presses)
    made.languages.append("ru")
    return made


SAID_BACK = [""] * 12  # "we will call you on" and eleven digits


def nobody(_: str) -> bool:
    """No number is called too often."""
    return False


async def test_the_number_that_was_shown_is_said_back_and_confirmed() -> None:
    caller = line(*SAID_BACK, "1")
    assert await ask_number(caller, "87011234567", "ru", KAZAKHSTAN, nobody) == "77011234567"
    assert caller.heard[0] == "ru/callback-number"
    assert caller.heard[1:5] == ["ru/n-7", "ru/n-7", "ru/n-0", "ru/n-1"]
    assert caller.heard[-1] == "ru/callback-confirm"


async def test_a_key_cuts_the_digits_short() -> None:
    assert await ask_number(line("", "", "1"), "87011234567", "ru", KAZAKHSTAN, nobody) == "77011234567"


async def test_another_number_can_be_entered_and_is_said_back_too() -> None:
    caller = line("2", *"87027654321#", *SAID_BACK, "1")
    assert await ask_number(caller, "87011234567", "ru", KAZAKHSTAN, nobody) == "77027654321"


async def test_without_a_number_shown_one_is_asked_for_at_once() -> None:
    caller = line(*"87027654321#", "1")
    assert await ask_number(caller, "anonymous", "ru", KAZAKHSTAN, nobody) == "77027654321"
    assert caller.heard[0] == "ru/callback-enter"


async def test_a_number_abroad_is_refused_and_another_asked_for() -> None:
    caller = line(*"00442071234567#", "", *"87027654321#", "1")
    assert await ask_number(caller, "", "ru", KAZAKHSTAN, nobody) == "77027654321"
    assert "ru/callback-wrong" in caller.heard


async def test_who_confirms_nothing_goes_on_waiting() -> None:
    assert await ask_number(line(), "87011234567", "ru", KAZAKHSTAN, nobody) is None


@pytest.mark.parametrize("raw", ["77011234567", "+77011234567", "87011234567", "8 (701) 123-45-67"])
def test_every_spelling_of_a_number_can_be_dialled(raw: str) -> None:
    assert dialable(raw, KAZAKHSTAN) == "77011234567"


@pytest.mark.parametrize("raw", ["", "anonymous", "1414", "sip:who@where", "+442071234567", "77"])
def test_nobody_is_called_abroad_or_without_a_number(raw: str) -> None:
    assert dialable(raw, KAZAKHSTAN) is None


@pytest.mark.parametrize("raw", ["770112345670001", "+770112345670001", "00770112345670001", "77011234567 0001"])
def test_one_phone_is_not_called_by_many_numbers_with_digits_behind_its_own(raw: str) -> None:
    assert dialable(raw, KAZAKHSTAN) is None


async def test_a_number_called_too_often_is_told_at_once_and_another_asked_for() -> None:
    caller = line("", *"87027654321#", *SAID_BACK, "1")

    def often(number: str) -> bool:
        return number == "77011234567"

    assert await ask_number(caller, "87011234567", "ru", KAZAKHSTAN, often) == "77027654321"
    assert caller.heard[0] == "ru/callback-wrong"
