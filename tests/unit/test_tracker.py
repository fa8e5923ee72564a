"""What Asterisk's news of an attended transfer means."""

from __future__ import annotations

import pytest

from calls.events import TalkJoined, TalkLeft
from calls.ids import CallId, OperatorId
from calls.tracker import events_of

CALLER = {"Channel": "PJSIP/carrier-00000001", "Uniqueid": "hl1-1.1"}
COLLEAGUE = {"Channel": "PJSIP/op103-00000004", "Uniqueid": "hl1-1.4"}


def attended(**ends: dict[str, str]) -> dict[str, str]:
    fields = {"DestType": "Bridge", "SecondTransfererUniqueid": "hl1-1.3"}
    return fields | {f"{end}{name}": value for end, named in ends.items() for name, value in named.items()}


@pytest.mark.parametrize(
    ("transferee", "target"), [(CALLER, COLLEAGUE), (COLLEAGUE, CALLER)], ids=["refer-on-talk", "refer-on-consultation"]
)
def test_caller_and_colleague_are_told_apart(transferee: dict[str, str], target: dict[str, str]) -> None:
    joined = TalkJoined(CallId("hl1-1.1"), CALLER["Channel"], OperatorId("103"), COLLEAGUE["Channel"])
    assert events_of("AttendedTransfer", attended(Transferee=transferee, TransferTarget=target)) == [joined]


def test_caller_in_the_place_of_an_unanswered_consultation() -> None:
    fields = attended(Transferee=CALLER) | {"DestType": "App"}
    left = TalkLeft(CallId("hl1-1.1"), CALLER["Channel"], CallId("hl1-1.3"))
    assert events_of("AttendedTransfer", fields) == [left]


def test_two_operators_joined_are_no_callers_matter() -> None:
    other = {"Channel": "PJSIP/op101-00000002", "Uniqueid": "hl1-1.2"}
    assert events_of("AttendedTransfer", attended(Transferee=other, TransferTarget=COLLEAGUE)) == []
    assert events_of("AttendedTransfer", {}) == []
