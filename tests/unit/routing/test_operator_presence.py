"""An operator's presence: the state that is shown, until when, and whether an offer may come."""

from __future__ import annotations

import pytest

from calls.ids import CallId, GroupId, OperatorId
from routing.presence import LOGGED_OUT, Operator, State

ICT = GroupId("ict")
CALL = CallId("hl1-1.1")


def operator(**known: object) -> Operator:
    told = {"ready": True, "reason": "", "reachable": True} | known
    return Operator(OperatorId("101"), frozenset({ICT}), frozenset({"kk"}), **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "state", "reason", "until_ms"),
    [
        ({}, State.READY, "", None),
        ({"call": CALL, "talking": True, "reachable": False}, State.TALKING, CALL, None),
        ({"call": CALL}, State.OFFERED, CALL, None),
        ({"reachable": False, "wrap_up_ends_ms": 999}, State.UNREACHABLE, "not registered", None),
        ({"reachable": False, "away_reason": "no SRTP"}, State.UNREACHABLE, "no SRTP", None),
        ({"wrap_up_ends_ms": 101, "ready": False, "reason": "lunch"}, State.WRAP_UP, "", 101),
        ({"wrap_up_ends_ms": 100}, State.READY, "", None),
        ({"ready": False, "reason": "lunch", "rest_ends_ms": 200}, State.PAUSED, "lunch", None),
        ({"rest_ends_ms": 101, "rest_reason": "missed-call"}, State.PAUSED, "missed-call", 101),
        ({"rest_ends_ms": 101, "rest_reason": "failed", "failures": 1}, State.UNREACHABLE, "failed", 101),
        ({"rest_ends_ms": 100, "rest_reason": "failed", "failures": 1}, State.READY, "", None),
    ],
)
def test_what_is_shown(known: dict[str, object], state: State, reason: str, until_ms: int | None) -> None:
    one = operator(**known)
    assert one.state(100) == (state, reason)
    assert one.until_ms(100) == until_ms
    assert one.may_be_offered(100) == (state is State.READY)


def test_a_phone_with_any_channel_is_never_rung() -> None:
    assert not operator(legs={"PJSIP/op101-1"}).may_be_offered(100)


def test_who_wrapped_up_is_idle_from_its_end_on() -> None:
    one = operator(wrap_up_ends_ms=500, idle_since_ms=100)
    one.age(499)
    assert (one.wrap_up_ends_ms, one.idle_since_ms) == (500, 100)
    one.age(700)
    assert (one.wrap_up_ends_ms, one.idle_since_ms) == (None, 500)
    sooner = operator(wrap_up_ends_ms=500, idle_since_ms=600)
    sooner.age(500)
    assert (sooner.wrap_up_ends_ms, sooner.idle_since_ms) == (None, 600)


def test_a_rest_ends_at_its_instant() -> None:
    one = operator()
    one.rest(100, 1.5, "missed-call")
    assert (one.rest_ends_ms, one.rest_reason) == (1600, "missed-call")
    one.age(1599)
    assert one.rest_ends_ms == 1600
    one.age(1600)
    assert (one.rest_ends_ms, one.idle_since_ms) == (None, 0)


def test_ready_ends_wrap_up_and_rest_and_forgives_and_not_ready_does_not() -> None:
    known = {"wrap_up_ends_ms": 500, "rest_ends_ms": 600, "failures": 2, "missed": 3}
    one = operator(**known)
    one.say(False, "lunch")
    assert (one.ready, one.reason, one.wrap_up_ends_ms, one.rest_ends_ms) == (False, "lunch", 500, 600)
    assert (one.failures, one.missed) == (2, 3)
    one.say(True, "lunch")
    assert (one.ready, one.reason, one.wrap_up_ends_ms, one.rest_ends_ms) == (True, "", None, None)
    assert (one.failures, one.missed) == (0, 0)


@pytest.mark.parametrize(("from_ms", "taken"), [(9_000, True), (8_999, False), (12_000, True)])
def test_what_is_kept_of_an_older_talk_makes_no_wrap_up(from_ms: int, taken: bool) -> None:
    """A second, within which the news of one talk's end may differ."""
    one = operator(wrap_up_from_ms=10_000, wrap_up_ends_ms=15_000)
    one.wrap_up(from_ms, 20_000)
    assert (one.wrap_up_from_ms, one.wrap_up_ends_ms) == ((from_ms, 20_000) if taken else (10_000, 15_000))


def test_only_what_we_alone_know_is_kept_over_a_rebuild() -> None:
    known = {
        "reachable": False,
        "away_reason": "no SRTP",
        "wrap_up_from_ms": 1,
        "wrap_up_ends_ms": 2,
        "rest_ends_ms": 3,
    }
    known |= {"rest_reason": "missed-call", "failures": 4, "missed": 5, "idle_since_ms": 6}
    one = operator(ready=False, reason="lunch")
    one.adopt(operator(call=CALL, **known))
    assert {name: getattr(one, name) for name in known} == known
    assert (one.call, one.ready, one.reason) == (None, False, "lunch")


@pytest.mark.parametrize(
    ("known", "may"),
    [
        ({}, True),
        ({"wrap_up_ends_ms": 999}, True),
        ({"legs": {"PJSIP/op101-1"}}, False),
        ({"call": CALL}, False),
        ({"ready": False}, False),
        ({"reachable": False}, False),
        ({"rest_ends_ms": 101}, False),
        ({"rest_ends_ms": 100}, True),
    ],
)
def test_who_transferred_in_vain_takes_the_caller_back_if_free(known: dict[str, object], may: bool) -> None:
    assert operator(**known).may_take_back(100) == may


@pytest.mark.parametrize(
    ("known", "absent"),
    [
        ({}, False),
        ({"ready": False, "reason": "lunch"}, False),
        ({"ready": False, "reason": LOGGED_OUT}, True),
        ({"reachable": False}, True),
        ({"reachable": False, "call": CALL}, False),
    ],
)
def test_waiting_is_in_vain_for_who_went_home_or_has_no_phone(known: dict[str, object], absent: bool) -> None:
    assert operator(**known).is_absent() == absent


def test_it_is_known_when_a_state_changes_by_itself() -> None:
    assert operator().wakes_ms() == []
    assert operator(lease_ends_ms=3, wrap_up_ends_ms=1, rest_ends_ms=2).wakes_ms() == [3, 1, 2]
