"""The simulator against queueing theory, and its own promises."""

from __future__ import annotations

import heapq
import random
import time
from dataclasses import replace

import pytest

from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Centre, Duty, Habits, simulate
from routing.core import Rules
from routing.erlang import erlang_a
from routing.skills import Skills

STATE, PORTAL = GroupId("state-services"), GroupId("portal")


def staff(count: int, *groups: GroupId) -> dict[OperatorId, Skills]:
    skills = Skills(tuple((group, 1) for group in groups or (STATE,)), frozenset({"ru"}))
    return {OperatorId(f"{100 + number}"): skills for number in range(count)}


def poisson(count: int, per_s: float, talk_s: float, seed: int = 1) -> list[Arrival]:
    chance, at_s, made = random.Random(seed), 0.0, []
    for _ in range(count):
        at_s += chance.expovariate(per_s)
        made.append(Arrival(at_s, STATE, chance.expovariate(1 / talk_s)))
    return made


def test_one_operator_serves_one_after_the_other() -> None:
    calls = [Arrival(0, STATE, 10), Arrival(1, STATE, 10), Arrival(2, STATE, 10)]
    served = simulate(calls, Centre(staff(1), Rules(wrap_up_s=5)))
    assert [one.wait_s for one in served] == [0, 14, 28]
    assert {one.operator for one in served} == {"100"}


def test_set_up_is_part_of_the_wait() -> None:
    served = simulate([Arrival(0, STATE, 10)], Centre(staff(1), habits=Habits(set_up_s=0.25)))
    assert served[0].wait_s == 0.25


def test_caller_gives_up_and_nobody_rings_for_them_any_more() -> None:
    calls = [Arrival(0, STATE, 100), Arrival(1, STATE, 10, patience_s=20), Arrival(2, STATE, 10)]
    served = simulate(calls, Centre(staff(1), Rules(wrap_up_s=0)))
    assert [(one.wait_s, one.operator) for one in served] == [(0, "100"), (20, None), (98, "100")]


def test_caller_gives_up_while_the_phone_rings() -> None:
    calls = [Arrival(0, STATE, 10, patience_s=1), Arrival(5, STATE, 10)]
    served = simulate(calls, Centre(staff(1), habits=Habits(set_up_s=2)))
    assert [(one.wait_s, one.operator) for one in served] == [(1, None), (2, "100")]


def test_missed_offers_delay_and_lose_nobody() -> None:
    served = simulate(poisson(200, 0.2, 10), Centre(staff(5), habits=Habits(missed=0.3, set_up_s=0.1)))
    assert len(served) == 200
    assert max(one.wait_s for one in served) > 15


def test_operators_come_and_go() -> None:
    duties = [Duty(50, OperatorId("100"), True), Duty(70, OperatorId("100"), False), Duty(90, OperatorId("100"), True)]
    calls = [Arrival(0, STATE, 5), Arrival(71, STATE, 5), Arrival(95, STATE, 5)]
    served = simulate(calls, Centre(staff(1), Rules(wrap_up_s=0), duties=duties))
    assert [one.wait_s for one in served] == [50, 19, 0]


def test_caller_whom_nobody_ever_serves_has_no_wait() -> None:
    assert simulate([Arrival(0, PORTAL, 5)], Centre(staff(1))) == []


def test_same_input_gives_the_same_waits() -> None:
    centre = Centre(staff(4), habits=Habits(missed=0.2))
    assert simulate(poisson(100, 0.1, 30), centre) == simulate(poisson(100, 0.1, 30), centre)


@pytest.mark.parametrize("policy", ["longest_wait", "recommended", "foresight", "balanced", "queue_ratio"])
def test_one_group_is_first_come_first_served_to_the_instant(policy: str) -> None:
    """Kiefer and Wolfowitz: a caller waits until the first of the operators is free."""
    calls = poisson(3000, 4.5 / 100, 100)
    served = simulate(calls, Centre(staff(5), Rules(wrap_up_s=0, policy=policy)))
    free_s = [0.0] * 5
    for one in served:
        begun_s = max(one.arrival.at_s, heapq.heappop(free_s))
        heapq.heappush(free_s, begun_s + one.arrival.talk_s)
        assert one.wait_s == pytest.approx(begun_s - one.arrival.at_s, abs=0.2)  # milliseconds, added up


def test_balanced_keeps_the_averages_near_the_targets() -> None:
    """Two groups of one traffic and shared operators, one of which is to wait three times as long."""
    chance, calls, at_s = random.Random(7), [], 0.0
    for _ in range(4000):
        at_s += chance.expovariate(9.2 / 100)
        calls.append(Arrival(at_s, chance.choice((STATE, PORTAL)), chance.expovariate(1 / 100)))
    rules = Rules(wrap_up_s=0, policy="balanced", targets_s={STATE: 20.0, PORTAL: 60.0})
    served = simulate(calls, Centre(staff(10, STATE, PORTAL), rules))
    waits = {group: [one.wait_s for one in served if one.arrival.group == group] for group in (STATE, PORTAL)}
    means = {group: sum(found) / len(found) for group, found in waits.items()}
    assert means[PORTAL] / means[STATE] == pytest.approx(3, rel=0.06)


def test_callers_give_up_as_erlang_a_has_it() -> None:
    """Garnett, Mandelbaum, Reiman (2002): ten operators, eleven Erlang, patience of a minute."""
    chance = random.Random(3)
    calls = [replace(call, patience_s=chance.expovariate(1 / 60)) for call in poisson(30_000, 0.11, 100)]
    served = simulate(calls, Centre(staff(10), Rules(wrap_up_s=0)))
    answered = [one.wait_s for one in served if one.operator is not None]
    theory = erlang_a(10, 11, 100, 60)
    assert sum(answered) / len(answered) == pytest.approx(theory.asa_s, rel=0.05)
    assert 1 - len(answered) / len(served) == pytest.approx(theory.abandoned, rel=0.05)


def test_a_thousand_times_real_time_with_100_operators() -> None:
    calls = poisson(3000, 95 / 240, 240)
    centre = Centre(staff(100, STATE, PORTAL), Rules(wrap_up_s=5, policy="recommended"))
    began_s = time.process_time()
    simulate(calls, replace(centre, habits=Habits(set_up_s=0.2)))
    assert calls[-1].at_s / (time.process_time() - began_s) > 1000
