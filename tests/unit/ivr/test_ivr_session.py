"""What callers hear, and where they arrive."""

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import GroupId
from calls.ports import CallerGoneError
from config.load import load
from config.settings import Language
from ivr.menu import MOST_CHANGES, MOST_REPEATS
from ivr.plan import MenuPlan, menu_plan
from ivr.session import Destination, answer
from tests.unit.ivr.fake_line import FakeLine

CENTRE = Path("config/hotline.toml")
PLAN = menu_plan(load(CENTRE, {}))
ONE_LANGUAGE = menu_plan(load(CENTRE, {"BAILANYS_HOTLINE__LANGUAGES": '["kk"]'}))
NOTICES = ("menu-first", "menu-known")  # the sounds that hold the notice of recording


def to(
    group: str, language: Language, language_by: Literal["key", "known", "default"], topic_by: Literal["key", "default"]
) -> Destination:
    return Destination(GroupId(group), language, language_by, topic_by)


async def calling(*presses: str, known: str | None = None, plan: MenuPlan = PLAN) -> tuple[Destination, FakeLine]:
    line = FakeLine(presses)
    return await answer(line, plan, known), line


async def test_a_new_caller_chooses_language_and_topic() -> None:
    destination, line = await calling("", "2", "", "1")
    assert destination == to("state-services", "ru", "key", "key")
    assert line.heard == ["kk/welcome", "ru/menu-first"]


async def test_a_caller_who_knows_the_menu_barges_in() -> None:
    destination, line = await calling("3", "2")
    assert destination == to("portal", "en", "key", "key")
    assert line.heard == ["kk/welcome", "en/menu-first"]
    assert line.waited_s == 0


async def test_a_caller_who_presses_nothing_reaches_the_default_group() -> None:
    destination, line = await calling()
    assert destination == to("state-services", "kk", "default", "default")
    assert line.heard == [
        "kk/welcome",
        "kk/choose-language",
        "kk/choose-language",
        "kk/menu-first",
        "kk/menu",
        "kk/menu",
    ]
    assert line.waited_s == 6 * PLAN.answer_s


async def test_a_caller_who_presses_wrong_keys_only_reaches_the_default_group() -> None:
    destination, line = await calling(*"7777777777777777")
    assert destination == to("state-services", "kk", "default", "default")
    assert line.heard.count("kk/menu-first") == 1


async def test_a_wrong_key_is_told_and_the_question_asked_again() -> None:
    destination, line = await calling("7", "", "", "2", "8", "", "", "3")
    assert destination == to("ict", "ru", "key", "key")
    assert line.heard == [
        "kk/welcome",
        "kk/wrong-key",
        "kk/choose-language",
        "ru/menu-first",
        "ru/wrong-key",
        "ru/menu",
    ]


async def test_the_right_key_may_come_while_the_wrong_one_is_told() -> None:
    destination, line = await calling("7", "2", "3")
    assert destination == to("ict", "ru", "key", "key")
    assert line.heard == ["kk/welcome", "kk/wrong-key", "ru/menu-first"]


async def test_a_known_caller_is_greeted_in_the_language_of_last_time() -> None:
    destination, line = await calling("", "1", known="ru")
    assert destination == to("state-services", "ru", "known", "key")
    assert line.heard == ["ru/menu-known"]
    assert line.languages == ["ru"]


async def test_a_known_caller_changes_the_language_and_hears_of_the_recording_once() -> None:
    destination, line = await calling("0", "", "1", "2", known="ru")
    assert destination == to("portal", "kk", "key", "key")
    assert line.heard == ["ru/menu-known", "ru/choose-language", "kk/menu"]


async def test_a_known_caller_who_asks_for_a_change_and_says_nothing_keeps_the_language() -> None:
    destination, line = await calling("0", "", "", "", "", "", "", "2", known="ru")
    assert destination == to("portal", "ru", "known", "key")
    assert line.heard == ["ru/menu-known", *["ru/choose-language"] * 3, "ru/menu"]


async def test_a_language_that_is_no_longer_spoken_counts_as_unknown() -> None:
    destination, line = await calling("1", "1", known="tr")
    assert destination.language == "kk"
    assert line.heard[0] == "kk/welcome"


async def test_repeating_is_no_try() -> None:
    destination, line = await calling("1", "9", "9", "9", "9", "", "", "", "", "2")
    assert destination == to("portal", "kk", "key", "key")
    assert line.heard == ["kk/welcome", "kk/menu-first", *["kk/menu"] * 6]


async def test_repeating_for_ever_ends_in_the_default_group() -> None:
    destination, line = await calling("1", *"9" * 100)
    assert destination.topic_by == "default"
    assert len(line.heard) == 1 + MOST_REPEATS + PLAN.tries


async def test_changing_the_language_for_ever_ends_in_the_default_group() -> None:
    destination, line = await calling(*"01" * 100, known="ru")
    assert destination == to("state-services", "kk", "key", "key")
    assert line.heard.count("kk/choose-language") + line.heard.count("ru/choose-language") == MOST_CHANGES


async def test_with_one_language_nobody_is_asked_for_it() -> None:
    destination, line = await calling("", "2", plan=ONE_LANGUAGE)
    assert destination == to("portal", "kk", "default", "key")
    assert line.heard == ["kk/menu-known"]


async def test_with_one_language_there_is_none_to_change_to() -> None:
    _, line = await calling("0", "", "", "1", plan=ONE_LANGUAGE)
    assert line.heard == ["kk/menu-known", "kk/wrong-key", "kk/menu"]


@pytest.mark.parametrize("moment", range(5))
async def test_a_caller_who_hangs_up_ends_the_session(moment: int) -> None:
    with pytest.raises(CallerGoneError):
        await answer(FakeLine([*["", "2", "", "", "", ""][:moment], "hang up"]), PLAN, None)


async def test_every_step_is_told_and_no_key_ever() -> None:
    _, line = await calling("7", "", "", "2", "9", "0", "1", "", "", "3")
    assert line.steps == [
        ("language-asked", "welcome"),
        ("language-wrong-key", ""),
        ("language-asked", "choose-language"),
        ("language-chosen", "ru"),
        ("topic-asked", "menu-first"),
        ("topic-repeat", ""),
        ("topic-asked", "menu"),
        ("topic-change-language", ""),
        ("language-asked", "choose-language"),
        ("language-chosen", "kk"),
        ("topic-asked", "menu"),
        ("topic-silent", ""),
        ("topic-asked", "menu"),
        ("topic-chosen", "ict"),
    ]


async def test_the_defaults_are_told_as_such() -> None:
    _, line = await calling()
    assert ("language-default", "kk") in line.steps
    assert line.steps[-1] == ("topic-default", "state-services")


PRESSES = st.lists(st.sampled_from([*"0123456789*#", "", ""]), max_size=200)
QUESTIONS = (1 + MOST_CHANGES) * PLAN.tries * 2 + MOST_REPEATS


@given(PRESSES, st.sampled_from([None, "kk", "ru", "en", "tr"]), st.sampled_from([PLAN, ONE_LANGUAGE]))
async def test_whatever_is_pressed_the_call_arrives(presses: list[str], known: str | None, plan: MenuPlan) -> None:
    destination, line = await calling(*presses, known=known, plan=plan)
    assert destination.group in {*plan.topic_keys.values(), plan.default_group}
    assert destination.language in plan.languages
    assert line.languages[-1] == destination.language
    assert sum(sound.split("/")[1] in NOTICES for sound in line.heard) == 1
    assert len(line.heard) <= 2 * QUESTIONS
    assert line.waited_s <= QUESTIONS * plan.answer_s
