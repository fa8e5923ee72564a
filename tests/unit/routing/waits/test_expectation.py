"""What the dispatcher is told of each wait, and how the expectations learn from those that end."""

from __future__ import annotations

import pytest

from calls.ids import CallId, GroupId, OperatorId
from routing.presence import Operator
from routing.queue import Waiting
from routing.skills import EVERYBODY, Need, Step
from routing.waits.announced import Announced
from routing.waits.expectation import Expectations, ahead_of_each, on_duty
from routing.waits.rates import TalkSeen, WaitSeen

PORTAL, ICT = GroupId("portal"), GroupId("ict")
RU, KK = Need(PORTAL, "ru"), Need(PORTAL, "kk")
ADVICE = Need(ICT, "ru")
TEN = {frozenset({RU, KK}): 10}
ONE = CallId("hl1-1.1")


def operator(
    number: str, groups: dict[GroupId, int], *languages: str, ready: bool = True, here: bool = True
) -> Operator:
    made = Operator(OperatorId(number), frozenset(groups), frozenset(languages), levels=groups)
    made.ready, made.reachable = ready, here
    return made


def caller(number: int, need: Need) -> Waiting:
    return Waiting(CallId(f"c{number}"), "", need.group, need.language, 1000 * number, 0)


def test_a_wait_is_foretold_and_its_error_kept_with_it() -> None:
    known = Expectations()
    expected = known.began(ONE, RU, {RU: 4}, TEN, 1_000_000)
    assert expected is not None
    assert expected.low_s < expected.mean_s < expected.high_s
    true = known.answered(ONE, 1_090_000)
    assert true is not None
    assert (true.call, true.expected, true.wait_s) == (ONE, expected, 90.0)


def test_longer_waits_than_foretold_make_the_next_estimate_longer() -> None:
    known = Expectations()
    first = known.began(ONE, RU, {RU: 4}, TEN, 0)
    for number in range(300):
        known.began(ONE, RU, {RU: 4}, TEN, number * 1000)
        known.answered(ONE, number * 1000 + 200_000)
    last = known.began(ONE, RU, {RU: 4}, TEN, 400_000)
    assert first is not None
    assert last is not None
    assert last.mean_s > 1.3 * first.mean_s
    assert last.mean_s == pytest.approx(200, rel=0.01)


def test_what_ends_is_counted_in_seconds_and_once() -> None:
    known = Expectations()
    usual_gave_up, usual_wait_s, usual_talks, usual_busy_s = 1, 600, 10, 2400
    known.began(ONE, RU, {}, TEN, 0)
    assert known.waits(ONE)
    known.gave_up(ONE, 30_000)
    known.gave_up(ONE, 31_000)
    assert not known.waits(ONE)
    tally = known.tallies[PORTAL]
    assert (tally.gave_up, tally.waited_s) == (usual_gave_up + 1, usual_wait_s + 30)
    known.began(ONE, RU, {}, TEN, 30_000)
    known.answered(ONE, 30_000)
    known.talked(PORTAL, 90.0, 30_000)
    tally = known.tallies[PORTAL]
    assert (tally.gave_up, tally.waited_s) == (usual_gave_up + 1, usual_wait_s + 30)
    assert (tally.talks, tally.busy_s) == (usual_talks + 1, usual_busy_s + 90)
    known.began(ONE, RU, {}, TEN, 50_000)
    known.gave_up(ONE, 40_000)  # the clock was set back
    assert known.tallies[PORTAL].waited_s == pytest.approx(usual_wait_s + 30, abs=0.1)


def test_short_talks_and_impatient_callers_make_it_shorter() -> None:
    usual = Expectations().began(ONE, RU, {RU: 9}, TEN, 0)
    quick = Expectations([TalkSeen(PORTAL, 0, 60.0)] * 200).began(ONE, RU, {RU: 9}, TEN, 0)
    leaving = Expectations([WaitSeen(PORTAL, 0, 30.0, answered=False)] * 200).began(ONE, RU, {RU: 9}, TEN, 0)
    assert usual is not None
    assert quick is not None
    assert leaving is not None
    assert quick.mean_s < 0.5 * usual.mean_s
    assert leaving.mean_s < usual.mean_s


def test_a_caller_of_a_group_without_operators_is_told_the_place_alone() -> None:
    known = Expectations()
    assert known.began(ONE, ADVICE, {}, TEN, 0) is None
    assert known.say(ONE, 1, {}, TEN) == Announced(1)
    assert known.answered(ONE, 10_000) is None  # somebody came after all: nothing had been foretold


def test_what_is_said_remembers_what_was_said() -> None:
    known = Expectations()
    known.began(ONE, RU, {RU: 20}, TEN, 0)
    first = known.say(ONE, 21, {RU: 20}, TEN)
    assert first.minutes is not None
    fewer = known.say(ONE, 20, {RU: 19}, {frozenset({RU, KK}): 2})
    assert fewer.minutes is None  # eight operators went away: no range within the first one is true
    assert fewer.held == first.held


def test_waits_that_nobody_knows_of_change_nothing() -> None:
    known = Expectations()
    before = known.weights
    assert known.answered(ONE, 5) is None
    known.gave_up(ONE, 5)
    assert known.say(ONE, 3, {}, TEN) == Announced(3)
    assert known.weights == before
    assert known.tallies == {}


def test_a_caller_who_gives_up_is_counted_as_one() -> None:
    known = Expectations()
    known.began(ONE, RU, {}, TEN, 0)
    before = known.tallies
    known.gave_up(ONE, 30_000)
    assert before == {}
    assert known.tallies[PORTAL].gave_up == 2  # with the usual one


def test_operators_on_duty_are_counted_by_what_they_may_serve_in_the_end() -> None:
    strict = (Step(0, level=2, any_language=False), Step(60, level=5, any_language=False))
    staff = [
        operator("101", {PORTAL: 1}, "ru", "kk"),
        operator("102", {PORTAL: 5, ICT: 1}, "ru"),
        operator("103", {PORTAL: 1}, "ru", "kk"),
        operator("104", {PORTAL: 1}, "ru", "kk", ready=False),
        operator("105", {PORTAL: 1}, "ru", "kk", here=False),
    ]
    needs = [RU, KK, ADVICE]
    assert on_duty(staff, needs, strict) == {frozenset({RU, KK}): 2, frozenset({RU, ADVICE}): 1}
    assert on_duty(staff, needs, EVERYBODY)[frozenset({RU, KK, ADVICE})] == 1
    staff[4].call = ONE  # talks, though the registration has just run out
    assert on_duty(staff, needs, strict)[frozenset({RU, KK})] == 3


def test_each_callers_line_is_counted_by_need() -> None:
    line = [caller(1, RU), caller(2, KK), caller(3, RU), caller(4, ADVICE)]
    assert [ahead for _, ahead in ahead_of_each(line)] == [{}, {RU: 1}, {RU: 1, KK: 1}, {RU: 2, KK: 1}]
