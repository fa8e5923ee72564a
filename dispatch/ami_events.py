"""Asterisk's manager events as call events: a pure translation, so that recorded streams replay in tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

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
from dialplan import names

_LEG = re.compile(r"PJSIP/op(?P<number>[0-9]{2,6})-[0-9a-f]+")
_DEVICE = re.compile(r"PJSIP/op(?P<number>[0-9]{2,6})")
_ACCOUNT = re.compile(r"op(?P<number>[0-9]{2,6})")
_PRIORITY = re.compile(r"-?[0-9]{1,5}")
_INSTANT = re.compile(r"[1-9][0-9]{0,12}")
_OUTCOMES = {
    "NOANSWER": Outcome.MISSED,
    "BUSY": Outcome.REFUSED,
    "ANSWER": Outcome.REFUSED,  # picked up, and hung up before the caller was there
    "CHANUNAVAIL": Outcome.FAILED,
    "CONGESTION": Outcome.FAILED,
}


def operator_of(channel: str) -> OperatorId | None:
    """The operator whose phone this channel is, or None."""
    match = _LEG.fullmatch(channel)
    return OperatorId(match["number"]) if match else None


def events_of(name: str, fields: Mapping[str, str]) -> list[Event]:
    """The call events that one manager event means; none for what does not concern us or cannot be read."""
    match name:
        case "UserEvent":
            return _said_by_dialplan(fields)
        case "Newchannel":
            operator = operator_of(fields.get("Channel", ""))
            return [LegUp(operator, fields["Channel"])] if operator else []
        case "DialBegin" | "DialEnd":
            return _dial(name, fields)
        case "AttendedTransfer":
            return _joined(fields)
        case "Hangup":
            return _hangup(fields)
        case "DeviceStateChange":
            match = _DEVICE.fullmatch(fields.get("Device", ""))
            if match is None:
                return []
            return [Reachability(OperatorId(match["number"]), is_reachable(fields.get("State", "")))]
        case "ContactStatus":
            return _contact(fields)
        case _:
            return []


def lost_contact(name: str, fields: Mapping[str, str]) -> OperatorId | None:
    """The operator one of whose registrations is no more; the phone may have another, registered anew."""
    match = _ACCOUNT.fullmatch(fields.get("AOR", ""))
    removed = name == "ContactStatus" and fields.get("ContactStatus") == "Removed"
    return OperatorId(match["number"]) if match and removed else None


def left_unnamed(name: str, fields: Mapping[str, str]) -> bool:
    """Whether a phone put somebody into another call's place, and this does not say which caller, if one it was.

    Seen (22.10) when the join falls into the very moment in which that call is answered.
    """
    channel = fields.get("TransfereeChannel", "")
    unnamed = not channel or channel == "N/A" or operator_of(channel) is not None
    return name == "AttendedTransfer" and fields.get("DestType") == "App" and unnamed


def doubtful(name: str, fields: Mapping[str, str]) -> OperatorId | None:
    """The operator whose phone does not answer, or has registered anew: a talk it has may be none any more."""
    match = _ACCOUNT.fullmatch(fields.get("AOR", "")) if name == "ContactStatus" else None
    said = fields.get("ContactStatus") in ("Unreachable", "Created", "Updated", "Removed")
    return OperatorId(match["number"]) if match and said else None


def is_reachable(device_state: str) -> bool:
    """Whether a phone in this device state has a contact at which it can be called."""
    return device_state not in ("UNAVAILABLE", "INVALID", "UNKNOWN", "")


def waiting_of(channel: str, call: str, fields: Mapping[str, str]) -> CallWaiting | None:
    """A waiting caller from the channel's own words; None when they make no sense.

    Who comes with a rank that is no instant at all has not arrived; the core holds it against the clock.
    """
    rank, offers = fields.get("Rank", ""), fields.get("Offers", "")
    if not (call and fields.get("Group") and _INSTANT.fullmatch(rank)):
        return None
    operator, wanted, giver = (fields.get(name) or None for name in ("Operator", "Wanted", "Giver"))
    priority = _PRIORITY.fullmatch(fields.get("Added", ""))
    return CallWaiting(
        call=CallId(call),
        channel=channel,
        group=GroupId(fields["Group"]),
        language=fields.get("Speaks", ""),
        rank_ms=int(rank),
        offers=int(offers) if offers.isdecimal() else 0,
        returned_from=OperatorId(operator) if operator else None,
        outcome=_OUTCOMES.get(fields.get("Outcome", ""), Outcome.CANCELLED) if operator else None,
        wanted=OperatorId(wanted) if wanted else None,
        giver=OperatorId(giver) if giver else None,
        priority_s=int(priority[0]) if priority else 0,
    )


def wrap_up_of(operator: str, kept: str) -> WrapUpSet | None:
    """The wrap-up that Asterisk keeps as `FROM:ENDS`, epoch ms; None when it cannot be read."""
    began, _, ends = kept.partition(":")
    if not (began.isascii() and began.isdecimal() and ends.isascii() and ends.isdecimal()):
        return None
    return WrapUpSet(OperatorId(operator), int(began), int(ends))


def _said_by_dialplan(fields: Mapping[str, str]) -> list[Event]:
    match fields.get("UserEvent"):
        case names.WAITING_EVENT:
            waiting = waiting_of(fields.get("Channel", ""), fields.get("Call", ""), fields)
            return [waiting] if waiting else []
        case names.STAYS_EVENT if fields.get("Call") and fields.get("Operator"):
            return [TalkJoined(CallId(fields["Call"]), OperatorId(fields["Operator"]))]
        case names.GIVEN_BACK_EVENT if fields.get("Call") and fields.get("Operator"):
            return [OperatorRung(OperatorId(fields["Operator"]), CallId(fields["Call"]), by_net=False)]
        case names.PRESENCE_EVENT if operator := fields.get("Operator"):
            ready = fields.get("State") == "ready"
            return [DutyChanged(OperatorId(operator), ready, "" if ready else unquote(fields.get("Reason", "")))]
        case names.WRAP_UP_EVENT if operator := fields.get("Operator"):
            wrap_up = wrap_up_of(operator, f"{fields.get('From', '')}:{fields.get('Ends', '')}")
            return [wrap_up] if wrap_up else []
        case _:
            return []


def _dial(name: str, fields: Mapping[str, str]) -> list[Event]:
    operator = operator_of(fields.get("DestChannel", ""))
    call = CallId(fields.get("DestLinkedid", ""))
    if operator is None or not call:
        return []
    if name == "DialBegin":
        return [OperatorRung(operator, call)]
    return [OperatorAnswered(operator, call)] if fields.get("DialStatus") == "ANSWER" else []


def _joined(fields: Mapping[str, str]) -> list[Event]:
    """Either end may be the caller's: phones send REFER on the one call or on the other."""
    for caller, colleague in (("Transferee", "TransferTarget"), ("TransferTarget", "Transferee")):
        channel = fields.get(f"{caller}Channel", "")
        operator = operator_of(fields.get(f"{colleague}Channel", ""))
        call = fields.get(f"{caller}Uniqueid", "")
        if operator is not None and channel and call and operator_of(channel) is None:
            return [TalkJoined(CallId(call), operator)]
    channel, call = fields.get("TransfereeChannel", ""), fields.get("TransfereeUniqueid", "")
    asked = fields.get("SecondTransfererUniqueid", "")
    if fields.get("DestType") == "App" and channel and call and asked and operator_of(channel) is None:
        return [TalkLeft(CallId(call), channel, CallId(asked))]
    return []


def taken_over(fields: Mapping[str, str]) -> str | None:
    """Of an attended transfer: the operator's channel, if the other call that it joined was not that operator's own.

    Asterisk does not ask whose a dialog is that REFER's Replaces names (SECURITY.md).
    """
    by, other = fields.get("OrigTransfererChannel", ""), fields.get("SecondTransfererChannel", "")
    operator = operator_of(by)
    if operator is None or not other or operator_of(other) == operator:
        return None
    return f"{by} with {other}"


def _contact(fields: Mapping[str, str]) -> list[Event]:
    """Whether the phone answers, told in a talk, too: the device's state then says nothing but that it is in use."""
    match, said = _ACCOUNT.fullmatch(fields.get("AOR", "")), fields.get("ContactStatus")
    if match is None or said not in ("Reachable", "Unreachable"):
        return []
    return [Reachability(OperatorId(match["number"]), said == "Reachable")]


def _hangup(fields: Mapping[str, str]) -> list[Event]:
    """The call first: who hangs up on a question to a colleague must not be offered that very question."""
    events: list[Event] = []
    if fields.get("Uniqueid") and fields.get("Uniqueid") == fields.get("Linkedid"):
        events.append(CallGone(CallId(fields["Uniqueid"])))
    if operator := operator_of(fields.get("Channel", "")):
        events.append(LegGone(operator, fields["Channel"]))
    return events
