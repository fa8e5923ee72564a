"""What Asterisk's news mean: of attended transfers, of hang-ups, of registrations."""

from __future__ import annotations

import pytest

from calls.events import CallGone, LegGone, Reachability, TalkJoined, TalkLeft
from calls.ids import CallId, OperatorId
from dispatch.ami_events import events_of, left_unnamed, lost_contact, taken_over

CALLER = {"Channel": "PJSIP/carrier-00000001", "Uniqueid": "hl1-1.1"}
COLLEAGUE = {"Channel": "PJSIP/op103-00000004", "Uniqueid": "hl1-1.4"}


def attended(**ends: dict[str, str]) -> dict[str, str]:
    fields = {"DestType": "Bridge", "SecondTransfererUniqueid": "hl1-1.3"}
    return fields | {f"{end}{name}": value for end, named in ends.items() for name, value in named.items()}


@pytest.mark.parametrize(
    ("transferee", "target"), [(CALLER, COLLEAGUE), (COLLEAGUE, CALLER)], ids=["refer-on-talk", "refer-on-consultation"]
)
def test_caller_and_colleague_are_told_apart(transferee: dict[str, str], target: dict[str, str]) -> None:
    joined = TalkJoined(CallId("hl1-1.1"), OperatorId("103"))
    assert events_of("AttendedTransfer", attended(Transferee=transferee, TransferTarget=target)) == [joined]


def test_caller_in_the_place_of_an_unanswered_consultation() -> None:
    fields = attended(Transferee=CALLER) | {"DestType": "App"}
    left = TalkLeft(CallId("hl1-1.1"), CALLER["Channel"], CallId("hl1-1.3"))
    assert events_of("AttendedTransfer", fields) == [left]


def test_two_operators_joined_are_no_callers_matter() -> None:
    other = {"Channel": "PJSIP/op101-00000002", "Uniqueid": "hl1-1.2"}
    assert events_of("AttendedTransfer", attended(Transferee=other, TransferTarget=COLLEAGUE)) == []
    assert events_of("AttendedTransfer", {}) == []


def test_a_dialog_that_is_not_the_operators_own_is_told() -> None:
    mine = {"OrigTransfererChannel": "PJSIP/op101-00000001", "SecondTransfererChannel": "PJSIP/op101-00000002"}
    assert taken_over(mine) is None
    for other in ("PJSIP/op102-00000002", "PJSIP/carrier-00000002"):
        assert taken_over(mine | {"SecondTransfererChannel": other}) == f"PJSIP/op101-00000001 with {other}"
    assert taken_over({}) is None


def test_operator_who_hangs_up_on_a_question_is_idle_only_after_the_question_is_gone() -> None:
    fields = {"Channel": "PJSIP/op101-00000002", "Uniqueid": "hl1-1.2", "Linkedid": "hl1-1.2"}
    gone = [CallGone(CallId("hl1-1.2")), LegGone(OperatorId("101"), "PJSIP/op101-00000002")]
    assert events_of("Hangup", fields) == gone


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("Reachable", [Reachability(OperatorId("101"), True)]),
        ("Unreachable", [Reachability(OperatorId("101"), False)]),
        ("Removed", []),
        ("NonQualified", []),
    ],
)
def test_phone_that_answers_or_not_is_known_in_a_talk_too(said: str, means: list[Reachability]) -> None:
    assert events_of("ContactStatus", {"AOR": "op101", "ContactStatus": said}) == means
    assert events_of("ContactStatus", {"AOR": "carrier", "ContactStatus": said}) == []


def test_registration_that_is_gone_may_have_been_replaced() -> None:
    removed = {"AOR": "op101", "ContactStatus": "Removed"}
    assert lost_contact("ContactStatus", removed) == "101"
    assert lost_contact("ContactStatus", removed | {"ContactStatus": "Created"}) is None
    assert lost_contact("ContactStatus", removed | {"AOR": "carrier"}) is None
    assert lost_contact("Hangup", removed) is None


def test_of_three_one_operator_stays_with_the_caller() -> None:
    fields = {"UserEvent": "BailanysStays", "Call": "hl1-1.1", "Operator": "103"}
    assert events_of("UserEvent", fields) == [TalkJoined(CallId("hl1-1.1"), OperatorId("103"))]


@pytest.mark.parametrize("rank", ["0", "", "-5", "00012", "17953807793060", "१७६४", "1e9"])
def test_who_comes_with_a_rank_that_is_no_instant_has_not_arrived(rank: str) -> None:
    said = {"UserEvent": "BailanysWaiting", "Channel": "PJSIP/op103-00000004", "Call": "hl1-1.1", "Group": "portal"}
    assert events_of("UserEvent", said | {"Rank": rank}) == []


@pytest.mark.parametrize(
    ("transferee", "kind", "told"),
    [
        ("", "App", True),
        ("N/A", "App", True),
        ("PJSIP/op103-00000004", "App", True),
        ("PJSIP/carrier-00000001", "App", False),
        ("", "Bridge", False),
    ],
)
def test_a_join_that_does_not_say_whom_it_put_elsewhere_is_looked_after(transferee: str, kind: str, told: bool) -> None:
    assert left_unnamed("AttendedTransfer", {"DestType": kind, "TransfereeChannel": transferee}) is told
