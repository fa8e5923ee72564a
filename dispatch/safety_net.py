"""Keeps the members of the safety net (the native queues) those that the routing core knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from calls.ids import GroupId, OperatorId
from calls.portions import in_portions
from config.settings import Settings
from dialplan import names
from dispatch.ports import Asterisk
from routing.presence import Operator
from telephony import commands
from telephony.errors import AmiRefusedError
from telephony.quoting import ActionFields

log = structlog.get_logger(__name__)


async def keep_net_in_step(asterisk: Asterisk, settings: Settings, operators: Iterable[Operator]) -> None:
    """Make every native queue's members and pauses those of today's operators. Raises TelephonyError."""
    listed = await asterisk.collect(commands.queue_status())
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
                await _join(asterisk, group, operator.id, penalty, paused=not operator.ready)
                continue
            if member[0] is operator.ready:
                await _tolerate(asterisk, commands.queue_pause(interface, paused=not operator.ready, queue=group))
            if member[1] != str(penalty):
                await _tolerate(asterisk, commands.queue_penalty(group, interface, penalty))
    for queue, interface in members.keys() - wanted:
        await _tolerate(asterisk, commands.queue_remove(queue, interface))


async def serve_in_net(
    asterisk: Asterisk, operator: OperatorId, before: Mapping[GroupId, int], now: Mapping[GroupId, int], *, paused: bool
) -> None:
    """Bring one operator's memberships from the levels `before` to those of `now`. Raises TelephonyError."""
    interface = f"PJSIP/{names.account(operator)}"
    for group, level in now.items():
        if group not in before:
            await _join(asterisk, group, operator, _penalty(level), paused=paused)
        elif before[group] != level:
            await _tolerate(asterisk, commands.queue_penalty(group, interface, _penalty(level)))
    for group in before.keys() - now.keys():
        await _tolerate(asterisk, commands.queue_remove(group, interface))


def _penalty(level: int) -> int:
    """`app_queue` rings a member only when nobody with a smaller penalty can be rung: as the levels mean it."""
    return level - 1


async def _join(asterisk: Asterisk, group: GroupId, operator: OperatorId, penalty: int, *, paused: bool) -> None:
    interface = f"PJSIP/{names.account(operator)}"
    await _tolerate(asterisk, commands.queue_add(group, interface, name=operator, penalty=penalty, paused=paused))


async def _tolerate(asterisk: Asterisk, action: ActionFields) -> None:
    try:
        await asterisk.send(action)
    except AmiRefusedError as error:
        log.info("the safety net is in step already", action=action.get("Action"), answer=str(error))
