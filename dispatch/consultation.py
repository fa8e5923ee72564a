"""Attended transfers by command (rule 11): an operator asks a colleague, who joins the caller, or takes them back.

What is begun here goes on in the dialplan alone (`consult.conf`). A consultation that the operator dialled on a second
line can be joined and ended here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calls.ids import OperatorId
from console.errors import AlreadyConsultingError, NobodyThereError, NoConsultationError, NoTalkError
from console.operations.calls import Consulting, Joined, TakenBack
from dialplan import names
from dispatch.ami_events import operator_of
from dispatch.channels import seen_channels
from dispatch.destinations import Destination, is_logged_in, staffed
from dispatch.ports import Asterisk, Clock
from dispatch.redirect import Redirects
from dispatch.talks import asking_of, ready_for_three, talk_of
from routing.presence import Operator
from telephony import commands


async def consult(
    asterisk: Asterisk,
    clock: Clock,
    call: str,
    where: Destination,
    operators: dict[OperatorId, Operator],
    codecs: Sequence[str],
) -> Consulting:
    """Let the caller's operator ask a colleague, with the caller on hold.

    Raises UnknownCallError, NoTalkError, AlreadyConsultingError, NobodyThereError, TelephonyError.
    """
    seen = await seen_channels(asterisk)
    caller = talk_of(seen, call)
    asker = caller.variables[names.TALKED]
    if asking_of(seen, asker):
        raise AlreadyConsultingError(f"operator {asker} asks a colleague already")
    if not _anybody_there(where, operators.values()):
        raise NobodyThereError(f"nobody is logged in at {where.name}: nobody to ask")
    line = (await asterisk.send(commands.getvar(caller.name, "BRIDGEPEER"))).fields.get("Value", "")
    if operator_of(line) != asker:
        raise NoTalkError("the caller talks to no operator at the moment")
    await asterisk.send(commands.setvar(caller.name, names.LINE, line))
    redirects, both = Redirects(asterisk, clock), (line, names.ASKING)
    await redirects.placed(caller.name, (names.HELD, "s"), lambda now: now.context == caller.context, both)
    question = f"consult-{asker}-{clock.now_ms()}"
    half = f"Local/s@{names.ASKING_LINE}/n"
    await asterisk.send(commands.originate(half, question, names.CONSULT_TO, where.number, {names.ME: asker}, codecs))
    return Consulting(call=call, to=where.name)


async def join(asterisk: Asterisk, clock: Clock, call: str) -> Joined:
    """Give the caller to the colleague who is being asked; the caller is told first.

    Raises UnknownCallError, NoTalkError, NoConsultationError, TelephonyError.
    """
    caller = ready_for_three(await seen_channels(asterisk), call)
    await Redirects(asterisk, clock).placed(caller.name, (names.JOIN, "s"), lambda now: now.context == caller.context)
    return Joined(call=call)


async def take_back(asterisk: Asterisk, call: str) -> TakenBack:
    """End the question, answered or not: the caller is with the operator again, once the operator's phone wants it.

    Raises UnknownCallError, NoTalkError, NoConsultationError, TelephonyError.
    """
    seen = await seen_channels(asterisk)
    asker = talk_of(seen, call, also=(names.HELD,)).variables[names.TALKED]
    asking = asking_of(seen, asker)
    if not asking:
        raise NoConsultationError(f"operator {asker} asks nobody at the moment")
    for channel in asking:
        await asterisk.send(commands.hangup(channel.name))
    return TakenBack(call=call, operator=asker)


def _anybody_there(where: Destination, operators: Iterable[Operator]) -> bool:
    if where.operator is None:
        return where.group in staffed(operators)
    return any(operator.id == where.operator and is_logged_in(operator) for operator in operators)
