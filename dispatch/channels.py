"""What Asterisk shows of channels and phones at this moment."""

from __future__ import annotations

from calls.ids import OperatorId
from calls.portions import in_portions
from dialplan import names
from dispatch.ports import Asterisk
from dispatch.snapshot import SeenChannel
from telephony import commands
from telephony.ami_event import AmiEvent
from telephony.errors import AmiRefusedError


async def seen_channels(asterisk: Asterisk, channel: str | None = None) -> list[SeenChannel]:
    """Every channel, or only this one, with the variables that a caller carries. Raises TelephonyError."""
    events = await asterisk.collect(commands.status(names.CALLER_VARIABLES, channel))
    return [_seen(event) async for event in in_portions(events) if event.name == "Status"]


async def seen_channel(asterisk: Asterisk, channel: str) -> SeenChannel | None:
    """One channel; None when it is no more. Raises TelephonyError."""
    try:
        return next(iter(await seen_channels(asterisk, channel)), None)
    except AmiRefusedError:
        return None


async def has_contact(asterisk: Asterisk, operator: OperatorId) -> bool:
    """Whether the operator's phone could be rung at this moment, in use or not. Raises TelephonyError."""
    told = await asterisk.send(commands.getvar(None, f"PJSIP_DIAL_CONTACTS({names.account(operator)})"))
    return bool(told.fields.get("Value", "").strip())


def _seen(event: AmiEvent) -> SeenChannel:
    return SeenChannel(
        name=event.fields.get("Channel", ""),
        uniqueid=event.fields.get("Uniqueid", ""),
        linkedid=event.fields.get("Linkedid", ""),
        up=event.fields.get("ChannelState") == "6",
        context=event.fields.get("Context", ""),
        extension=event.fields.get("Exten", ""),
        application=event.fields.get("Application", ""),
        variables=event.pairs("Variable"),
    )
