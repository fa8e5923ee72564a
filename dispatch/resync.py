"""Asks Asterisk for the whole truth, and keeps the safety net's members in step with ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from calls.ids import GroupId, OperatorId
from calls.portions import in_portions
from config.settings import Settings
from dialplan import names
from dispatch.snapshot import Rebuilt, SeenChannel, rebuild
from routing.presence import Operator
from telephony import commands
from telephony.ami import AmiLink
from telephony.ami_event import AmiEvent
from telephony.errors import AmiRefusedError
from telephony.quoting import ActionFields

log = structlog.get_logger(__name__)


async def seen_channels(link: AmiLink, channel: str | None = None) -> list[SeenChannel]:
    """Every channel, or only this one, with the variables that a caller carries. Raises TelephonyError."""
    events = await link.collect(commands.status(names.CALLER_VARIABLES, channel))
    return [_seen(event) async for event in in_portions(events) if event.name == "Status"]


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


async def seen_channel(link: AmiLink, channel: str) -> SeenChannel | None:
    """One channel; None when it is no more. Raises TelephonyError."""
    try:
        return next(iter(await seen_channels(link, channel)), None)
    except AmiRefusedError:
        return None


async def kept(link: AmiLink, family: str) -> dict[str, str]:
    """What AstDB keeps in this family, by its keys. Raises TelephonyError."""
    try:
        events = await link.collect(commands.db_get_tree(family))
    except AmiRefusedError:
        return {}  # nothing of it has been kept yet
    return {
        event.fields["Key"].rpartition("/")[2]: event.fields.get("Val", "") for event in events if "Key" in event.fields
    }


async def device_states(link: AmiLink, operators: Iterable[OperatorId]) -> dict[str, str]:
    """The device state of each operator's phone; one that Asterisk does not list is unreachable."""
    events = await link.collect(commands.device_state_list())
    listed = {event.fields.get("Device", ""): event.fields.get("State", "") for event in events}
    return {operator: listed.get(f"PJSIP/{names.account(operator)}", "") for operator in operators}


async def whole_truth(link: AmiLink, operators: Iterable[OperatorId]) -> Rebuilt:
    """Channels, duties and phones as events for the core. Raises TelephonyError."""
    channels, duties = await seen_channels(link), await kept(link, names.PRESENCE_FAMILY)
    devices, wrap_ups = await device_states(link, operators), await kept(link, names.WRAP_UP_FAMILY)
    return await asyncio.to_thread(rebuild, channels, duties, devices, wrap_ups)


async def keep_net_in_step(link: AmiLink, settings: Settings, operators: Iterable[Operator]) -> None:
    """Make every native queue's members and pauses those of today's operators. Raises TelephonyError."""
    listed = await link.collect(commands.queue_status())
    members = {
        (event.fields.get("Queue", ""), event.fields.get("Location", "")): (
            event.fields.get("Paused") == "1",
            event.fields.get("Penalty", "0"),
        )
        async for event in in_portions(listed)
        if event.name == "QueueMember"
    }
    wanted: set[tuple[str, str]] = set()
    async for operator in in_portions(list(operators)):
        interface = f"PJSIP/{names.account(operator.id)}"
        for group in operator.groups:
            wanted.add((group, interface))
            penalty = _penalty(operator.levels.get(group, 1))
            member = members.get((group, interface))
            if member is None:
                await _join(link, group, operator.id, penalty, paused=not operator.ready)
                continue
            if member[0] is operator.ready:
                await _tolerate(link, commands.queue_pause(interface, paused=not operator.ready, queue=group))
            if member[1] != str(penalty):
                await _tolerate(link, commands.queue_penalty(group, interface, penalty))
    for queue, interface in members.keys() - wanted:
        await _tolerate(link, commands.queue_remove(queue, interface))


async def serve_in_net(
    link: AmiLink, operator: OperatorId, before: Mapping[GroupId, int], now: Mapping[GroupId, int], *, paused: bool
) -> None:
    """Bring one operator's memberships from the levels `before` to those of `now`. Raises TelephonyError."""
    interface = f"PJSIP/{names.account(operator)}"
    for group, level in now.items():
        if group not in before:
            await _join(link, group, operator, _penalty(level), paused=paused)
        elif before[group] != level:
            await _tolerate(link, commands.queue_penalty(group, interface, _penalty(level)))
    for group in before.keys() - now.keys():
        await _tolerate(link, commands.queue_remove(group, interface))


def _penalty(level: int) -> int:
    """`app_queue` rings a member only when nobody with a smaller penalty can be rung: as the levels mean it."""
    return level - 1


async def _join(link: AmiLink, group: GroupId, operator: OperatorId, penalty: int, *, paused: bool) -> None:
    interface = f"PJSIP/{names.account(operator)}"
    await _tolerate(link, commands.queue_add(group, interface, name=operator, penalty=penalty, paused=paused))


async def ask_silent_phones(link: AmiLink, operators: Iterable[Operator]) -> None:
    """Have Asterisk ask every phone it takes for unreachable whether it is there. Raises TelephonyError.

    A registration outlives Asterisk, but after a start its phone counts as unreachable until it is asked, and Asterisk
    spreads that over `qualify_frequency` (half a minute): so long nobody could be offered a call.
    """
    for operator in operators:
        if not operator.reachable:
            try:
                await link.send(commands.qualify(names.account(operator.id)))
            except AmiRefusedError as error:
                log.info("a phone cannot be asked", operator=operator.id, answer=str(error))


async def has_contact(link: AmiLink, operator: OperatorId) -> bool:
    """Whether the operator's phone could be rung at this moment, in use or not. Raises TelephonyError."""
    told = await link.send(commands.getvar(None, f"PJSIP_DIAL_CONTACTS({names.account(operator)})"))
    return bool(told.fields.get("Value", "").strip())


async def _tolerate(link: AmiLink, action: ActionFields) -> None:
    try:
        await link.send(action)
    except AmiRefusedError as error:
        log.info("the safety net is in step already", action=action.get("Action"), answer=str(error))
