"""What Asterisk's news mean: of attended transfers, of hang-ups, of registrations."""

from __future__ import annotations

import pytest

from calls.events import (
    CallGone,
    CallWaiting,
    DutyChanged,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    TalkJoined,
    TalkLeft,
    WrapUpSet,
)
from calls.ids import CallId, GroupId, OperatorId
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
    assert not left_unnamed("Hangup", {"DestType": kind, "TransfereeChannel": transferee})


WAITING = {
    "Channel": "PJSIP/carrier-00000001",
    "Call": "hl1-1.1",
    "Group": "portal",
    "Speaks": "ru",
    "Rank": "1795380779306",
}
OWN = {"Channel": "PJSIP/carrier-00000001", "Uniqueid": "hl1-1.1", "Linkedid": "hl1-1.1"}
"""A caller's channel."""
CALL, AIGUL = CallId("hl1-1.1"), OperatorId("101")


def waits(**more: str) -> CallWaiting:
    (event,) = events_of("UserEvent", {"UserEvent": "BailanysWaiting", **WAITING, **more})
    assert isinstance(event, CallWaiting)
    return event


def test_a_caller_waits_with_all_that_the_channel_says() -> None:
    assert waits() == CallWaiting(CALL, "PJSIP/carrier-00000001", GroupId("portal"), "ru", 1795380779306)
    again = waits(Offers="2", Operator="101", Outcome="NOANSWER", Wanted="102", Giver="103", Added="-60")
    assert (again.offers, again.returned_from, again.outcome) == (2, AIGUL, Outcome.MISSED)
    assert (again.wanted, again.giver, again.priority_s) == ("102", "103", -60)
    empty = waits(Offers="", Operator="", Outcome="", Wanted="", Giver="", Added="")
    assert empty == waits(), "what is empty was not said"
    assert (waits(Offers="x").offers, waits(Added="123456").priority_s) == (0, 0)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("NOANSWER", Outcome.MISSED),
        ("BUSY", Outcome.REFUSED),
        ("ANSWER", Outcome.REFUSED),
        ("CHANUNAVAIL", Outcome.FAILED),
        ("CONGESTION", Outcome.FAILED),
        ("CANCEL", Outcome.CANCELLED),
        ("", Outcome.CANCELLED),
    ],
)
def test_how_an_offer_ended_is_known_by_the_dials_status(said: str, outcome: Outcome) -> None:
    assert waits(Operator="101", Outcome=said).outcome is outcome
    assert waits(Outcome=said).outcome is None, "nobody was offered"


@pytest.mark.parametrize("missing", ["Call", "Group"])
def test_a_caller_without_a_call_or_a_group_is_none(missing: str) -> None:
    assert events_of("UserEvent", {"UserEvent": "BailanysWaiting", **WAITING, missing: ""}) == []


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"UserEvent": "BailanysStays", "Call": "hl1-1.1"}, []),
        ({"UserEvent": "BailanysStays", "Operator": "101"}, []),
        (
            {"UserEvent": "BailanysGivenBack", "Call": "hl1-1.1", "Operator": "101"},
            [OperatorRung(AIGUL, CALL, by_net=False)],
        ),
        ({"UserEvent": "BailanysGivenBack", "Call": "hl1-1.1"}, []),
        ({"UserEvent": "BailanysGivenBack", "Operator": "101"}, []),
        (
            {"UserEvent": "BailanysPresence", "Operator": "101", "State": "ready", "Reason": "x"},
            [DutyChanged(AIGUL, True)],
        ),
        (
            {"UserEvent": "BailanysPresence", "Operator": "101", "State": "paused", "Reason": "%D0%BE%20x"},
            [DutyChanged(AIGUL, False, "о x")],
        ),
        ({"UserEvent": "BailanysPresence", "State": "ready"}, []),
        ({"UserEvent": "BailanysWrapUp", "Operator": "101", "From": "5", "Ends": "9"}, [WrapUpSet(AIGUL, 5, 9)]),
        ({"UserEvent": "BailanysWrapUp", "Operator": "101", "From": "5"}, []),
        ({"UserEvent": "BailanysWrapUp", "From": "5", "Ends": "9"}, []),
        ({"UserEvent": "SomebodyElses", "Call": "hl1-1.1", "Operator": "101"}, []),
    ],
)
def test_what_the_dialplan_says_counts_when_it_is_whole(said: dict[str, str], means: list[Event]) -> None:
    assert events_of("UserEvent", said) == means


LEG = {"DestChannel": "PJSIP/op101-00000002", "DestLinkedid": "hl1-1.1"}


@pytest.mark.parametrize(
    ("name", "said", "means"),
    [
        ("DialBegin", LEG, [OperatorRung(AIGUL, CALL)]),
        ("DialEnd", LEG | {"DialStatus": "ANSWER"}, [OperatorAnswered(AIGUL, CALL)]),
        ("DialEnd", LEG | {"DialStatus": "NOANSWER"}, []),
        ("DialBegin", LEG | {"DestChannel": "Local/s@silence-watch-00000000;1"}, []),
        ("DialBegin", LEG | {"DestLinkedid": ""}, []),
        ("Newchannel", {"Channel": "PJSIP/op101-00000002"}, [LegUp(AIGUL, "PJSIP/op101-00000002")]),
        ("Newchannel", {"Channel": "PJSIP/carrier-00000002"}, []),
        ("DeviceStateChange", {"Device": "PJSIP/op101", "State": "NOT_INUSE"}, [Reachability(AIGUL, True)]),
        ("DeviceStateChange", {"Device": "PJSIP/op101", "State": "UNAVAILABLE"}, [Reachability(AIGUL, False)]),
        ("DeviceStateChange", {"Device": "Queue:portal_avail", "State": "INUSE"}, []),
        (
            "Hangup",
            {"Channel": "PJSIP/carrier-00000001", "Uniqueid": "hl1-1.1", "Linkedid": "hl1-1.1"},
            [CallGone(CALL)],
        ),
        ("Hangup", OWN | {"Uniqueid": "", "Linkedid": ""}, []),
        (
            "Hangup",
            {"Channel": "PJSIP/op101-00000002", "Uniqueid": "hl1-1.2", "Linkedid": "hl1-1.1"},
            [LegGone(AIGUL, "PJSIP/op101-00000002")],
        ),
        ("Newexten", LEG, []),
    ],
)
def test_what_asterisk_says_of_channels_and_phones(name: str, said: dict[str, str], means: list[Event]) -> None:
    assert events_of(name, said) == means


@pytest.mark.parametrize("missing", ["TransfereeChannel", "TransfereeUniqueid"])
def test_a_join_that_names_the_caller_by_half_joins_nobody(missing: str) -> None:
    joined = attended(Transferee=CALLER, TransferTarget=COLLEAGUE)
    assert events_of("AttendedTransfer", joined | {missing: ""}) == []
    assert events_of("AttendedTransfer", attended(Transferee=CALLER) | {"DestType": "App", missing: ""}) == []


def test_only_a_caller_is_put_in_the_place_of_a_consultation_that_is_known() -> None:
    left = attended(Transferee=CALLER) | {"DestType": "App"}
    assert events_of("AttendedTransfer", left | {"SecondTransfererUniqueid": ""}) == []
    assert events_of("AttendedTransfer", left | {"DestType": "Bridge"}) == []
    assert events_of("AttendedTransfer", attended(Transferee=COLLEAGUE) | {"DestType": "App"}) == []


def test_only_an_operators_join_of_a_call_that_is_named_takes_one_over() -> None:
    assert (
        taken_over({"OrigTransfererChannel": "PJSIP/carrier-00000001", "SecondTransfererChannel": "PJSIP/op101-2"})
        is None
    )
    assert taken_over({"OrigTransfererChannel": "PJSIP/op101-00000001"}) is None
