"""Callers and operators of the kill benchmark: what each means to do, and what each saw."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from enum import StrEnum

from bench.leg import Leg, Seen
from bench.switchboard import Switchboard

FIRST_NUMBER = 77_010_000_000
MENU_AT_S = (0.8, 2.0)
"""A caller presses so long after the answer; who hears the question again presses again."""
AGAIN_AFTER_S = 6.0
ANNOUNCED_S = 3.2
"""The operator's number has been told by then, so the two are connected."""


class Stage(StrEnum):
    """Where a caller is, as the phones know it."""

    MENU = "menu"
    WAIT = "wait"
    OFFER = "offer"
    TALK = "talk"
    RATING = "rating"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a caller means to do; instants in seconds."""

    number: str
    arrives_s: float
    rings_s: float
    talks_s: float
    hangs_up_first: bool
    score: int | None
    """What is pressed when asked to rate; None is silence."""
    rates_after_s: float


@dataclass(slots=True)
class Talk:
    """One ringing of an operator's phone for a caller, as that phone saw it."""

    operator: str
    seen: Seen
    whole: bool = False
    """Whether it went on until one of the two wanted it to end."""


@dataclass(slots=True)
class Visit:
    """A caller's call as their phone saw it, and the operators' phones that rang for it."""

    plan: Plan
    stage: Stage = Stage.MENU
    leg: Leg | None = None
    talks: list[Talk] = field(default_factory=list)
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    pressed: int | None = None


def plans(count: int, span_s: float, chance: random.Random) -> list[Plan]:
    """So many callers within so many seconds, at random."""
    arrivals = sorted(chance.uniform(0, span_s) for _ in range(count))
    return [_plan(str(FIRST_NUMBER + at), arrives_s, chance) for at, arrives_s in enumerate(arrivals)]


def _plan(number: str, arrives_s: float, chance: random.Random) -> Plan:
    manner = chance.random()
    return Plan(
        number=number,
        arrives_s=arrives_s,
        rings_s=chance.uniform(0.1, 0.8),
        talks_s=chance.uniform(1.0, 4.0),
        hangs_up_first=manner < 0.1,
        score=None if manner > 0.92 else chance.randint(1, 5),
        rates_after_s=chance.uniform(0.4, 1.6),
    )


class Crowd:
    """All of them together. One program is both sides, so it knows who talks to whom."""

    def __init__(self, callers: list[Plan], patience_s: float) -> None:
        self.visits = {plan.number: Visit(plan) for plan in callers}
        self.trunk: Switchboard | None = None
        self._patience_s = patience_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(self, number: str) -> None:
        """All callers come, each at their time, and stay until they are served."""
        began_s = time.monotonic()
        async with asyncio.TaskGroup() as everybody:
            for visit in self.visits.values():
                everybody.create_task(self._visit(visit, number, began_s))

    def rings(self, account: str, caller: str, leg: Leg) -> None:
        """An operator's phone rings for a caller."""
        visit = self.visits.get(caller)
        if visit is None:
            leg.refuse(404)
            return
        talk = Talk(account.removeprefix("op"), leg.seen)
        visit.talks.append(talk)
        visit.stage = Stage.OFFER
        visit.rung.set()
        task = asyncio.create_task(self._talk(visit, talk, leg))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stages(self) -> dict[Stage, int]:
        """How many callers on the line are at each stage now."""
        on_line = [v.stage for v in self.visits.values() if v.leg is not None and v.stage is not Stage.OVER]
        return {stage: on_line.count(stage) for stage in Stage if stage is not Stage.OVER}

    async def _visit(self, visit: Visit, number: str, began_s: float) -> None:
        assert self.trunk is not None
        await asyncio.sleep(visit.plan.arrives_s - (time.monotonic() - began_s))
        leg = visit.leg = self.trunk.dial(visit.plan.number, number, 440)
        pressing = asyncio.create_task(self._press_keys(visit, leg))
        try:
            async with asyncio.timeout(self._patience_s):
                await leg.over.wait()
        except TimeoutError:
            leg.hang_up()
        finally:
            pressing.cancel()
            visit.stage = Stage.OVER

    @staticmethod
    async def _press_keys(visit: Visit, leg: Leg) -> None:
        await leg.answered.wait()
        last_s = 0.0
        for at_s in MENU_AT_S:
            await asyncio.sleep(at_s - last_s)
            last_s = at_s
            if not visit.rung.is_set():
                leg.press("1")
        visit.stage = Stage.WAIT if visit.stage is Stage.MENU else visit.stage
        while not visit.rung.is_set():  # nobody who hears a question again stays silent
            await asyncio.sleep(AGAIN_AFTER_S)
            if not visit.rung.is_set():
                leg.press("1")

    async def _talk(self, visit: Visit, talk: Talk, leg: Leg) -> None:
        """The operator picks up, and one of the two hangs up when all is said."""
        plan = visit.plan
        await asyncio.sleep(plan.rings_s)
        leg.answer()
        if not leg.answered.is_set():
            visit.stage = Stage.WAIT
            return
        visit.stage = Stage.TALK
        try:
            async with asyncio.timeout(ANNOUNCED_S + plan.talks_s):
                await leg.over.wait()
            visit.stage = Stage.WAIT
            return  # cut off: nobody wanted that
        except TimeoutError:
            talk.whole = True
        if plan.hangs_up_first and visit.leg is not None:
            visit.leg.hang_up()
            await leg.over.wait()
            return
        leg.hang_up()
        visit.stage = Stage.RATING
        await asyncio.sleep(plan.rates_after_s)
        if plan.score is not None and visit.leg is not None and not visit.leg.over.is_set():
            visit.leg.press(str(plan.score))
            visit.pressed = plan.score
