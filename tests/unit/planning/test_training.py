"""Layouts of skills tried on one stream of calls, and the advice that comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.ids import GroupId, OperatorId
from planning.skill_layouts import Caller, Serves, Staff, learned, load_for, play, stream
from planning.training import Setting, advise, mean_wait_s, setting, takes
from routing.erlang import erlang_c

A, B, C = GroupId("a"), GroupId("b"), GroupId("c")
SHARES = {A: (0.5, 200.0), B: (0.3, 240.0), C: (0.2, 300.0)}


def serves(*groups: GroupId) -> Serves:
    return frozenset(groups)


def operators(**numbers: int) -> dict[OperatorId, Serves]:
    """So many operators by the groups they serve, e.g. `ab=3`."""
    kinds = [frozenset(GroupId(one) for one in name) for name, number in numbers.items() for _ in range(number)]
    return {OperatorId(str(101 + at)): kind for at, kind in enumerate(kinds)}


def test_the_longest_wait_is_served_first_and_specialists_are_taken_first() -> None:
    calls = [
        Caller(0, A, 100),  # the specialist of a
        Caller(1, A, 50),  # the one of both
        Caller(2, B, 10),
        Caller(3, A, 10),
    ]
    found = play({serves(A): 1, serves(A, B): 1}, calls, warm_up=0)
    assert found.groups == {A: pytest.approx((0 + 0 + 58) / 3), B: pytest.approx(49)}
    assert found.longest_s == 58


def test_one_group_waits_as_erlang_says() -> None:
    busy_s, load = 200.0, 15.0
    streams = [stream({A: (1.0, busy_s)}, load, 10_000, seed) for seed in range(20)]
    waited_s = mean_wait_s({serves(A): 20}, streams)
    assert waited_s == pytest.approx(erlang_c(20, load, busy_s).asa_s, rel=0.1)


def test_a_group_that_nobody_serves_is_told() -> None:
    with pytest.raises(ValueError, match="nobody serves b"):
        play({serves(A): 2, serves(B): 0}, [Caller(0, A, 1), Caller(0, B, 1)])


def test_no_calls_wait_for_nothing() -> None:
    assert play({serves(A): 1}, []).mean_s == 0


@given(st.integers(1, 500), st.floats(1, 120))
def test_the_load_for_a_wait_gives_that_wait(number: int, wait_s: float) -> None:
    assert erlang_c(number, load_for(number, 240, wait_s), 240).asa_s == pytest.approx(wait_s, rel=1e-3)


LAYOUTS = st.dictionaries(st.frozensets(st.sampled_from([A, B, C]), min_size=1), st.integers(1, 6), max_size=5).map(
    lambda staff: staff | {serves(A, B, C): 1}
)


@settings(max_examples=40)
@given(LAYOUTS, st.integers(1, 1000), st.floats(0.5, 0.99))
def test_everybody_is_served_once_and_nobody_waits_longer_than_with_one_operator(
    staff: Staff, seed: int, load: float
) -> None:
    calls = stream(SHARES, load * sum(staff.values()), 300, seed)
    found = play(staff, calls, warm_up=0)
    alone = play({serves(A, B, C): 1}, calls, warm_up=0)
    assert 0 <= found.mean_s <= found.longest_s
    assert found.mean_s <= alone.mean_s + 1e-6


@settings(max_examples=40)
@given(LAYOUTS, st.integers(1, 1000), st.integers(1, 5))
def test_who_serve_everything_never_make_callers_wait_longer_when_they_are_more(
    staff: Staff, seed: int, more: int
) -> None:
    number = sum(staff.values())
    calls = stream(SHARES, 0.9 * number, 300, seed)
    assert play({serves(A, B, C): number + more}, calls).mean_s <= play({serves(A, B, C): number}, calls).mean_s + 1e-9


@pytest.fixture(scope="module")
def tried() -> Setting:
    return setting(SHARES, 20, 15.0, fewest_calls=1500)


def test_cross_training_carries_more_load_for_the_same_wait(tried: Setting) -> None:
    apart = {serves(A): 10, serves(B): 6, serves(C): 4}
    chain = {serves(A, B): 10, serves(B, C): 6, serves(C, A): 4}
    everything = {serves(A, B, C): 20}
    assert takes(apart, tried) < takes(chain, tried) - 0.02 <= takes(everything, tried)
    assert takes(everything, tried) == pytest.approx(1, abs=0.01)


def test_advice_teaches_one_operator_after_the_other_what_helps_most(tried: Setting) -> None:
    advice = advise(operators(a=10, b=6, c=4), tried, most_lessons=4)
    assert len(advice.lessons) == 4
    waits = [(lesson.before_s, lesson.after_s) for lesson in advice.lessons]
    assert all(after < before for before, after in waits)
    assert [before for before, _ in waits[1:]] == [after for _, after in waits[:-1]]
    taught = [one for lesson in advice.lessons for one in lesson.operators]
    assert len(taught) == len(set(taught))  # a second skill, not a third
    assert all(lesson.group not in lesson.serves for lesson in advice.lessons)
    assert waits[-1][1] < 0.5 * waits[0][0]
    assert advice.saved(20) > 1


def test_nobody_need_learn_where_everybody_serves_everything(tried: Setting) -> None:
    advice = advise(operators(abc=20), tried, most_groups=3)
    assert advice.lessons == ()
    assert advice.saved(20) == 0


def test_a_third_skill_is_advised_only_when_allowed(tried: Setting) -> None:
    two = advise(operators(ab=10, bc=6, ac=4), tried, most_lessons=2)
    three = advise(operators(ab=10, bc=4, b=2, c=4), tried, most_lessons=2, most_groups=3)
    assert two.lessons == ()
    assert three.lessons != ()


def test_a_lesson_that_helps_only_with_the_next_one_is_found_and_those_after_it_are_dropped(tried: Setting) -> None:
    advice = advise(operators(a=10, b=6, c=4), tried, most_lessons=40)
    assert advice.lessons
    last = advice.lessons[-1]
    assert last.before_s - last.after_s >= 0.01 * (last.before_s - tried.pooled_s)
    assert last.after_s < 1.6 * tried.pooled_s


def test_the_same_question_gets_the_same_answer() -> None:
    first, again = (advise(operators(a=5, b=3, c=2), setting(SHARES, 10, 15.0, fewest_calls=500), 2) for _ in range(2))
    assert first == again


def test_there_is_no_setting_without_calls_or_operators() -> None:
    with pytest.raises(ValueError, match="no calls or no operators"):
        setting({}, 3, 15)
    with pytest.raises(ValueError, match="no calls or no operators"):
        setting(SHARES, 0, 15)


def test_learning_moves_operators_from_one_layout_to_the_other() -> None:
    assert learned({serves(A): 3, serves(A, B): 1}, serves(A), B, 2) == {serves(A): 1, serves(A, B): 3}
