"""The ways a talk can go, as callers and operators' phones play them: each flow reads as what happens in it.

Callers are wire-level phones, operators real softphones (pjsua). A flow ends when the caller is gone, and returns the
operators of each recording that there must be, in order.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bench.leg import Leg
from phones.call import Call, CallEndedError
from phones.phone import Phone, PhoneError

TALK_S = 1.5
SILENT_S = 2.5
"""Less than a phone may take for its answer when it is asked whether it is there."""
TOLD_S = 1.0
"""By then a caller has been told of the transfer: the notice is cut short here."""
GROUP_NUMBER = "62"
PATIENCE_S = 60.0

Talks = list[set[str]]
"""Of each recording the operators who may be named with it: two of a talk of three."""


class FlowError(Exception):
    """The flow could not be played: a fault of the benchmark or of the hotline, and no recording to judge."""


@dataclass(eq=False)
class Visit:
    """A caller, and the operators' phones that ring for them."""

    number: str
    leg: Leg
    floor: Floor
    rings: asyncio.Queue[tuple[Phone, Call]] = field(default_factory=asyncio.Queue)

    async def answered(self) -> tuple[Phone, Call]:
        """The next operator whose phone rings for the caller picks up."""
        async with asyncio.timeout(PATIENCE_S):
            phone, call = await self.rings.get()
        await call.answer()
        await call.answered()
        return phone, call


class Floor:
    """The operators' phones: tells a call for a caller from one that a colleague places."""

    def __init__(self, phones: list[Phone]) -> None:
        self.visits: dict[str, Visit] = {}
        self._asked: dict[str, asyncio.Queue[tuple[Phone, Call]]] = {name(phone): asyncio.Queue() for phone in phones}
        self._listening = [asyncio.create_task(self._listen(phone)) for phone in phones]

    async def close(self) -> None:
        """Hear no more."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    async def asked(self, phone: Phone) -> tuple[Phone, Call]:
        """The colleague whose phone rings because this operator asks."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._asked[name(phone)].get()

    async def _listen(self, phone: Phone) -> None:
        while True:
            with suppress(TimeoutError):
                call = await phone.rung(3600)
                caller = call.caller_number
                if visit := self.visits.get(caller):
                    visit.rings.put_nowait((phone, call))
                elif caller in self._asked:
                    self._asked[caller].put_nowait((phone, call))
                else:
                    await call.refuse()


def name(phone: Phone) -> str:
    """The operator's number."""
    return phone.user.removeprefix("op")


async def operator_hangs_up(visit: Visit) -> Talks:
    """A talk; the operator hangs up first."""
    phone, call = await visit.answered()
    await asyncio.sleep(TALK_S)
    await call.hang_up()
    return [{name(phone)}]


async def caller_hangs_up(visit: Visit) -> Talks:
    """A talk; the caller hangs up first."""
    phone, call = await visit.answered()
    await asyncio.sleep(TALK_S)
    visit.leg.hang_up()
    await call.ended()
    return [{name(phone)}]


async def hold(visit: Visit) -> Talks:
    """The operator puts the caller on hold and takes them back."""
    phone, call = await visit.answered()
    await asyncio.sleep(TALK_S / 2)
    await call.hold()
    await asyncio.sleep(TALK_S / 2)
    await call.resume()
    await asyncio.sleep(TALK_S / 2)
    await call.hang_up()
    return [{name(phone)}]


async def caller_silent(visit: Visit) -> Talks:
    """The caller mutes a phone that suppresses silence: no packet comes from there for a while."""
    return await _silent(visit, caller=True)


async def operator_silent(visit: Visit) -> Talks:
    """The operator's phone sends nothing for a while."""
    return await _silent(visit, operator=True)


async def both_silent(visit: Visit) -> Talks:
    """Nobody's packets come for a while: the file must be as long as the talk all the same."""
    return await _silent(visit, caller=True, operator=True)


async def both_silent_with_comfort_noise(visit: Visit) -> Talks:
    """The same with a caller's phone that sends comfort noise."""
    return await _silent(visit, caller=True, operator=True, comfort=True)


async def requeue(visit: Visit) -> Talks:
    """The first operator refuses: the caller keeps the place and is offered to the next."""
    async with asyncio.timeout(PATIENCE_S):
        _, refused = await visit.rings.get()
    await refused.refuse()
    return await operator_hangs_up(visit)


async def blind(visit: Visit) -> Talks:
    """The operator transfers to a group (REFER); another one takes the call."""
    phone, call = await visit.answered()
    await asyncio.sleep(TALK_S)
    _done("REFER", await call.refer(GROUP_NUMBER))
    return [{name(phone)}, *await operator_hangs_up(visit)]


async def attended(visit: Visit) -> Talks:
    """The operator asks a colleague and joins the caller with them (REFER with Replaces)."""
    phone, call, consult, colleague, asked = await _consults(visit)
    _done("REFER with Replaces", await call.refer_to_call(consult))
    await asyncio.sleep(TOLD_S + TALK_S)
    await asked.hang_up()
    return [{name(phone)}, {name(colleague)}]


async def failed_attended(visit: Visit) -> Talks:
    """The colleague is asked and does not take the caller: the operator goes on."""
    phone, call, consult, _, asked = await _consults(visit)
    await consult.hang_up()
    await asked.ended()
    await call.resume()
    await asyncio.sleep(TALK_S / 2)
    await call.hang_up()
    return [{name(phone)}]


async def three_way(visit: Visit) -> Talks:
    """The colleague joins; the operator leaves, and then the colleague hangs up."""
    phone, _, consult, colleague, asked = await _consults(visit)
    await consult.press("*4")
    await asyncio.sleep(TOLD_S + TALK_S)
    await consult.hang_up()
    await asyncio.sleep(TALK_S / 2)
    await asked.hang_up()
    return [{name(phone)}, {name(phone), name(colleague)}]


async def _silent(visit: Visit, *, caller: bool = False, operator: bool = False, comfort: bool = False) -> Talks:
    """An operator's phone that sends nothing is a process that stands still."""
    phone, call = await visit.answered()
    await asyncio.sleep(TALK_S)
    if caller and visit.leg.voice is not None:
        visit.leg.voice.hush(comfort=comfort)
    if operator:
        os.kill(phone.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(SILENT_S)
    finally:
        if operator:
            os.kill(phone.pid, signal.SIGCONT)
    if visit.leg.voice is not None:
        visit.leg.voice.speak()
    await asyncio.sleep(TALK_S)
    await call.hang_up()
    return [{name(phone)}]


async def _consults(visit: Visit) -> tuple[Phone, Call, Call, Phone, Call]:
    """The operator has the caller on hold and talks with a colleague."""
    phone, call = await visit.answered()
    await asyncio.sleep(TALK_S / 2)
    await call.hold()
    consult = await phone.dial(GROUP_NUMBER)
    colleague, asked = await visit.floor.asked(phone)
    await asked.answer()
    await asked.answered()
    await asyncio.sleep(TALK_S / 2)
    return phone, call, consult, colleague, asked


def _done(what: str, status: int) -> None:
    if status // 100 != 2:
        raise FlowError(f"{what} was answered {status}")


Flow = Callable[[Visit], Awaitable[Talks]]
FLOWS: tuple[Flow, ...] = (
    *(operator_hangs_up, caller_hangs_up, hold, requeue),
    *(caller_silent, operator_silent, both_silent, both_silent_with_comfort_noise),
    *(blind, attended, failed_attended, three_way),
)

TROUBLE = (FlowError, CallEndedError, PhoneError, TimeoutError)
"""What may come of a flow that was not played to its end."""
