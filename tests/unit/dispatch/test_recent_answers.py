"""What stands in for the ledger while it is away: the answers that the dispatcher has seen itself."""

from __future__ import annotations

from calls.events import CallWaiting, DutyChanged, Event, LegGone, OperatorAnswered, Reachability
from calls.ids import CallId, GroupId, OperatorId
from calls.wait_history import SoFar, Waited
from dispatch.recent_answers import RecentAnswers
from routing.core import Router, Rules
from routing.presence import Operator

PORTAL, OPERATOR = GroupId("portal"), OperatorId("101")


class Seen:
    def __init__(self) -> None:
        self.answers = RecentAnswers()
        self.router = Router([Operator(OPERATOR, frozenset({PORTAL}), frozenset({"kk"}))], Rules())
        for event in (Reachability(OPERATOR, True), DutyChanged(OPERATOR, True)):
            self.take(event, 0)

    def take(self, event: Event, now_ms: int) -> None:
        self.answers.before(event, self.router, now_ms, now_ms)
        self.router.handle(event, now_ms)

    def answer(self, call: str, rank_ms: int, now_ms: int, channel: str = "PJSIP/carrier-1") -> None:
        self.take(CallWaiting(CallId(call), channel, PORTAL, "kk", rank_ms), rank_ms)
        self.take(OperatorAnswered(OPERATOR, CallId(call)), now_ms)


def test_answers_since_the_ledger_told_come_on_top() -> None:
    seen = Seen()
    seen.answer("a", 1_000, 9_000)
    seen.answer("b", 5_000, 11_000)
    seen.take(OperatorAnswered(OPERATOR, CallId("b")), 12_000)
    told = SoFar(10_000, {PORTAL: Waited(4, 100.0, 40.0, 1)}, {PORTAL: 6})
    assert seen.answers.on_top_of(told, 0) == SoFar(10_000, {PORTAL: Waited(5, 106.0, 40.0, 1)}, {PORTAL: 6})
    seen.answers.forget(10_000)
    assert seen.answers.on_top_of(SoFar(0, {}, {}), 0).waited == {PORTAL: Waited(1, 6.0)}


def test_a_transferred_caller_who_is_answered_again_counts_once() -> None:
    seen = Seen()
    seen.answer("a", 1_000, 9_000)
    seen.take(LegGone(OPERATOR, "PJSIP/op101-1"), 20_000)
    seen.answer("a", 21_000, 29_000)
    assert seen.answers.on_top_of(SoFar(0, {}, {}), 0).waited == {PORTAL: Waited(1, 8.0)}
    seen.answers.forget(9_001)
    seen.answer("a", 31_000, 39_000)
    assert seen.answers.on_top_of(SoFar(0, {}, {}), 0).waited == {PORTAL: Waited(1, 8.0)}


def test_a_new_day_begins_with_its_own_answers() -> None:
    seen = Seen()
    seen.answer("a", 1_000, 9_000)
    seen.answer("b", 15_000, 21_000)
    told = SoFar(8_000, {PORTAL: Waited(4, 100.0)}, {})
    assert seen.answers.on_top_of(told, 20_000).waited == {PORTAL: Waited(1, 6.0)}


def test_to_the_millisecond_the_ledger_and_the_day_have_what_is_theirs() -> None:
    seen = Seen()
    seen.answer("a", 1_000, 9_000)
    told = SoFar(9_000, {PORTAL: Waited(4, 100.0)}, {})
    assert seen.answers.on_top_of(told, 9_000).waited == {PORTAL: Waited(5, 108.0)}
    seen.answers.forget(9_000)
    assert seen.answers.on_top_of(told, 9_000).waited == {PORTAL: Waited(5, 108.0)}, "told of what was before"
    assert seen.answers.on_top_of(told, 9_001).waited == {}


def test_who_is_answered_before_their_time_waited_none_and_who_is_unknown_is_none() -> None:
    seen = Seen()
    seen.take(CallWaiting(CallId("a"), "PJSIP/carrier-1", PORTAL, "kk", 9_000), 9_000)
    seen.take(OperatorAnswered(OPERATOR, CallId("a")), 8_000)  # the clock was set back
    seen.take(OperatorAnswered(OPERATOR, CallId("b")), 9_000)
    assert seen.answers.on_top_of(SoFar(0, {}, {}), 0).waited == {PORTAL: Waited(1, 0.0)}


def test_callbacks_are_no_answers_of_callers_who_waited() -> None:
    seen = Seen()
    seen.answer("a", 1_000, 9_000, channel="")
    seen.answer("b", 1_000, 19_000, channel="Local/s@callback-leg-1;1")
    assert seen.answers.on_top_of(SoFar(0, {}, {}), 0).waited == {}
