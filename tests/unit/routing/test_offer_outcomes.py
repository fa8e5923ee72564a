"""What an offer that ended without a talk costs the operator, and how long one is believed."""

from __future__ import annotations

import pytest

from calls.events import Outcome
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Alarm, KeepDuty
from routing.offer_outcomes import offer_ended
from routing.presence import Operator
from routing.reservations import Reservations
from routing.rules import Rules

RULES = Rules(ring_s=15, refusal_rest_s=10, missed_before_pause=2, backoff_first_s=5, backoff_last_s=300)
NOW_MS = 100_000
CALL, OTHER = CallId("a"), CallId("b")


def operator(number: str = "101", **known: object) -> Operator:
    told = {"ready": True, "reason": "", "reachable": True, "offered_ms": NOW_MS - 15_000} | known
    return Operator(OperatorId(number), frozenset({GroupId("ict")}), frozenset({"kk"}), **told)  # type: ignore[arg-type]


def test_who_misses_rests_and_who_misses_again_is_paused_and_forgiven() -> None:
    one = operator()
    assert offer_ended(one, Outcome.MISSED, NOW_MS, RULES) == []
    assert (one.ready, one.missed, one.rest_ends_ms, one.rest_reason) == (True, 1, NOW_MS + 10_000, "missed")
    assert offer_ended(one, Outcome.MISSED, NOW_MS, RULES) == [KeepDuty(one.id, ready=False, reason="missed-call")]
    assert (one.ready, one.reason, one.missed) == (False, "missed-call", 0)


@pytest.mark.parametrize(("rang_ms", "reason"), [(13_499, "refused"), (13_500, "missed")])
def test_no_answer_before_its_time_is_a_phone_that_says_no(rang_ms: int, reason: str) -> None:
    one = operator(offered_ms=NOW_MS - rang_ms)
    assert offer_ended(one, Outcome.MISSED, NOW_MS, RULES) == []
    assert (one.rest_reason, one.missed) == (reason, int(reason == "missed"))


def test_who_refuses_rests_and_is_not_counted_as_having_missed() -> None:
    one = operator()
    assert offer_ended(one, Outcome.REFUSED, NOW_MS, RULES) == []
    assert (one.rest_ends_ms, one.rest_reason, one.missed, one.failures) == (NOW_MS + 10_000, "refused", 0, 0)


def test_a_phone_that_fails_is_put_away_twice_as_long_each_time_up_to_a_limit_with_an_alarm() -> None:
    one, rests = operator(), []
    for _ in range(8):
        (alarm,) = offer_ended(one, Outcome.FAILED, NOW_MS, RULES)
        assert one.rest_ends_ms is not None and isinstance(alarm, Alarm)
        rests.append((one.rest_ends_ms - NOW_MS) / 1000)
        assert (alarm.kind, alarm.detail) == ("phone-failed", f"operator 101: put away for {rests[-1]:g} s")
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300]
    assert (one.failures, one.rest_reason) == (8, "phone failed")


def test_who_was_cancelled_goes_on() -> None:
    one = operator()
    assert offer_ended(one, Outcome.CANCELLED, NOW_MS, RULES) == []
    assert (one.rest_ends_ms, one.missed, one.failures) == (None, 0, 0)


def test_an_offer_is_believed_for_its_ringing_and_five_seconds_more() -> None:
    one, touched = operator(), dict[OperatorId, None]()
    held = Reservations({one.id: one}, RULES, touched)
    held.reserve(one, CALL, NOW_MS, ours=False)
    assert (one.call, one.ours, one.offered_ms, one.lease_ends_ms) == (CALL, False, NOW_MS, NOW_MS + 20_000)
    assert held.holder(CALL) is one and held.holder(OTHER) is None
    held.reserve(one, OTHER, NOW_MS + 1, ours=True)
    assert (held.holder(CALL), held.holder(OTHER), one.ours) == (None, one, True)
    held.clear(one, NOW_MS + 5)
    assert (one.call, held.holder(OTHER), one.lease_ends_ms, one.idle_since_ms) == (None, None, None, NOW_MS + 5)
    assert touched == {one.id: None}
    held.clear(one, NOW_MS + 6)
    assert one.idle_since_ms == NOW_MS + 6


def test_who_answers_is_forgiven_what_the_phone_missed_and_failed() -> None:
    one = operator(missed=1, failures=2, rest_ends_ms=NOW_MS + 9)
    held = Reservations({one.id: one}, RULES, {})
    held.reserve(one, CALL, NOW_MS, ours=True)
    held.talk(one, CALL, GroupId("ict"))
    assert (one.talking, one.missed, one.failures) == (True, 0, 0)
    assert (one.lease_ends_ms, one.rest_ends_ms) == (None, None)


def test_after_a_talk_comes_the_wrap_up_and_without_one_none() -> None:
    for wrap_up_s, ends_ms in ((7.5, NOW_MS + 7_500), (0, None)):
        one = operator()
        held = Reservations({one.id: one}, Rules(wrap_up_s=wrap_up_s), {})
        held.talk(one, CALL, GroupId("ict"))
        held.free(one, NOW_MS)
        assert (one.call, one.talking, one.wrap_up_ends_ms, held.holder(CALL)) == (None, False, ends_ms, None)
