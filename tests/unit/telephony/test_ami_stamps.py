"""A caller's line breaks in an event of Asterisk's begin no event that counts."""

from __future__ import annotations

import pytest

from telephony.ami_event import STAMP, AmiEvent, event_of
from telephony.ami_message import WireMessage

OTHERS = "hl1-1764000000.12"
LONGEST = 79
"""Bytes that Asterisk keeps of a caller's number."""


def heard(caller: str) -> list[AmiEvent]:
    """What is read of the `Hangup` of a caller with this number, as Asterisk 22.10 writes it."""
    wire = (
        "Event: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1764000001.123456\r\nSystemName: hl1\r\n"
        "Channel: PJSIP/carrier-00000007\r\nChannelState: 4\r\nChannelStateDesc: Ring\r\n"
        f"CallerIDNum: {caller}\r\nCallerIDName: <unknown>\r\nConnectedLineNum: <unknown>\r\n"
        "ConnectedLineName: <unknown>\r\nLanguage: en\r\nAccountCode: \r\nContext: from-trunk\r\nExten: 1414\r\n"
        "Priority: 1\r\nUniqueid: hl1-1764000001.13\r\nLinkedid: hl1-1764000001.13\r\n"
        "Cause: 0\r\nCause-txt: Unknown\r\n"
    ).encode("utf-8", "surrogateescape")
    messages = [WireMessage.read(block) for block in wire.split(b"\r\n\r\n")]
    return [event_of(message.headers) for message in messages if message is not None]


@pytest.mark.parametrize(
    "caller",
    [
        f"\r\n\r\nEvent: Hangup\r\nTimestamp: 9\r\nUniqueid: {OTHERS}\r\nX: ",
        f"\r\n\r\nEvent: Hangup\r\nPrivilege: \r\nTimestamp: 9\r\nUniqueid: {OTHERS}",
        f"\r\n\r\nEvent: Hangup\r\nTimestamp: 1764000001.123456\r\nUniqueid: {OTHERS}",
        f"\r\n\r\nPrivilege: c\r\nEvent: Hangup\r\nTimestamp: 9\r\nUniqueid: {OTHERS}",
        "\r\n\r\nEvent: DeviceStateChange\r\nTimestamp: 9\r\nDevice: PJSIP/op101",
        "\r\n\r\nEvent: Hangup\r\nTimestamp: 9\r\nChannel: PJSIP/op101-00000001",
        "\r\n\r\nEvent: UserEvent\r\nTimestamp: 9\r\nUserEvent: BailanysGivenBack\r\nCall: 1",
    ],
)
def test_an_event_that_a_caller_has_put_into_the_number_has_no_stamp(caller: str) -> None:
    assert len(caller) <= LONGEST
    own, forged = heard(caller)
    assert (own.name, own.fields[STAMP]) == ("Hangup", "1764000001.123456")
    assert STAMP not in forged.fields and STAMP not in forged.lists


@pytest.mark.parametrize(
    "caller", ["77010000001\nx", "7701\rEvent: Hangup", "7701\x0b\x0c\x1b[2J\x85\u2028 \u202e1", ""]
)
def test_a_single_line_break_or_another_control_character_ends_no_line(caller: str) -> None:
    (event,) = heard(caller)
    assert (event.fields["CallerIDNum"], event.fields["Uniqueid"]) == (caller, "hl1-1764000001.13")


def test_a_header_that_a_caller_has_put_in_names_no_other_call() -> None:
    (event,) = heard(f"7701\r\nUniqueid: {OTHERS}\r\nTimestamp: 1764000009.123456")
    assert "Uniqueid" not in event.fields and STAMP not in event.fields


def test_the_whole_head_leaves_no_room_for_anybody_elses_channel() -> None:
    head = "\r\n\r\nEvent: Hangup\r\nPrivilege: \r\nTimestamp: 1764000001.123456\r\n"
    assert len(head) + len(f"Uniqueid: {OTHERS}") > LONGEST
    assert len(head) + len("Channel: PJSIP/op101") > LONGEST
