"""Erlang's formulas against published values, brute force and each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.erlang import Line, erlang_a, erlang_b, erlang_c, fewest

OPERATORS = st.integers(1, 300)
LOAD = st.floats(0.01, 400)
PATIENCE = st.floats(5, 5000)


def states(operators: int, load: float, talk_s: float, patience_s: float, waiting: int) -> list[float]:
    """The chances of 0, 1, 2, … callers in the centre, from the balance of each state with the next."""
    logs = [0.0]
    for callers in range(1, operators + waiting):
        leaving = min(callers, operators) / talk_s + max(0, callers - operators) / patience_s
        logs.append(logs[-1] + math.log(load / talk_s / leaving))
    weights = [math.exp(one - max(logs)) for one in logs]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize(
    ("operators", "load", "blocked"),
    [(1, 1.0, 0.5), (2, 1.0, 0.2), (10, 4.461, 0.01), (20, 12.03, 0.01), (100, 84.06, 0.01), (5, 2.881, 0.10)],
)
def test_erlang_b_is_as_in_the_tables(operators: int, load: float, blocked: float) -> None:
    assert erlang_b(operators, load) == pytest.approx(blocked, rel=2e-3)


@pytest.mark.parametrize(
    ("operators", "load", "waiting"),
    # one operator: the load itself; two: a²/(2 + a); Cooper's chart of ten operators at 6 2/3 Erlang
    [(1, 0.7, 0.7), (2, 1.5, 1.5**2 / 3.5), (10, 20 / 3, 0.1746)],
)
def test_erlang_c_is_as_worked_out_by_hand(operators: int, load: float, waiting: float) -> None:
    assert erlang_c(operators, load, 240).waiting == pytest.approx(waiting, rel=1e-3)


@pytest.mark.parametrize(("calls_an_hour", "operators"), [(100, 10), (1000, 71), (4000, 272), (125, 11)])
def test_the_staffing_check_of_the_study_comes_out(calls_an_hour: int, operators: int) -> None:
    load = calls_an_hour / 3600 * 240
    assert fewest(lambda n: erlang_c(n, load, 240), lambda line: line.asa_s <= 30).operators == operators


def test_the_patient_line_of_eighty_is_as_the_study_simulated_it() -> None:
    line = erlang_a(80, 90.0, 240, 240)
    assert line.abandoned == pytest.approx(0.1185, abs=5e-4)
    assert line.asa_s == pytest.approx(29.1, abs=0.1)


@pytest.mark.parametrize(
    ("operators", "load", "patience_s"),
    [(1, 0.5, 60), (10, 9, 100), (10, 20, 30), (80, 90, 240), (80, 75.5, 600), (300, 290, 120)],
)
def test_erlang_a_is_what_the_states_say(operators: int, load: float, patience_s: float) -> None:
    chances = states(operators, load, 240, patience_s, 3000)
    waiting = sum(chances[operators:])
    in_line = sum(number * chance for number, chance in enumerate(chances[operators:]))
    line = erlang_a(operators, load, 240, patience_s)
    assert line.waiting == pytest.approx(waiting, rel=1e-9)
    assert line.abandoned == pytest.approx(in_line / patience_s / (load / 240), rel=1e-9)


def test_the_share_within_the_seconds_is_what_the_states_say() -> None:
    operators, load, talk_s, patience_s, within_s = 10, 11.0, 200.0, 150.0, 30.0
    chances = states(operators, load, talk_s, patience_s, 500)
    soon = sum(chances[:operators])
    for ahead, chance in enumerate(chances[operators : operators + 60]):
        soon += chance * answered_within(ahead, operators / talk_s, 1 / patience_s, within_s)
    assert erlang_a(operators, load, talk_s, patience_s, within_s).within == pytest.approx(soon, abs=2e-4)


def answered_within(ahead: int, served: float, giving_up: float, within_s: float, steps: int = 3000) -> float:
    """The chance to be answered in time with so many ahead, by small steps of time."""
    step_s = within_s / steps
    places = [0.0] * ahead + [1.0]
    answered = 0.0
    for _ in range(steps):
        later = [place * (1 - giving_up * step_s) for place in places]
        for others in range(ahead + 1):
            moved = places[others] * (served + others * giving_up) * step_s
            later[others] -= moved
            if others:
                later[others - 1] += moved
            else:
                answered += places[0] * served * step_s
        places = later
    return answered


def test_endless_patience_is_erlang_c() -> None:
    patient, endless = erlang_a(50, 45, 240, 1e12), erlang_c(50, 45, 240)
    assert patient.asa_s == pytest.approx(endless.asa_s, rel=1e-6)
    assert patient.within == pytest.approx(endless.within, rel=1e-6)
    assert erlang_a(50, 45, 240, math.inf) == endless


@pytest.mark.parametrize("load", [0.001, 100, 1900, 1999.9, 2500, 20_000])
@pytest.mark.parametrize("patience_s", [1, 240, 1e6])
def test_two_thousand_operators_are_counted_without_over_or_underflow(load: float, patience_s: float) -> None:
    line = erlang_a(2000, load, 240, patience_s, within_s=3600)
    assert 0 <= line.abandoned <= 1
    assert 0 <= line.asa_s < math.inf
    assert 0 <= line.within <= 1
    # Who is not answered has given up: what is lost is what the operators cannot take.
    assert line.abandoned >= 1 - 2000 / load - 1e-9


def test_a_flood_of_patient_callers_is_counted_as_a_flow_without_a_seam() -> None:
    counted, flow = (erlang_a(100, 200, 240, patience_s) for patience_s in (2.3e6, 2.5e6))
    assert counted.asa_s / 2.3 == pytest.approx(flow.asa_s / 2.5, rel=1e-5)
    assert counted.abandoned == pytest.approx(flow.abandoned, rel=1e-5)


def test_many_operators_are_nearly_a_flow() -> None:
    line = erlang_a(2000, 2500, 240, 240)
    assert line.abandoned == pytest.approx(0.2, abs=1e-6)
    assert line.asa_s == pytest.approx(240 * math.log(1 / 0.8), rel=0.01)


@given(OPERATORS, LOAD, st.floats(1, 2000))
def test_no_more_wait_with_more_operators_and_no_less_with_more_load(n: int, load: float, talk_s: float) -> None:
    here = erlang_c(n, load, talk_s)
    assert erlang_c(n + 1, load, talk_s).asa_s <= here.asa_s
    assert erlang_c(n, load * 1.01, talk_s).asa_s >= here.asa_s
    assert erlang_c(n + 1, load, talk_s).within >= here.within - 1e-12


@given(OPERATORS, LOAD, PATIENCE)
def test_the_same_with_callers_who_give_up(n: int, load: float, patience_s: float) -> None:
    here = erlang_a(n, load, 240, patience_s)
    more, fuller = erlang_a(n + 1, load, 240, patience_s), erlang_a(n, load * 1.01, 240, patience_s)
    assert more.abandoned <= here.abandoned + 1e-12
    assert fuller.abandoned >= here.abandoned - 1e-12
    assert more.asa_s <= here.asa_s * (1 + 1e-9)
    assert fuller.asa_s >= here.asa_s * (1 - 1e-9)
    assert more.within >= here.within - 1e-9
    assert here.waiting <= erlang_c(n, load, 240).waiting + 1e-9


@given(OPERATORS, LOAD, PATIENCE)
def test_nobody_talks_more_than_there_are_operators(n: int, load: float, patience_s: float) -> None:
    line = erlang_a(n, load, 240, patience_s)
    assert load * (1 - line.abandoned) <= n + 1e-9
    assert 0 < line.occupancy <= 1


@given(st.integers(0, 5000))
def test_the_fewest_that_are_enough_are_found(wanted: int) -> None:
    def line(operators: int) -> Line:
        return Line(operators, 1.0, 0.0, 0.0, 0.0, 1.0)

    assert fewest(line, lambda one: one.operators >= wanted).operators == wanted
    assert fewest(line, lambda one: one.operators >= wanted, at_least=7).operators == max(7, wanted)


def test_nothing_is_enough_for_a_target_below_zero() -> None:
    with pytest.raises(ValueError, match="no number of operators"):
        fewest(lambda n: erlang_c(min(n, 10), 1.0, 240), lambda line: line.asa_s < 0)


def test_quiet_hours_and_nobody_on_duty() -> None:
    assert erlang_c(3, 0.0, 240) == Line(3, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert erlang_c(1, 0.0, 240) == Line(1, 0.0, 0.0, 0.0, 0.0, 1.0)
    for operators, load in ((0, 1.0), (0, 0.0), (5, 5.0), (5, 6.0)):
        assert erlang_c(operators, load, 240) == Line(operators, load, 1.0, math.inf, 0.0, 0.0)
    assert (Line(4, 3.0, 0.5, 9.0, 0.2, 0.5).occupancy, Line(2, 3.0, 1, math.inf, 0, 0).occupancy) == (
        0.6000000000000001,
        1.0,
    )
    assert Line(0, 3.0, 1, math.inf, 0, 0).occupancy == 1.0
    assert erlang_a(0, 1.0, 240, 60).abandoned == 1
    assert erlang_a(2000, 1.0, 240, 60).waiting == 0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ((-1, 1.0, 240), "not negative"),
        ((1, -1.0, 240), "not negative"),
        ((1, 1.0, 0), "longer than nothing"),
        ((1, 1.0, -1), "longer than nothing"),
    ],
)
def test_nonsense_is_refused(wrong: tuple[int, float, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        erlang_c(*wrong)
    with pytest.raises(ValueError, match=why):
        erlang_a(*wrong, patience_s=60)


def test_nobody_is_patient_for_no_time_nor_counted_within_less_than_none() -> None:
    for patience_s in (0, -1):
        with pytest.raises(ValueError, match="patience is more than nothing"):
            erlang_a(1, 1.0, 240, patience_s=patience_s)
    with pytest.raises(ValueError, match="seconds are not negative"):
        erlang_c(1, 0.5, 240, within_s=-1)
    for operators, load in ((-1, 1.0), (1, -1.0)):
        with pytest.raises(ValueError, match="operators and load are not negative"):
            erlang_b(operators, load)


@pytest.mark.parametrize(("operators", "load"), [(3, 2.5), (100, 95.0), (100, 130.0)])
def test_without_a_time_limit_the_rest_is_the_same(operators: int, load: float) -> None:
    timed, untimed = erlang_a(operators, load, 240, 300), erlang_a(operators, load, 240, 300, within_s=0.0)
    assert (untimed.asa_s, untimed.abandoned, untimed.waiting) == (timed.asa_s, timed.abandoned, timed.waiting)
    assert untimed.within == pytest.approx(1 - untimed.waiting)


def test_in_a_flow_all_wait_alike_and_the_limit_counts_itself() -> None:
    flow = erlang_a(1_000, 3_000_000_000.0, 200.0, 100.0)
    at_limit = erlang_a(1_000, 3_000_000_000.0, 200.0, 100.0, within_s=flow.asa_s)
    before = erlang_a(1_000, 3_000_000_000.0, 200.0, 100.0, within_s=flow.asa_s * 0.999)
    assert at_limit.within == pytest.approx(1_000 / 3_000_000_000.0)
    assert (before.within, at_limit.asa_s) == (0.0, flow.asa_s)


def test_where_nobody_calls_one_operator_is_idle_and_none_is_a_line_for_ever() -> None:
    for operators in (1, 2, 50):
        assert erlang_c(operators, 0.0, 200.0) == Line(operators, 0.0, 0.0, 0.0, 0.0, 1.0)
        assert erlang_a(operators, 0.0, 200.0, 100.0) == Line(operators, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert erlang_c(0, 0.0, 200.0).waiting == 1.0
