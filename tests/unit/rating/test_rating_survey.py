import re
from pathlib import Path

import pytest

from config.load import load
from rating.survey import score_of, survey_plan

CENTRE = Path("config/hotline.toml")


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


def test_the_dialplan_asks_as_the_plan_says() -> None:
    """The rating lives in the dialplan (decision 6), which cannot import the plan: the two are held together here."""
    template = Path("dialplan/templates/extensions.conf").read_text(encoding="utf-8")
    rating = template.split("\n[rating]\n")[1].split("\n[")[0]
    plan = survey_plan(load(CENTRE, {}))
    assert set(re.findall(r"rating-\w+|goodbye", rating)) == {plan.ask, plan.again, plan.thanks, plan.goodbye}
    (accepted,) = re.findall(r'REGEX\("([^"]+)" ', rating)
    for digits in ("", *"0123456789*#", "12", "55"):
        assert bool(re.search(accepted, digits)) == (score_of(digits) is not None)
