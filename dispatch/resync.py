"""Reads from Asterisk all that the routing core has to know: channels, duties, wrap-ups, phones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from calls.ids import OperatorId
from dialplan import names
from dispatch.channels import seen_channels
from dispatch.ports import Asterisk
from dispatch.snapshot import Snapshot, rebuild
from routing.presence import Operator
from telephony import commands
from telephony.errors import AmiRefusedError

log = structlog.get_logger(__name__)


async def read_state(asterisk: Asterisk, operators: Iterable[OperatorId]) -> Snapshot:
    """Channels, duties and phones as events for the core. Raises TelephonyError."""
    channels, duties = await seen_channels(asterisk), await kept(asterisk, names.PRESENCE_FAMILY)
    devices, wrap_ups = await device_states(asterisk, operators), await kept(asterisk, names.WRAP_UP_FAMILY)
    return await asyncio.to_thread(rebuild, channels, duties, devices, wrap_ups)


async def kept(asterisk: Asterisk, family: str) -> dict[str, str]:
    """What AstDB keeps in this family, by its keys. Raises TelephonyError."""
    try:
        events = await asterisk.collect(commands.db_get_tree(family))
    except AmiRefusedError:
        return {}  # nothing of it has been kept yet
    return {
        event.fields["Key"].rpartition("/")[2]: event.fields.get("Val", "") for event in events if "Key" in event.fields
    }


async def device_states(asterisk: Asterisk, operators: Iterable[OperatorId]) -> dict[str, str]:
    """The device state of each operator's phone; one that Asterisk does not list is unreachable."""
    events = await asterisk.collect(commands.device_state_list())
    listed = {event.fields.get("Device", ""): event.fields.get("State", "") for event in events}
    return {operator: listed.get(f"PJSIP/{names.account(operator)}", "") for operator in operators}


async def ask_silent_phones(asterisk: Asterisk, operators: Iterable[Operator]) -> None:
    """Have Asterisk ask every phone it takes for unreachable whether it is there. Raises TelephonyError.

    A registration outlives Asterisk, but after a start its phone counts as unreachable until it is asked, and Asterisk
    spreads that over `qualify_frequency` (half a minute): so long nobody could be offered a call.
    """
    for operator in operators:
        if not operator.reachable:
            try:
                await asterisk.send(commands.qualify(names.account(operator.id)))
            except AmiRefusedError as error:
                log.info("a phone cannot be asked", operator=operator.id, answer=str(error))
