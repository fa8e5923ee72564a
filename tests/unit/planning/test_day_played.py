"""A past day as the simulator plays it."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from calls.ids import CallId, GroupId, OperatorId
from calls.local_day import Span
from calls.wait_history import PastState, PastWait
from planning.day import ALWAYS, duties
from planning.replay import mean_patience_s, replay
from planning.simulator import Duty
from routing.skills import Skills

FROM_MS = 1_763_924_400_000
SPAN = Span(FROM_MS, FROM_MS + 86_400_000)
PORTAL, ICT = GroupId("portal"), GroupId("ict")
AIGUL, NURLAN, GONE = OperatorId("101"), OperatorId("102"), OperatorId("109")
CONFIGURED = {one: Skills(((PORTAL, 2),), frozenset({"kk", "ru"})) for one in (AIGUL, NURLAN)}


def wait(at_s: float, wait_s: float, talk_s: float | None = 100.0, group: GroupId = PORTAL) -> PastWait:
    """Arrived 7 s before, rang for the last two seconds if it was answered at all."""
    queued_ms = FROM_MS + round(at_s * 1000)
    until_ms = queued_ms + round(wait_s * 1000)
    call = CallId(f"c{at_s}")
    if talk_s is None:
        return PastWait(call, group, "ru", queued_ms - 7000, queued_ms, None, until_ms)
    ended_ms = until_ms + round(talk_s * 1000)
    return PastWait(call, group, "ru", queued_ms - 7000, queued_ms, until_ms, ended_ms, AIGUL, until_ms - 2000)


def state(operator: OperatorId, what: str, from_s: float, to_s: float | None) -> PastState:
    to_ms = None if to_s is None else FROM_MS + round(to_s * 1000)
    return PastState(operator, FROM_MS + round(from_s * 1000), what, to_ms)


def test_arrivals_talks_and_the_menu_are_those_of_the_day() -> None:
    day = replay([wait(60, 10, 120), wait(90, 0, 30)], [], SPAN, CONFIGURED, 1)
    assert [(one.at_s, one.talk_s, one.waited_s, one.group) for one in day.arrivals] == [
        (60, 120, 7, PORTAL),
        (90, 30, 7, PORTAL),
    ]
    assert day.length_s == 86_400
    assert day.set_up_s == 2


def test_who_gave_up_has_the_patience_of_then_and_one_of_the_days_talks() -> None:
    day = replay([wait(0, 5, 77), wait(1, 33, None)], [], SPAN, CONFIGURED, 1)
    assert day.arrivals[1].patience_s == 33
    assert day.arrivals[1].talk_s == 77


def test_nobody_gives_up_where_nobody_did() -> None:
    assert replay([wait(0, 5)], [], SPAN, CONFIGURED, 1).arrivals[0].patience_s == math.inf


def test_patience_of_the_answered_is_longer_than_their_wait_and_has_the_days_mean() -> None:
    """Exponential, mean 60 s, cut off by an operator after 40 s: the estimate sees through the censoring."""
    chance, waits = random.Random(1), []
    for at in range(4000):
        patience_s = chance.expovariate(1 / 60)
        waits.append(wait(at, patience_s, None) if patience_s < 40 else wait(at, 40))
    assert mean_patience_s(waits) == pytest.approx(60, rel=0.05)
    arrivals = replay(waits, [], SPAN, CONFIGURED, 1).arrivals
    answered = [one.patience_s for one, was in zip(arrivals, waits, strict=True) if was.answered_ms is not None]
    assert min(answered) > 40
    assert sum(answered) / len(answered) == pytest.approx(100, rel=0.06)


def test_same_seed_same_day() -> None:
    waits = [wait(at, 20, None if at % 3 else 50) for at in range(30)]
    assert replay(waits, [], SPAN, CONFIGURED, 7) == replay(waits, [], SPAN, CONFIGURED, 7)
    assert replay(waits, [], SPAN, CONFIGURED, 7) != replay(waits, [], SPAN, CONFIGURED, 8)


def test_presence_becomes_shifts_and_who_was_not_there_is_off_all_day() -> None:
    told = [
        state(AIGUL, "ready", -3600, 100),
        state(AIGUL, "talking", 100, 200),
        state(AIGUL, "paused", 200, 300),
        state(AIGUL, "ready", 300, 90_000),
    ]
    day = replay([wait(0, 5)], told, SPAN, CONFIGURED, 1)
    assert day.staff[AIGUL].shifts == ((0, 200), (300, math.inf))
    assert day.staff[NURLAN].shifts == ()
    assert duties(day.staff) == (Duty(0, AIGUL, True), Duty(200, AIGUL, False), Duty(300, AIGUL, True))
    assert day.staff[AIGUL].on_duty_s(day.length_s) == 200 + 86_100


def test_without_any_presence_everybody_configured_is_there() -> None:
    day = replay([wait(0, 5)], [], SPAN, CONFIGURED, 1)
    assert {one: staffed.shifts for one, staffed in day.staff.items()} == {AIGUL: ALWAYS, NURLAN: ALWAYS}


def test_who_is_configured_no_more_serves_what_was_served_then() -> None:
    waits = [replace(wait(0, 5, group=ICT), operator=GONE), wait(1, 5)]
    day = replay(waits, [state(GONE, "ready", 0, None)], SPAN, CONFIGURED, 1)
    assert day.staff[GONE].skills == Skills(((ICT, 1),), frozenset({"ru"}))
    assert day.staff[AIGUL].skills == CONFIGURED[AIGUL]


def test_a_transferred_wait_comes_when_it_came_with_the_time_waited_before() -> None:
    moved = replace(wait(500, 5, group=ICT), rank_ms=FROM_MS + 480_000, moved=True)
    arrival = replay([wait(100, 5, 380), moved], [], SPAN, CONFIGURED, 1).arrivals[1]
    assert (arrival.at_s, arrival.waited_s, arrival.moved) == (500, 20, True)


def test_who_was_called_back_waited_on_and_was_talked_to_then() -> None:
    asked = replace(wait(0, 30, None), asked_callback=True)
    back = replace(wait(600, 0, 90), callback_of=asked.call)
    day = replay([asked, back, wait(700, 60, None)], [], SPAN, CONFIGURED, 1)
    assert len(day.arrivals) == 2
    assert day.arrivals[0].talk_s == 90
    assert day.arrivals[0].patience_s > 600
    assert mean_patience_s([asked, wait(700, 60, None)]) == 90  # asking to be called back is no giving up
