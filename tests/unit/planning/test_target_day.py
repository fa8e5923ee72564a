"""A simulated day with a surge in one group: its wait falls, and those who help stay under their own target."""

from __future__ import annotations

import random
from itertools import pairwise

from bench import target as surge
from planning.simulator import Centre, Habits, simulate
from planning.target_day import TargetDay
from routing.rules import Rules
from routing.target.ladder import TargetRules
from routing.target.lending import Reserves


def test_a_surge_is_helped_and_the_helpers_own_groups_stay_under_their_target() -> None:
    told: list[str] = []
    found = surge.one_day(3, told.append, surge.Shape(hours=4, surge_from=1, surge_to=2))
    assert found["surge_asa_s"] < 0.75 * found["surge_alone_asa_s"]
    assert found["surge_gave_up"] < found["surge_alone_gave_up"]
    assert found["helpers_worst_asa_s"] < surge.TARGET_S
    assert found["all_asa_s"] < found["all_alone_asa_s"]
    assert 0 < found["moves"] < 80
    assert told


def test_the_same_day_is_controlled_the_same_and_without_helpers_nothing_changes() -> None:
    shape = surge.Shape(hours=0.8, surge_from=0.2, surge_to=0.8)
    calls = sorted(surge.arrivals(random.Random(1), shape), key=lambda call: call.at_s)
    centre = Centre(surge.operators(), Rules(), Habits(set_up_s=3))
    usual = simulate(calls, centre)

    def controlled(reserves: Reserves) -> tuple[object, TargetDay]:
        look = TargetDay(reserves, TargetRules(), shape.hours * 3600, set_up_s=3)
        return simulate(calls, Centre(centre.operators, centre.rules, centre.habits, look=look)), look

    assert controlled(Reserves({}))[0] == usual
    helped, look = controlled(Reserves({surge.STATE: surge.HELPERS}))
    again, look_again = controlled(Reserves({surge.STATE: surge.HELPERS}))
    assert helped == again
    assert look.decided == look_again.decided
    for before, after in pairwise(look.decided):
        for group, standing in after.standings.items():
            was = before.standings.get(group)
            if was is not None and was != standing and was.rung > 0 and was.since_ms and standing.since_ms:
                assert standing.since_ms - was.since_ms >= 60_000
