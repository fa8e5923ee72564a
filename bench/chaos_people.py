"""The people of `bench.chaos`: callers, operators and a desk who do at random what real ones do, and their phones."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bailanys.control import ControlError, ask
from bench.centre import Centre
from phones.call import Call, CallEndedError
from phones.fleet import Fleet
from phones.manners import Ring
from phones.phone import Phone, PhoneError

CALLER_HZ = (390, 450, 530, 610)
OPERATOR_HZ = (1010, 1130, 1250, 1370, 1490)
"""None is a multiple of another: A-law's own noise lies there."""
GROUP_NUMBERS = ("61", "62", "63")
LONGEST_TALK_S = 30.0
TROUBLE = (PhoneError, CallEndedError, TimeoutError)
"""What may come of anything that a phone is told: the other side was quicker."""


@dataclass(eq=False)
class Visit:
    """One call of somebody at the hotline, a caller or an operator who dials it: the phone's side."""

    number: str
    hz: int
    call: Call


@dataclass(eq=False)
class Person:
    """An operator: number, tone, phone."""

    number: str
    hz: int
    phone: Phone

    def busy(self) -> bool:
        """Whether the phone is in any call."""
        return any(not call.over for call in self.phone.calls)


@dataclass
class Hall:
    """Everybody, and what is to be known of them afterwards."""

    stage: Centre
    fleet: Fleet
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    free: list[tuple[float, frozenset[str]]] = field(default_factory=list)
    """At this instant these operators could have taken a call: ready, by the controller's word, and in no call."""
    deeds: list[str] = field(default_factory=list)
    """What was done, with the instant, to be read when something went wrong."""
    going: bool = True
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def between(self, least: float, most: float) -> float:
        """A random number of seconds."""
        return self.chance.uniform(least, most)

    def note(self, who: str, what: str) -> None:
        """Keep what is done now."""
        self.deeds.append(f"{time.time():.2f} {who}: {what}")

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside everything else."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def come_and_go(hall: Hall, number: str, hz: int) -> None:
    """A caller: calls again and again, chooses or does not, stays a while, rates at times, hangs up at any moment."""
    phone = await hall.fleet.caller(number, tone_hz=hz)
    while hall.going:
        await asyncio.sleep(hall.between(0.2, 3.0))
        by_menu = hall.chance.random() < 0.3
        dialled = "1414" if by_menu else f"91{hall.chance.choice('123')}"
        with suppress(*TROUBLE):
            call = await phone.dial(dialled, hall.stage.up.settings.sip.port)
            hall.visits.append(Visit(number, hz, call))
            hall.note(number, f"dials {dialled}")
            ends = time.time() + (hall.between(1, 6) if hall.chance.random() < 0.1 else hall.between(12, 50))
            await call.answered(10)
            while not call.over and time.time() < ends and hall.going:
                await asyncio.sleep(hall.between(0.5, 2.5))
                if hall.chance.random() < (0.8 if by_menu else 0.15):
                    await call.press(hall.chance.choice("12345"))
            hall.note(number, "hangs up" if not call.over else "was hung up")
            await call.hang_up()


async def serve(hall: Hall, person: Person) -> None:
    """An operator: whatever rings is met one way or another."""
    while True:
        with suppress(TimeoutError):
            call = await person.phone.rung(3600)
            hall.begin(_meet(hall, person, call))


async def _meet(hall: Hall, person: Person, call: Call) -> None:
    asked = any(call.caller_number == other.number for other in hall.people)
    rolled = hall.chance.random()
    with suppress(*TROUBLE):
        await asyncio.sleep(hall.between(0.05, 0.8))
        if not hall.going or rolled < 0.06:
            hall.note(person.number, f"refuses {call.caller_number}")
            await call.refuse(hall.chance.choice((486, 603)))
            return
        if rolled < 0.1:
            hall.note(person.number, f"lets {call.caller_number} ring")
            return
        await call.answer()
        await call.answered(5)
        hall.note(person.number, f"answers {call.caller_number}")
        ends = time.time() + hall.between(6, LONGEST_TALK_S)
        await asyncio.sleep(hall.chance.choice((0.0, 1.5, 1.5)))  # some do not wait for the end of the announcement
        while not call.over and hall.going and time.time() < ends:
            await asyncio.sleep(hall.between(0.3, 3.0))
            if not call.over:
                await _does_something(hall, person, call, asked=asked and time.time() < ends - 10)
        hall.note(person.number, "hangs up")
        await call.hang_up()


Deed = Callable[[Hall, Person, Call], Awaitable[None]]


async def _does_something(hall: Hall, person: Person, call: Call, *, asked: bool) -> None:
    deeds: dict[Deed, float] = {
        _listens: 5.0,
        _hangs_up: 1.5 if not asked else 1.0,
        _holds: 1.5 if not asked else 0.3,
        _transfers: 1.5 if not asked else 0.3,
        _consults: 4.0 if not asked else 0.2,
        _dials_the_hotline: 0.8 if not asked else 0.1,
        _dials_a_code: 0.2,
        _pauses: 0.6,
    }
    deed = hall.chance.choices(list(deeds), list(deeds.values()))[0]
    with suppress(*TROUBLE):
        await deed(hall, person, call)


async def _listens(hall: Hall, person: Person, call: Call) -> None:
    await asyncio.sleep(hall.between(0.5, 2.0))


async def _hangs_up(hall: Hall, person: Person, call: Call) -> None:
    hall.note(person.number, "hangs up")
    await call.hang_up()


async def _holds(hall: Hall, person: Person, call: Call) -> None:
    hall.note(person.number, "holds")
    await call.hold()
    await asyncio.sleep(hall.between(0.5, 3.0))
    await call.resume()


async def _transfers(hall: Hall, person: Person, call: Call) -> None:
    to = _somewhere(hall, person)
    hall.note(person.number, f"transfers to {to}")
    await call.refer(to, 6)


async def _consults(hall: Hall, person: Person, call: Call) -> None:
    to = _somewhere(hall, person)
    await call.hold()
    line = await person.phone.dial(to)
    hall.note(person.number, f"asks {to}")
    await line.answered(5)
    await asyncio.sleep(hall.chance.choice((0.0, 0.2, 0.6, 1.5, 3.0, 5.0)))
    match hall.chance.choice(("join", "join", "join back", "drop", "three", "three", "mistake")):
        case "join":
            hall.note(person.number, "joins them")
            await call.refer_to_call(line, 6)
        case "join back":
            hall.note(person.number, "joins them, by the other line")
            await line.refer_to_call(call, 6)
        case "three":
            hall.note(person.number, "all three together")
            await line.press("*4")
            await asyncio.sleep(hall.between(1.0, 5.0))
            if hall.chance.random() < 0.3:
                hall.note(person.number, "sends the colleague away")
                await line.press("*5")
                await asyncio.sleep(hall.between(0.5, 3.0))
        case "mistake":
            hall.note(person.number, "transfers the question")
            await line.refer(hall.chance.choice(GROUP_NUMBERS), 6)
    await asyncio.sleep(hall.between(0.0, 1.0))
    await line.hang_up()
    if not call.over:
        await call.resume()


async def _dials_the_hotline(hall: Hall, person: Person, call: Call) -> None:
    await call.hold()
    line = await person.phone.dial("1414")
    hall.note(person.number, "dials 1414")
    hall.visits.append(Visit(person.number, person.hz, line))
    await line.answered(5)
    await asyncio.sleep(hall.chance.choice((0.1, 0.6, 2.0, 5.0)))
    if hall.chance.random() < 0.7:
        hall.note(person.number, "joins the caller with 1414")
        await call.refer_to_call(line, 6)
    await line.hang_up()
    if not call.over:
        await call.resume()


async def _dials_a_code(hall: Hall, person: Person, call: Call) -> None:
    await call.hold()
    line = await person.phone.dial(hall.chance.choice(("*1", "*3")))
    hall.note(person.number, "joins the caller with a code")
    await line.answered(3)
    await call.refer_to_call(line, 6)
    if not call.over:
        await call.resume()


async def _pauses(hall: Hall, person: Person, call: Call) -> None:
    hall.note(person.number, "pauses the recording")
    await call.press("*7")
    await asyncio.sleep(hall.between(1.0, 4.0))
    await call.press("*8")


def _somewhere(hall: Hall, person: Person) -> str:
    others = [f"7{other.number}" for other in hall.people if other is not person]
    return hall.chance.choice((*GROUP_NUMBERS, hall.chance.choice(others)))


async def command(hall: Hall) -> None:
    """A desk: somebody at the controller's commands."""
    while hall.going:
        await asyncio.sleep(hall.between(1.0, 4.0))
        with suppress(ControlError, OSError):
            rows = (await _asked(hall, "GET /calls"))["calls"]
            calls = [row["call"] for row in rows if row["where"] in ("talking", "held", "three-way")]
            if not calls:
                continue
            call, did = hall.chance.choice(calls), "nothing"
            match hall.chance.choice(("transfer", "consult", "consult", "recording/pause", "recording/resume")):
                case "consult":
                    told = await _asked(hall, "POST /calls/{id}/consult", call, to=_group(hall))
                    did = f"consult {told['to']}"
                    hall.note("desk", f"{did} for {call}")
                    await asyncio.sleep(hall.between(0.2, 4.0))
                    did = hall.chance.choice(("join", "three-way", "take-back", "nothing"))
                    if did != "nothing":
                        await _asked(hall, f"POST /calls/{{id}}/{did}", call)
                case "transfer" as did:
                    await _asked(hall, "POST /calls/{id}/transfer", call, to=_group(hall))
                case "recording/pause" as did:
                    await _asked(hall, "POST /calls/{id}/recording/pause", call, reason="card")
                case did:
                    await _asked(hall, "POST /calls/{id}/recording/resume", call)
            hall.note("desk", f"{did} {call}")


async def watch(hall: Hall) -> None:
    """Who is free at each moment; whoever is paused is made ready again."""
    numbers = {person.number: person for person in hall.people}
    while True:
        with suppress(ControlError, OSError):
            rows = (await _asked(hall, "GET /operators"))["operators"]
            ready = {row["operator"] for row in rows if row["state"] == "ready"}
            free = frozenset(number for number in ready if not numbers[number].busy())
            hall.free.append((time.time(), free))
            for row in rows:
                if row["state"] == "paused" and hall.going and hall.chance.random() < 0.3:
                    await _asked(hall, "POST /operators/{number}/ready", row["operator"])
        await asyncio.sleep(0.3)


def _group(hall: Hall) -> str:
    return hall.chance.choice(hall.stage.groups)


async def _asked(hall: Hall, operation: str, part: str = "", **body: Any) -> dict[str, Any]:
    return await ask(hall.stage.up.places.control, operation, part, body)


async def take_place(hall: Hall, secrets: dict[str, str]) -> None:
    """The operators' phones, registered."""
    for number, hz in zip(hall.stage.operators, OPERATOR_HZ, strict=True):
        port = hall.stage.up.settings.sip.port
        phone = await hall.fleet.operator(number, secrets[number], port, tone_hz=hz, manner=Ring())
        hall.people.append(Person(number, hz, phone))
