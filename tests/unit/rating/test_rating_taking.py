"""Which ratings a caller can have given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ratings import ImpossibleRatingError, RatingTold
from rating.taking import take_rating

TALKED = frozenset({"101", "103"})


@pytest.mark.parametrize(("pressed", "score"), [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("5", 5)])
def test_a_key_of_the_scale_after_a_talk_is_a_score(pressed: str, score: int) -> None:
    assert take_rating(RatingTold(1, "103", TALKED, pressed)) == score


def test_the_question_alone_is_no_score() -> None:
    assert take_rating(RatingTold(1, "103", TALKED)) is None


@pytest.mark.parametrize(
    ("told", "why"),
    [
        *(
            (RatingTold(1, "103", TALKED, pressed), "none of 1–5")
            for pressed in ("0", "6", "9", "", "five", "55", "5 ", "-1", "٣", "5.0", "\x00")
        ),
        (RatingTold(1, "103", TALKED, "5", rated_before=True), "rated before"),
        (RatingTold(1, "103", frozenset(), "5"), "nobody talked"),
        (RatingTold(1, "103", frozenset()), "nobody talked"),
        (RatingTold(1, "102", TALKED, "5"), "operator 102 did not talk"),
        (RatingTold(None, "103", TALKED, "5"), "names no talk"),
        (RatingTold(1, None, TALKED, "5"), "no operator"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(told: RatingTold, why: str) -> None:
    with pytest.raises(ImpossibleRatingError, match=why):
        take_rating(told)


@given(st.text(max_size=12))
def test_what_was_pressed_is_a_score_or_refused_and_in_no_message(pressed: str) -> None:
    try:
        assert take_rating(RatingTold(1, "103", TALKED, pressed)) in (1, 2, 3, 4, 5)
    except ImpossibleRatingError as error:
        assert str(error) == "the score is none of 1–5"
