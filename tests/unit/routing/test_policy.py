"""The two decisions of each policy, as plain values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from calls.ids import GroupId
from routing.policy import POLICIES
from routing.policy_view import Able, Home, Queue, View
from routing.skills import Need

STATE, PORTAL, ICT = (Need(GroupId(name), "ru") for name in ("state-services", "portal", "ict"))


def apart(**shares: float) -> Callable[[Need], float]:
    """Averages so far above that of all calls, by the need's group."""
    return lambda need: shares.get(need.group.split("-")[0], 0.0)


def view(**more: object) -> View:
    shares = {STATE: 0.6, PORTAL: 0.3, ICT: 0.1}
    values = {
        "shares": shares, "idle_for": dict.fromkeys(shares, 1), "targets_s": dict.fromkeys(shares, 30.0),
        "queued": {}, "above": apart(), "homes": {}, "waiting": 6, "idle": 2, "staff": 10,
    }  # fmt: skip
    return View(**(values | more))  # type: ignore[arg-type]


def first(policy: str, queues: list[Queue], seen: View) -> Need:
    urgencies = POLICIES[policy].urgencies(queues, seen)
    return queues[urgencies.index(max(urgencies))].need


def taken(policy: str, need: Need, pools: list[Able], seen: View) -> int:
    costs = POLICIES[policy].costs(need, pools, seen)
    return costs.index(min(costs))


def queue(need: Need, waiting: int, oldest_s: float, level: int = 1, speaks: bool = True) -> Queue:
    return Queue(need, waiting, oldest_s, level, speaks)


def test_longest_wait_looks_at_the_wait_alone() -> None:
    assert first("longest_wait", [queue(STATE, 9, 20.0), queue(ICT, 1, 21.0)], view()) == ICT


def test_recommended_weighs_the_wait_and_the_queue() -> None:
    assert first("recommended", [queue(PORTAL, 1, 30.0), queue(STATE, 5, 10.0)], view()) == STATE


def test_recommended_gives_a_small_group_more_weight() -> None:
    assert first("recommended", [queue(STATE, 1, 10.0), queue(ICT, 1, 10.0)], view()) == ICT


def test_recommended_forgets_nobody() -> None:
    assert first("recommended", [queue(STATE, 40, 119.0), queue(ICT, 1, 121.0)], view()) == ICT


def test_recommended_index_is_the_published_one() -> None:
    (urgency,) = POLICIES["recommended"].urgencies([queue(ICT, 2, 10.0)], view())
    assert urgency == pytest.approx(10 + 20 * 2 * (3 * 0.1) ** -0.5)


def test_recommended_prefers_by_a_little_what_the_operator_knows_best() -> None:
    assert first("recommended", [queue(STATE, 1, 10.0, level=3), queue(STATE, 1, 9.0)], view()) == STATE
    urgencies = POLICIES["recommended"].urgencies([queue(STATE, 1, 10.0, level=3), queue(STATE, 1, 9.0)], view())
    assert urgencies[1] > urgencies[0]


def test_recommended_takes_a_specialist_first() -> None:
    pools = [Able((STATE, PORTAL), 1, 1, 5), Able((STATE,), 1, 1, 5)]
    assert taken("recommended", STATE, pools, view()) == 1


def test_recommended_spares_the_operator_whom_the_others_miss_most() -> None:
    pools = [Able((STATE, PORTAL), 1, 1, 5), Able((STATE, ICT), 1, 1, 5)]
    assert taken("recommended", STATE, pools, view()) == 1
    seen = view(idle_for={STATE: 9, PORTAL: 6, ICT: 1})
    assert POLICIES["recommended"].costs(STATE, pools, seen) == [pytest.approx(0.3 * 0.6**5), pytest.approx(0.1)]
    assert taken("recommended", STATE, pools, seen) == 0


def test_queue_ratio_serves_the_queue_that_is_longer_than_its_due() -> None:
    assert first("queue_ratio", [queue(STATE, 3, 40.0), queue(ICT, 2, 5.0)], view()) == ICT
    targets = {STATE: 10.0, PORTAL: 30.0, ICT: 120.0}
    assert first("queue_ratio", [queue(STATE, 3, 40.0), queue(ICT, 2, 5.0)], view(targets_s=targets)) == STATE


def test_queue_ratio_takes_from_the_fullest_pool() -> None:
    pools = [Able((STATE,), 1, 1, 8), Able((STATE, ICT), 1, 1, 2)]
    assert taken("queue_ratio", STATE, pools, view()) == 1


def test_balanced_measures_waits_by_their_targets() -> None:
    queues = [queue(STATE, 1, 40.0), queue(ICT, 1, 30.0)]
    assert first("balanced", queues, view()) == STATE
    assert first("balanced", queues, view(targets_s={STATE: 60.0, PORTAL: 30.0, ICT: 30.0})) == ICT


def test_balanced_corrects_the_averages_so_far() -> None:
    queues = [queue(STATE, 1, 40.0), queue(ICT, 1, 30.0)]
    assert first("balanced", queues, view(above=apart(state=-0.1, ict=0.2))) == ICT


def test_foresight_leaves_the_caller_whom_others_would_miss() -> None:
    """Whoever comes free next serves ICT alone: that caller is left, though no other group is as small."""
    homes = {STATE: [Home((STATE, PORTAL), 5)], ICT: [Home((ICT,), 5)], PORTAL: [Home((STATE, PORTAL), 5)]}
    queued = {STATE: 4, PORTAL: 4, ICT: 1}
    queues = [queue(STATE, 4, 10.0), queue(ICT, 1, 10.0)]
    assert first("foresight", queues, view(homes=homes, queued=queued)) == STATE
    assert first("foresight", queues, view()) == STATE
    assert first("foresight", [queue(STATE, 1, 10.0), queue(ICT, 1, 11.0)], view()) == ICT


def test_foresight_evens_out_the_averages() -> None:
    queues = [queue(STATE, 2, 10.0), queue(PORTAL, 2, 10.0)]
    assert first("foresight", queues, view(above=apart(state=0.4, portal=-0.4))) == STATE
    assert first("foresight", queues, view(above=apart(state=-0.4, portal=0.4))) == PORTAL


def test_foresight_does_not_let_a_group_of_few_calls_take_everything() -> None:
    (much,), (more,) = (
        POLICIES["foresight"].urgencies([queue(ICT, 1, 10.0)], view(above=apart(ict=above))) for above in (1.5, 9.0)
    )
    assert much == more


def test_foresight_forgets_nobody() -> None:
    queues = [queue(STATE, 40, 149.0), queue(ICT, 1, 151.0)]
    assert first("foresight", queues, view(above=apart(state=1.0, ict=-0.9))) == ICT


def test_foresight_index_is_the_published_one() -> None:
    homes = {ICT: [Home((STATE, ICT), 6), Home((ICT,), 2)]}
    seen = view(homes=homes, queued={STATE: 1, ICT: 2}, above=apart(ict=0.1))
    (urgency,) = POLICIES["foresight"].urgencies([queue(ICT, 2, 10.0)], seen)
    starved = 0.6 * 0.4**2 + 0.2 * 0.4**1
    assert urgency == pytest.approx(10 + 10 * 2 * (3 * 0.1) ** -0.5 + 500 * 0.1 - 5000 * starved)


def test_foresight_takes_the_specialist_while_others_are_few_and_else_the_longest_idle() -> None:
    pools = [Able((STATE, PORTAL), 1, 1, 5), Able((STATE,), 1, 1, 5), Able((STATE,), 2, 1, 5)]
    few, many = (
        POLICIES["foresight"].costs(STATE, pools, view(idle_for={STATE: 9, PORTAL: idle, ICT: 1})) for idle in (2, 9)
    )
    assert few[0] > few[1] == 0
    assert many == [0, 0, pytest.approx(0.02)]


def test_foresight_serves_the_overdue_by_their_wait_alone() -> None:
    queues = [queue(STATE, 1, 151.0), queue(ICT, 1, 300.0), queue(PORTAL, 9, 200.0)]
    urgencies = POLICIES["foresight"].urgencies(queues, view(above=apart(state=1.0, ict=-0.9)))
    assert urgencies[1] > urgencies[2] > urgencies[0] > 1e8


def test_foresight_prefers_by_a_little_what_the_operator_knows_best_and_whose_language_they_speak() -> None:
    plain, worse, foreign = (
        POLICIES["foresight"].urgencies([queue(ICT, 1, 10.0, level, speaks)], view())[0]
        for level, speaks in ((1, True), (3, True), (1, False))
    )
    assert (plain - worse, plain - foreign) == pytest.approx((2 * 2.0, 5.0))


def test_queue_ratio_costs_nothing_where_a_pool_of_the_best_has_its_due_part_idle() -> None:
    """Two of ten are idle: one of five is due. Each idle one more makes it cheaper by one, each level dearer."""
    pools = [Able((STATE,), 1, 1, 5), Able((STATE,), 1, 3, 5), Able((STATE,), 3, 1, 5)]
    assert POLICIES["queue_ratio"].costs(STATE, pools, view()) == [0, -2, 2]
