"""Priorities are seconds of waiting: one unit, so that it stays first come, first served."""

from __future__ import annotations

from calls.events import CallPrioritised, CallWaiting, DutyChanged, GroupPrioritised, Outcome, Reachability, Tick
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Announce, Command, Offer
from routing.core import Router, Rules
from routing.presence import Operator
from routing.skills import Step

STATE, PORTAL = GroupId("state-services"), GroupId("portal")
AIGUL = OperatorId("101")


def router(**rules: object) -> Router:
    """Nobody is ready yet."""
    made = Router([Operator(AIGUL, frozenset({STATE, PORTAL}), frozenset({"kk"}))], Rules(**rules))  # type: ignore[arg-type]
    made.handle(Reachability(AIGUL, True), 0)
    return made


def caller(call: str, rank_ms: int, group: GroupId = STATE, **more: object) -> CallWaiting:
    return CallWaiting(CallId(call), call, group, "kk", rank_ms, **more)  # type: ignore[arg-type]


def offers(commands: list[Command]) -> list[str]:
    return [command.call for command in commands if isinstance(command, Offer)]


def order(made: Router) -> list[str]:
    return [one.call for one in made.waiting()]


def test_added_seconds_move_a_caller_past_those_who_came_so_much_earlier() -> None:
    made = router()
    for nth, call in enumerate("abcde"):
        made.handle(caller(call, nth * 20_000), nth * 20_000)
    made.handle(CallPrioritised(CallId("e"), 50), 90_000)  # as if it had come at 30 s
    made.handle(CallPrioritised(CallId("a"), -30), 90_000)
    assert order(made) == ["b", "a", "e", "c", "d"]
    assert [made.place(CallId(call)) for call in "baecd"] == [1, 2, 3, 4, 5]
    assert offers(made.handle(DutyChanged(AIGUL, True), 91_000)) == ["b"]


def test_priority_told_again_is_the_same_and_can_be_taken_back() -> None:
    made = router()
    made.handle(caller("a", 0), 0)
    made.handle(caller("b", 1000), 1000)
    for _ in range(2):
        made.handle(CallPrioritised(CallId("b"), 60), 2000)
    assert order(made) == ["b", "a"]
    made.handle(CallPrioritised(CallId("b"), 0), 3000)
    assert order(made) == ["a", "b"]
    assert made.handle(CallPrioritised(CallId("gone"), 60), 3000) == []


def test_priority_is_kept_over_an_offer_that_failed_and_over_a_rebuilt_truth() -> None:
    made = router()
    made.handle(caller("a", 0), 0)
    made.handle(caller("b", 1000), 1000)
    made.handle(CallPrioritised(CallId("b"), 60), 2000)
    assert offers(made.handle(DutyChanged(AIGUL, True), 3000)) == ["b"]
    made.handle(caller("b", 1000, offers=1, returned_from=AIGUL, outcome=Outcome.REFUSED), 4000)
    assert order(made) == ["b", "a"]
    rebuilt = router()
    rebuilt.restore([caller("a", 0), caller("b", 1000, offers=1, priority_s=60)], 5000)
    assert order(rebuilt) == ["b", "a"]


def test_priority_given_while_the_phone_rings_counts_when_the_caller_comes_back() -> None:
    made = router()
    made.handle(DutyChanged(AIGUL, True), 0)
    made.handle(caller("b", 1000), 1000)
    made.handle(caller("a", 500), 1100)
    made.handle(CallPrioritised(CallId("b"), 60), 2000)
    made.handle(caller("b", 1000, offers=1, returned_from=AIGUL, outcome=Outcome.REFUSED), 4000)
    assert order(made) == ["b", "a"]


def test_added_seconds_also_widen_who_may_serve() -> None:
    made = router(steps=(Step(0, level=1), Step(40, level=5)))
    made.operators[AIGUL].learn({STATE: 3}, frozenset({"kk"}))
    made = Router(list(made.operators.values()), made.rules)
    made.handle(DutyChanged(AIGUL, True), 0)
    assert offers(made.handle(caller("a", 0), 0)) == []
    assert offers(made.handle(CallPrioritised(CallId("a"), 30), 5000)) == []
    assert made.next_wake_ms() == 10_000
    assert offers(made.handle(Tick(), 10_000)) == ["a"]


def test_group_goes_first_by_its_seconds_and_only_against_other_groups() -> None:
    for weight, first in ((0, "s1"), (21, "p1")):
        made = router()
        made.handle(caller("s1", 0), 0)
        made.handle(caller("p1", 20_000, PORTAL), 20_000)
        made.handle(caller("p2", 30_000, PORTAL), 30_000)
        made.handle(GroupPrioritised(PORTAL, weight), 31_000)
        assert made.group_priority_s(PORTAL) == weight
        assert made.place(CallId("p1")) == 1
        assert offers(made.handle(DutyChanged(AIGUL, True), 31_000)) == [first]


def test_group_goes_first_under_every_policy_that_looks_at_the_wait() -> None:
    for policy in ("longest_wait", "recommended", "foresight", "balanced"):
        made = router(policy=policy)
        made.handle(caller("s1", 0), 0)
        made.handle(caller("p1", 20_000, PORTAL), 20_000)
        made.handle(GroupPrioritised(PORTAL, 80), 31_000)
        assert offers(made.handle(DutyChanged(AIGUL, True), 31_000)) == ["p1"], policy


def test_places_are_told_in_the_new_order() -> None:
    made = router(announce_first_s=1)
    made.handle(caller("a", 0), 0)
    made.handle(caller("b", 1), 1)
    made.handle(CallPrioritised(CallId("b"), 60), 2)
    said = [*made.handle(Tick(), 1000), *made.handle(Tick(), 1001)]
    assert {one.call: one.place for one in said if isinstance(one, Announce)} == {"a": 2, "b": 1}
