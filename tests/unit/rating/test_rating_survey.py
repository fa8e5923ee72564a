import re
from pathlib import Path

import pytest

from config.load import load
from config.settings import LANGUAGES, Language
from dialplan.render import render
from rating.scale import HIGHEST, KEYS, LOWEST, PRESSED, SCORES, WORDS, score_of
from rating.survey import survey_plan
from speech.catalogue import text
from tests.unit.dialplan.test_landings import SITE

CENTRE = Path("config/hotline.toml")
THE_ENDS = {"kk": ("бірден", "беск"), "ru": ("одного", "пяти"), "en": ("one", "five")}


def test_the_scale_is_the_laws() -> None:
    """Rule 13."""
    assert (LOWEST, HIGHEST, SCORES, KEYS, WORDS) == (1, 5, (1, 2, 3, 4, 5), "12345", "1–5")


def test_the_caller_is_asked_twice() -> None:
    plan = survey_plan(load(CENTRE, {}))
    assert plan.questions == ("rating-ask", "rating-again")
    assert plan.answer_s == 5.0


def test_one_try_asks_once() -> None:
    assert survey_plan(load(CENTRE, {"BAILANYS_RATING__TRIES": "1"})).questions == ("rating-ask",)


@pytest.mark.parametrize(("digits", "score"), [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("5", 5)])
def test_a_score(digits: str, score: int) -> None:
    assert score_of(digits) == score


@pytest.mark.parametrize("digits", ["", "0", "6", "9", "*", "#", "55", "12", "٣", "²", " ", "A"])
def test_what_is_no_score_is_none_and_not_a_number(digits: str) -> None:
    assert score_of(digits) is None


def test_the_dialplan_takes_the_keys_that_are_scores() -> None:
    for digits in ("", *"0123456789*#", "12", "55", "5 "):
        assert bool(re.search(PRESSED, digits)) == (score_of(digits) is not None)


def test_the_dialplan_asks_as_the_plan_says() -> None:
    """The rating lives in the dialplan (decision 6), and is rendered from the plan."""
    settings = load(CENTRE, {"BAILANYS_RATING__TRIES": "3", "BAILANYS_RATING__ANSWER_S": "7.5"})
    plan = survey_plan(settings)
    rating = render(settings, SITE)["extensions.conf"].split("\n[rating]\n")[1].split("\n[")[0]
    assert f"bailanys/${{IF($[${{BLN_TRY}} = 1]?{plan.ask}:{plan.again})}},1,,1,{plan.answer_s})" in rating
    assert (plan.tries, plan.answer_s) == (3, 7.5)
    assert f"GotoIf($[${{BLN_TRY}} < {plan.tries}]?ask)" in rating
    assert re.findall(r'REGEX\("([^"]+)" ', rating) == [plan.pressed]
    assert re.findall(r"Playback\(bailanys/([\w-]+)\)", rating) == [plan.goodbye, plan.thanks]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_prompts_that_are_played_are_there_and_name_the_scale(language: Language) -> None:
    plan = survey_plan(load(CENTRE, {}))
    for asked in (plan.ask, plan.again):
        assert all(word in text(asked, language).lower() for word in THE_ENDS[language])
    assert text(plan.thanks, language) and text(plan.goodbye, language)
