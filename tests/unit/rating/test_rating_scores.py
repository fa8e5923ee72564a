import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import OperatorId
from rating.scores import Asked, scores, scores_by_operator

AIGUL, NURLAN = OperatorId("101"), OperatorId("102")


def test_a_caller_who_gave_no_score_counts_as_asked_and_not_as_a_number() -> None:
    summary = scores([Asked(AIGUL, 5), Asked(AIGUL, 4), Asked(AIGUL, None), Asked(AIGUL, None)])
    assert (summary.asked, summary.given) == (4, 2)
    assert summary.mean == 4.5
    assert summary.share_given == 0.5
    assert summary.spread == {1: 0, 2: 0, 3: 0, 4: 1, 5: 1}


def test_nobody_asked() -> None:
    summary = scores([])
    assert (summary.asked, summary.given, summary.mean, summary.share_given) == (0, 0, None, None)


def test_nobody_answered() -> None:
    summary = scores([Asked(AIGUL, None)])
    assert (summary.mean, summary.share_given) == (None, 0.0)


def test_each_operator_has_their_own_scores() -> None:
    by_operator = scores_by_operator([Asked(NURLAN, 3), Asked(AIGUL, 5), Asked(NURLAN, 4), Asked(AIGUL, None)])
    assert list(by_operator) == [AIGUL, NURLAN]
    assert by_operator[AIGUL].mean == 5.0
    assert by_operator[AIGUL].share_given == 0.5
    assert by_operator[NURLAN].mean == 3.5


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_no_caller_can_press_is_refused(score: int) -> None:
    with pytest.raises(ValueError, match="outside 1 to 5"):
        scores([Asked(AIGUL, 3), Asked(AIGUL, score)])


@given(st.lists(st.builds(Asked, st.sampled_from([AIGUL, NURLAN]), st.none() | st.integers(1, 5))))
def test_the_operators_add_up_to_the_whole(asked: list[Asked]) -> None:
    whole, parts = scores(asked), scores_by_operator(asked).values()
    assert whole.asked == sum(part.asked for part in parts) == len(asked)
    assert whole.given == sum(part.given for part in parts)
    assert whole.mean is None or 1 <= whole.mean <= 5
