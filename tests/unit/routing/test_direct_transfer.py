"""A transfer by name that comes to nothing gives the caller back (rule 11)."""

from __future__ import annotations

import pytest

from calls.events import CallWaiting, DutyChanged, LegGone, LegUp, OperatorRung, Outcome, Reachability
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Offer
from routing.core import Router, Rules
from routing.presence import Operator

STATE, ICT = GroupId("state-services"), GroupId("ict")
GIVER, NAMED, COLLEAGUE = OperatorId("101"), OperatorId("105"), OperatorId("106")


def router(**rules: float) -> Router:
    groups = {GIVER: STATE, NAMED: ICT, COLLEAGUE: ICT}
    made = Router([Operator(o, frozenset({g}), frozenset({"kk"})) for o, g in groups.items()], Rules(**rules))
    for operator in groups:
        made.handle(Reachability(operator, True), 0)
        made.handle(DutyChanged(operator, True), 0)
    return made


def transferred(**more: object) -> CallWaiting:
    return CallWaiting(CallId("a"), "PJSIP/carrier-a", ICT, "kk", 100, offers=1, wanted=NAMED, giver=GIVER, **more)  # type: ignore[arg-type]


def back(
    outcome: Outcome, *, offers: int = 2, operator: OperatorId = NAMED, giver: OperatorId | None = GIVER
) -> CallWaiting:
    return CallWaiting(CallId("a"), "PJSIP/carrier-a", ICT, "kk", 100, offers, operator, outcome, giver=giver)


def offered(commands: list[Command]) -> list[tuple[str, bool]]:
    return [(c.operator, c.given_back) for c in commands if isinstance(c, Offer)]


@pytest.mark.parametrize("outcome", [Outcome.MISSED, Outcome.REFUSED, Outcome.FAILED])
def test_caller_whom_the_named_operator_does_not_take_goes_back_to_who_transferred(outcome: Outcome) -> None:
    made = router()
    assert offered(made.handle(transferred(), 1_000)) == [(NAMED, False)]
    assert offered(made.handle(back(outcome), 20_000)) == [(GIVER, True)]
    assert made.waiting() == []


def test_named_operator_who_is_gone_gives_the_caller_back_at_once() -> None:
    for gone in (Reachability(NAMED, False), DutyChanged(NAMED, False, "logged-out")):
        made = router()
        made.handle(gone, 500)
        assert offered(made.handle(transferred(), 1_000)) == [(GIVER, True)]


def test_wrap_up_does_not_keep_a_caller_from_who_transferred_them() -> None:
    made = router(wrap_up_s=60)
    made.operators[GIVER].wrap_up_ends_ms = 60_000
    made.handle(transferred(), 1_000)
    assert offered(made.handle(back(Outcome.REFUSED), 3_000)) == [(GIVER, True)]


@pytest.mark.parametrize(
    "busy", [LegUp(GIVER, "PJSIP/op101-1"), DutyChanged(GIVER, False, "break"), Reachability(GIVER, False)]
)
def test_group_follows_when_who_transferred_is_not_free(busy: LegUp | DutyChanged | Reachability) -> None:
    made = router()
    made.handle(transferred(), 1_000)
    made.handle(busy, 2_000)
    assert offered(made.handle(back(Outcome.REFUSED), 3_000)) == [(COLLEAGUE, False)]


def test_caller_who_waits_for_the_group_is_not_given_back_later() -> None:
    made = router()
    for operator in (NAMED, COLLEAGUE):
        made.handle(DutyChanged(operator, False, "break"), 500)
    assert offered(made.handle(transferred(), 1_000)) == []
    assert offered(made.handle(CallWaiting(CallId("a"), "ch", ICT, "kk", 100, offers=1, giver=GIVER), 9_000)) == []
    assert offered(made.handle(DutyChanged(COLLEAGUE, True), 10_000)) == [(COLLEAGUE, False)]


def test_who_was_wanted_and_comes_free_later_takes_whoever_waits_longest() -> None:
    """By name a caller goes to somebody at that moment only."""
    made = router()
    for operator in (NAMED, COLLEAGUE, GIVER):
        made.handle(DutyChanged(operator, False, "break"), 500)
    made.handle(CallWaiting(CallId("older"), "PJSIP/carrier-o", ICT, "kk", 50), 900)
    assert offered(made.handle(transferred(), 1_000)) == []
    commands = made.handle(DutyChanged(NAMED, True), 10_000)
    assert [(one.call, one.operator) for one in commands if isinstance(one, Offer)] == [("older", NAMED)]


def test_who_does_not_take_the_caller_back_either_leaves_them_to_the_group() -> None:
    made = router(ring_s=10)
    made.handle(transferred(), 1_000)
    made.handle(back(Outcome.REFUSED), 2_000)
    made.handle(OperatorRung(GIVER, CallId("a")), 7_000)  # after the notice
    again = made.handle(back(Outcome.MISSED, offers=3, operator=GIVER, giver=None), 17_000)
    assert offered(again) == [(COLLEAGUE, False)]
    assert made.operators[GIVER].reason == "missed-call"


def test_who_transferred_is_kept_free_while_the_caller_is_told() -> None:
    made = router()
    made.handle(transferred(), 1_000)
    made.handle(back(Outcome.REFUSED), 2_000)
    other = CallWaiting(CallId("b"), "ch-b", STATE, "kk", 50)
    assert offered(made.handle(other, 3_000)) == []
    assert offered(made.handle(LegGone(GIVER, "PJSIP/op101-9"), 3_100)) == []
