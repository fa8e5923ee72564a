"""Operators who are lent to a group in danger: whom they serve, in what order, and until when."""

from __future__ import annotations

from calls.events import CallWaiting, DutyChanged, LegGone, LegUp, OperatorAnswered, Reachability
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Offer
from routing.core import Router, Rules
from routing.loans import Width
from routing.presence import Operator
from routing.skills import Need, Reach, Skills, Step, reach

STATE, PORTAL = GroupId("state-services"), GroupId("portal")
LATER = (Step(0, level=1, any_language=False), Step(60, level=3))
KK, RU = Need(STATE, "kk"), Need(STATE, "ru")
A, B, C = (CallId(name) for name in "abc")
OWN, HELPER = OperatorId("101"), OperatorId("102")


def skills(level: int | None, width: Width | None, language: str = "kk") -> Skills:
    known = () if level is None else ((STATE, level),)
    return Skills(known, frozenset({language}), () if width is None else ((STATE, width),))


def test_widths_bring_forward_what_the_last_step_allows_and_no_more() -> None:
    assert reach(skills(3, None), KK, LATER) == Reach(60_000, 3, True)
    assert reach(skills(3, Width.LEVELS), KK, LATER) == Reach(0, 3, True, lent=True)
    assert reach(skills(4, Width.HELPERS), KK, LATER) is None
    assert reach(skills(1, Width.LEVELS, "ru"), KK, LATER) == Reach(60_000, 1, False, lent=True)
    assert reach(skills(1, Width.LANGUAGES, "ru"), KK, LATER) == Reach(0, 1, False, lent=True)
    assert reach(skills(1, Width.HELPERS, "ru"), KK, LATER[:1]) is None
    assert reach(skills(None, Width.LANGUAGES), KK, LATER) is None
    assert reach(skills(None, Width.HELPERS), KK, LATER) == Reach(0, 5, True, lent=True)
    assert reach(skills(None, Width.HELPERS, "kk"), RU, LATER) == Reach(0, 5, False, lent=True)


def router(policy: str = "longest_wait") -> Router:
    made = Router(
        [
            Operator(OWN, frozenset({STATE}), frozenset({"kk"})),
            Operator(HELPER, frozenset({PORTAL}), frozenset({"kk"})),
        ],
        Rules(wrap_up_s=0, policy=policy),
    )
    for operator in (HELPER, OWN):
        made.handle(Reachability(operator, True), 0)
        made.handle(DutyChanged(operator, True), 0)
    return made


def waits(call: CallId, rank_ms: int, group: GroupId = STATE) -> CallWaiting:
    return CallWaiting(call, call, group, "kk", rank_ms)


def offers(commands: list[Command]) -> list[tuple[str, str]]:
    return [(c.call, c.operator) for c in commands if isinstance(c, Offer)]


def talk(made: Router, operator: OperatorId, call: CallId, now_ms: int) -> None:
    made.handle(LegUp(operator, f"leg-{call}"), now_ms)
    made.handle(OperatorAnswered(operator, call), now_ms)


def hang_up(made: Router, operator: OperatorId, call: CallId, now_ms: int) -> list[Command]:
    return made.handle(LegGone(operator, f"leg-{call}"), now_ms)


LENT = {HELPER: {STATE: Width.HELPERS}}


def test_helper_takes_who_waits_at_once_and_own_operators_come_first() -> None:
    made = router()
    made.widen(LENT, 0)
    assert offers(made.handle(waits(A, 0), 10)) == [(A, OWN)], "though the helper is idle for as long"
    talk(made, OWN, A, 10)
    assert offers(made.handle(waits(B, 20), 20)) == [(B, HELPER)]


def test_lending_while_calls_wait_offers_them_at_once() -> None:
    made = router()
    made.handle(waits(A, 0), 10)
    talk(made, OWN, A, 10)
    made.handle(waits(B, 20), 20)
    assert offers(made.widen(LENT, 5_000)) == [(B, HELPER)]


def test_helper_serves_their_own_callers_before_others() -> None:
    made = router()
    made.widen(LENT, 0)
    for call, operator in ((A, OWN), (B, HELPER)):
        made.handle(waits(call, 0), 10)
        talk(made, operator, call, 10)
    made.handle(waits(C, 100), 100)
    own = CallId("own")
    made.handle(waits(own, 90_000, PORTAL), 90_000)
    assert offers(hang_up(made, HELPER, B, 91_000)) == [(own, HELPER)], "though the other waits for longer"


def test_recalled_helper_ends_the_talk_and_takes_no_more() -> None:
    made = router()
    made.widen(LENT, 0)
    for call, operator in ((A, OWN), (B, HELPER)):
        made.handle(waits(call, 0), 10)
        talk(made, operator, call, 10)
    made.handle(waits(C, 100), 100)
    assert made.widen({}, 1_000) == []
    assert made.operators[HELPER].call == B
    assert offers(hang_up(made, HELPER, B, 2_000)) == []
    assert offers(hang_up(made, OWN, A, 3_000)) == [(C, OWN)]


def test_loans_outlive_a_rebuild() -> None:
    older, made = router(), router()
    older.widen(LENT, 0)
    made.adopt(older)
    made.handle(waits(A, 0), 10)
    talk(made, OWN, A, 10)
    assert offers(made.handle(waits(B, 20), 20)) == [(B, HELPER)]


def test_the_same_loan_again_changes_nothing() -> None:
    made = router()
    made.widen(LENT, 0)
    assert made.widen(LENT, 10) == []
    assert made.widen({OperatorId("999"): {STATE: Width.HELPERS}}, 20) == []
    assert made.operators[HELPER].helps == {}
