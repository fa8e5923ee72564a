"""The estimate's benchmark: its centres, Asterisk's average, the published formula, and the going through a day."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest

from bench.base_cases import OPERATORS, SHARES, TALK_S, BaseCase, N, P, arrivals, chain, primary_numbers
from bench.estimate import one_day
from bench.foretold import Foretelling, Said, published_s
from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Served
from routing.skills import Need
from routing.waits.announced import Announced, Minutes
from routing.waits.rates import Tally

PORTAL, ICT = GroupId("portal"), GroupId("ict")
RU, ADVICE = Need(PORTAL, "ru"), Need(ICT, "ru")
ONE = OperatorId("101")


def served(at_s: float, wait_s: float, talk_s: float, operator: OperatorId | None = ONE) -> Served:
    return Served(Arrival(at_s, PORTAL, talk_s, language="ru"), wait_s, operator)


def test_the_chain_is_the_studys() -> None:
    assert primary_numbers(OPERATORS) == [24, 19, 11, 16, 7, 3]
    pairs = Counter(frozenset(group for group, _ in one.levels) for one in chain().operators.values())
    assert sum(pairs.values()) == OPERATORS
    groups = list(SHARES)
    assert pairs[frozenset(groups[0:2])] == 12 + 9
    assert len(pairs) == len(groups)


@pytest.mark.parametrize("base", [N, P])
def test_a_day_brings_the_load_and_the_patience_of_its_case(base: BaseCase) -> None:
    calls = arrivals(base, 24, seed=7)
    assert len(calls) * TALK_S / 86_400 == pytest.approx(base.load, rel=0.03)
    assert statistics.fmean(call.talk_s for call in calls) == pytest.approx(TALK_S, rel=0.03)
    assert statistics.stdev(call.talk_s for call in calls) == pytest.approx(TALK_S, rel=0.03)
    assert statistics.fmean(call.patience_s for call in calls) == pytest.approx(base.patience_s, rel=0.03)
    assert Counter(call.group for call in calls)[GroupId("ict")] / len(calls) == pytest.approx(0.08, abs=0.01)
    assert arrivals(base, 1, seed=7) == calls[: len(arrivals(base, 1, seed=7))]


def test_the_published_formula_is_as_published() -> None:
    tallies = {PORTAL: Tally(0, 10, 2400, 10, 10 * 300)}
    staff = {frozenset({RU}): 4, frozenset({RU, ADVICE}): 6}
    share = (4 + 6 * 3 / 5) / 240  # two of ours ahead and this one; two of the others
    expected_s = sum(1 / (share + ahead / 300) for ahead in range(3))
    tallies[ICT] = Tally(0, 10, 2400, 10, 3000)
    assert published_s(RU, {RU: 2, ADVICE: 2}, staff, tallies) == pytest.approx(expected_s)


def test_asterisks_hold_time_is_a_quarter_new_and_three_quarters_old() -> None:
    day = [served(0, 0, 100), served(1, 99, 40), served(2, 138, 10), served(300, 0, 5), served(301, 4, 5)]
    played = Foretelling(day, {frozenset({RU}): 1}).play()
    assert [one.wait_s for one in played.foretold] == [99, 138, 4]
    after_two = (3 * (99 / 4) + 138) / 4
    assert [one.asterisk_s for one in played.foretold] == pytest.approx([0, 0, 0.75 * after_two])


def test_callers_hear_of_their_wait_after_ten_seconds_and_every_thirty() -> None:
    day = [served(0, 0, 100), served(1, 99, 40), served(2, 138, 10)]
    played = Foretelling(day, {frozenset({RU}): 1}).play()
    assert [(one.at_s, one.left_s, one.told.place) for one in played.said] == [
        (11, 89, 1), (12, 128, 2), (41, 59, 1), (42, 98, 2), (71, 29, 1), (72, 68, 2),
        (102, 38, 1), (132, 8, 1),
    ]  # fmt: skip
    assert not any(one.grew for one in played.said)


def test_who_gives_up_is_told_but_not_held_against_us() -> None:
    day = [served(0, 0, 100), served(1, 50, 40, None), served(60, 40, 10)]
    played = Foretelling(day, {frozenset({RU}): 1}).play()
    assert [one.wait_s for one in played.foretold] == [40]
    assert {one.at_s for one in played.said} == {70}


@pytest.mark.parametrize(("left_s", "came_true"), [(29, False), (30, True), (150, True), (151, False)])
def test_minutes_come_true_to_their_rounding(left_s: float, came_true: bool) -> None:
    minutes = Minutes(1, 2)
    assert Said(0, left_s, Announced(1, minutes, minutes), False).came_true is came_true


def test_a_short_day_reaches_the_figures() -> None:
    figures = one_day(P, seed=3, hours=3)
    assert figures["error_over_asterisk"] < 0.8
    assert abs(figures["bias"]) < 0.1
    assert figures["grew"] == 0
    assert figures["came_true"] > 0.9
