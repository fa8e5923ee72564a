"""Which caller can be brought together with the colleague whom their operator asks right now (rule 11)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from console.errors import NoConsultationError, NoTalkError, UnknownCallError
from dialplan import names
from dispatch.ami_events import operator_of
from dispatch.snapshot import SeenChannel, is_misplaced

TALKING = (names.CONNECT, names.NET, names.JOINED, names.TAKEN_BACK, names.THREE_WAY_LEFT)


def talk_of(channels: Iterable[SeenChannel], call: str, also: Collection[str] = ()) -> SeenChannel:
    """The caller's channel, while the caller talks, or is in a context of `also`.

    Raises UnknownCallError, NoTalkError.
    """
    caller = next((c for c in channels if c.uniqueid == call and c.linkedid == call), None)
    if caller is None or not caller.variables.get(names.ARRIVED) or is_misplaced(caller):
        raise UnknownCallError(f"no such call now: {call}")
    said = caller.variables
    begun = said.get(names.TALKED_OFFER) and said.get(names.TALKED_OFFER) == said.get(names.OFFER)
    if caller.context not in (*TALKING, *also) or not begun:
        raise NoTalkError("the caller talks to no operator, or to two already")
    return caller


def asking_of(channels: Iterable[SeenChannel], operator: str) -> list[SeenChannel]:
    """The channels from which this operator asks a colleague: the phone's second line, or our stand-in for it."""
    return [c for c in channels if c.variables.get(names.CONSULT) == "1" and c.variables.get(names.ME) == operator]


def ready_for_three(channels: Iterable[SeenChannel], call: str) -> SeenChannel:
    """The caller's channel, once a colleague has answered the operator who asks.

    Raises UnknownCallError, NoTalkError, NoConsultationError.
    """
    seen = list(channels)
    caller = talk_of(seen, call, also=(names.HELD,))
    first = caller.variables.get(names.TALKED, "")
    asking = {c.uniqueid for c in asking_of(seen, first)}
    if not any(c.linkedid in asking and c.up and operator_of(c.name) not in (None, first) for c in seen):
        raise NoConsultationError(f"operator {first} talks with no colleague at the moment")
    return caller


def operators_of(caller: SeenChannel) -> str:
    """The two of a talk of three, as people read it."""
    both = (caller.variables.get(names.TALKED, ""), caller.variables.get(names.WITH, ""))
    return ", ".join(number for number in both if number)
