"""Running averages of the wait: by the targets, over one clock for all needs, who gave up included."""

from __future__ import annotations

import pytest

from calls.events import CallGone, CallWaiting, DutyChanged, Reachability
from calls.ids import CallId, GroupId, OperatorId
from routing.core import Router
from routing.presence import Operator
from routing.queue import Waiting
from routing.rules import Rules
from routing.skills import Need
from routing.traffic import DRAWN, WAITS_MEMORY, Traffic, Waits

STATE, ICT = GroupId("state-services"), GroupId("ict")


def caller(group: GroupId, offers: int = 0) -> Waiting:
    return Waiting(CallId("c"), "ch", group, "ru", 0, 0, offers)


def waited(waits: Waits, group: GroupId, seconds: float, times: int) -> None:
    for _ in range(times):
        waits.ended(caller(group), round(seconds * 1000))


def above(waits: Waits, group: GroupId) -> float:
    return waits.above(Need(group, "ru"))


def test_nothing_is_known_before_the_first_wait() -> None:
    waits = Waits({})
    assert above(waits, STATE) == 0
    waited(waits, STATE, 0, 5)
    assert above(waits, STATE) == 0


def test_an_average_is_measured_by_that_of_all_calls_and_few_calls_say_little() -> None:
    waits = Waits({})
    waited(waits, STATE, 10, 30)
    waited(waits, ICT, 40, 30)
    assert above(waits, ICT) == pytest.approx((40 / 25 - 1) * 30 / (30 + DRAWN), rel=0.02)
    assert above(waits, STATE) == pytest.approx((10 / 25 - 1) * 30 / (30 + DRAWN), rel=0.02)


def test_a_wait_is_measured_by_its_target() -> None:
    waits = Waits({STATE: 10.0, ICT: 60.0})
    waited(waits, STATE, 10, 30)
    waited(waits, ICT, 30, 30)
    assert above(waits, STATE) > 0.1
    assert above(waits, ICT) < -0.1


def test_a_small_group_looks_back_as_long_as_a_large_one() -> None:
    """A rush after a quiet time: both groups wait alike, so neither is behind, though one has few calls."""
    waits = Waits({})
    for seconds in (1.0, 100.0):
        for _ in range(200):
            waited(waits, STATE, seconds, 19)
            waited(waits, ICT, seconds, 1)
    assert above(waits, ICT) == pytest.approx(0, abs=0.01)
    assert above(waits, STATE) == pytest.approx(0, abs=0.01)


def test_a_day_of_waits_is_forgotten() -> None:
    waits = Waits({})
    waited(waits, ICT, 500, 500)
    waited(waits, STATE, 10, 500)
    before = above(waits, ICT)
    for _ in range(500):
        waited(waits, ICT, 10, 20)
        waited(waits, STATE, 10, 80)
    assert before > 0.5
    assert above(waits, ICT) < 0.01


def test_weights_that_grow_stay_finite_and_change_nothing() -> None:
    one, other = Waits({}), Waits({})
    for waits, times in ((one, 1), (other, 14)):
        for _ in range(times):
            waited(waits, STATE, 10, round(WAITS_MEMORY))
            waited(waits, ICT, 20, round(WAITS_MEMORY))
    assert above(one, ICT) == pytest.approx(above(other, ICT), abs=0.15)


def test_another_offer_is_no_second_wait() -> None:
    waits = Waits({})
    waited(waits, STATE, 10, 30)
    waits.ended(caller(ICT, offers=1), 900_000)
    assert above(waits, ICT) == 0


def test_who_gives_up_has_waited_too_and_a_rebuilt_core_knows_it() -> None:
    operator = OperatorId("101")
    made = Router([Operator(operator, frozenset({STATE}), frozenset({"ru"}))], Rules())
    made.handle(CallWaiting(CallId("c1"), "ch1", ICT, "ru", 0), 0)
    made.handle(CallGone(CallId("c1")), 60_000)
    made.handle(Reachability(operator, True), 60_000)
    made.handle(DutyChanged(operator, True), 60_000)
    made.handle(CallWaiting(CallId("c2"), "ch2", STATE, "ru", 60_000), 60_000)
    assert above(made._waits, ICT) > 0 > above(made._waits, STATE)
    rebuilt = Router([], Rules())
    rebuilt.adopt(made)
    assert above(rebuilt._waits, ICT) == above(made._waits, ICT)


def test_shares_are_the_same_however_often_the_weights_are_made_small_again(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [Need(STATE, "kk"), Need(ICT, "kk")]

    def shares() -> dict[Need, float]:
        traffic = Traffic()
        for number in range(3_000):
            traffic.came(needs[number % 7 == 0])
        return traffic.shares()

    whole = shares()
    monkeypatch.setattr("routing.traffic.TOO_BIG", 1.01)
    assert shares() == pytest.approx(whole)
    assert sum(whole.values()) == pytest.approx(1)
