"""What a policy is shown, and what its word is worth: whatever its costs, somebody able is taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from calls.events import CallWaiting, DutyChanged, GroupPrioritised, Reachability
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Offer
from routing.core import Router
from routing.policy import POLICIES
from routing.policy_view import Policy, Queue, View
from routing.presence import Operator
from routing.rules import Rules

STATE, PORTAL = GroupId("state-services"), GroupId("portal")


def offers(commands: list[Command]) -> list[tuple[str, str]]:
    return [(one.call, one.operator) for one in commands if isinstance(one, Offer)]


def router(policy: Policy, *known: tuple[str, set[GroupId]]) -> Router:
    return Router([Operator(OperatorId(name), frozenset(groups), frozenset({"kk"})) for name, groups in known],
                  Rules(policy=policy))  # fmt: skip


def caller(call: str, rank_ms: int, group: GroupId) -> CallWaiting:
    return CallWaiting(CallId(call), call, group, "kk", rank_ms)


def test_a_policy_is_told_waits_in_seconds_with_those_that_a_supervisor_has_added() -> None:
    seen: list[dict[GroupId, float]] = []

    def urgencies(queues: Sequence[Queue], view: View) -> list[float]:
        seen.append({queue.need.group: queue.oldest_s for queue in queues})
        return POLICIES["longest_wait"].urgencies(queues, view)

    made = router(Policy(urgencies, POLICIES["longest_wait"].costs), ("101", {STATE, PORTAL}))
    made.handle(Reachability(OperatorId("101"), True), 0)
    made.handle(caller("a", 0, STATE), 0)
    made.handle(caller("b", 40_000, PORTAL), 40_000)
    made.handle(GroupPrioritised(PORTAL, 50), 50_000)
    assert offers(made.handle(DutyChanged(OperatorId("101"), True), 100_000)) == [("b", "101")]
    assert seen == [{STATE: 100.0, PORTAL: 110.0}]


@pytest.mark.parametrize("cost", [0.0, 1e6, 1e300])
def test_however_large_equal_costs_are_somebody_is_taken(cost: float) -> None:
    policy = Policy(POLICIES["longest_wait"].urgencies, lambda need, pools, view: [cost] * len(pools))
    made = router(policy, ("101", {STATE}), ("102", {STATE, PORTAL}))
    for at_ms, operator in ((1_000, "102"), (2_000, "101")):
        made.handle(Reachability(OperatorId(operator), True), at_ms)
        made.handle(DutyChanged(OperatorId(operator), True), at_ms)
    assert offers(made.handle(caller("a", 3_000, STATE), 3_000)) == [("a", "101")]


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_caller_of_before_a_rebuild_is_weighed_also_in_a_language_that_nobody_speaks(policy: str) -> None:
    """Who had an offer is not counted anew, and has a share of the traffic all the same."""
    made = router(POLICIES[policy], ("101", {STATE, PORTAL}))
    made.handle(Reachability(OperatorId("101"), True), 0)
    made.handle(CallWaiting(CallId("a"), "a", STATE, "en", 0, offers=1), 1_000)
    made.handle(caller("b", 900, PORTAL), 1_000)
    (offered,) = offers(made.handle(DutyChanged(OperatorId("101"), True), 100_000))
    assert offered in (("a", "101"), ("b", "101"))
