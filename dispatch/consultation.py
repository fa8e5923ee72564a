"""Attended transfers by command (rule 11): an operator asks a colleague, who joins the caller, or takes them back.

What is begun here goes on in the dialplan alone (`consult.conf`). A consultation that the operator dialled on a second
line can be joined and ended here, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from calls.ids import OperatorId
from console.answers import Consulting, Joined, TakenBack
from console.errors import AlreadyConsultingError, NobodyThereError, NoConsultationError, NoTalkError
from dialplan import names
from dispatch.ami_events import operator_of
from dispatch.destinations import Destination, is_logged_in, staffed
from dispatch.redirect import placed
from dispatch.resync import seen_channels
from dispatch.talks import asking_of, ready_for_three, talk_of
from routing.presence import Operator
from telephony import commands
from telephony.ami import AmiLink


async def consult(
    link: AmiLink, call: str, where: Destination, operators: dict[OperatorId, Operator], codecs: Sequence[str]
) -> Consulting:
    """Let the caller's operator ask a colleague, with the caller on hold.

    Raises UnknownCallError, NoTalkError, AlreadyConsultingError, NobodyThereError, TelephonyError.
    """
    seen = await seen_channels(link)
    caller = talk_of(seen, call)
    asker = caller.variables[names.TALKED]
    if asking_of(seen, asker):
        raise AlreadyConsultingError(f"operator {asker} asks a colleague already")
    if not _anybody_there(where, operators.values()):
        raise NobodyThereError(f"nobody is logged in at {where.name}: nobody to ask")
    line = (await link.send(commands.getvar(caller.name, "BRIDGEPEER"))).fields.get("Value", "")
    if operator_of(line) != asker:
        raise NoTalkError("the caller talks to no operator at the moment")
    await link.send(commands.setvar(caller.name, names.LINE, line))
    await placed(link, caller.name, (names.HELD, "s"), lambda now: now.context == caller.context, (line, names.ASKING))
    question = f"consult-{asker}-{time.time_ns() // 1_000_000}"
    half = f"Local/s@{names.ASKING_LINE}/n"
    await link.send(commands.originate(half, question, names.CONSULT_TO, where.number, {names.ME: asker}, codecs))
    return Consulting(call=call, to=where.name)


async def join(link: AmiLink, call: str) -> Joined:
    """Give the caller to the colleague who is being asked; the caller is told first.

    Raises UnknownCallError, NoTalkError, NoConsultationError, TelephonyError.
    """
    caller = ready_for_three(await seen_channels(link), call)
    await placed(link, caller.name, (names.JOIN, "s"), lambda now: now.context == caller.context)
    return Joined(call=call)


async def take_back(link: AmiLink, call: str) -> TakenBack:
    """End the question, answered or not: the caller is with the operator again, once the operator's phone wants it.

    Raises UnknownCallError, NoTalkError, NoConsultationError, TelephonyError.
    """
    seen = await seen_channels(link)
    asker = talk_of(seen, call, also=(names.HELD,)).variables[names.TALKED]
    asking = asking_of(seen, asker)
    if not asking:
        raise NoConsultationError(f"operator {asker} asks nobody at the moment")
    for channel in asking:
        await link.send(commands.hangup(channel.name))
    return TakenBack(call=call, operator=asker)


def _anybody_there(where: Destination, operators: Iterable[Operator]) -> bool:
    if where.operator is None:
        return where.group in staffed(operators)
    return any(operator.id == where.operator and is_logged_in(operator) for operator in operators)
