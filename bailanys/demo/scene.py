"""The scene: who calls, who answers, what goes wrong. Reads like a play; the phones are real ones."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from bailanys.processes.hotline import Hotline, controller_ready
from phones import manners
from phones.call import Call
from phones.fleet import Fleet
from phones.phone import Phone

OPERATOR_TONES_HZ = {"101": 1000, "102": 1200, "103": 1400, "104": 1700}
CALLER_TONES_HZ = {"77012345678": 440, "77057654321": 520, "77770001122": 640}
RING_S = 4


@dataclass(slots=True)
class Cast:
    """The phones on the stage."""

    operators: dict[str, Phone] = field(default_factory=dict)
    callers: dict[str, Phone] = field(default_factory=dict)


async def play(up: Hotline, fleet: Fleet, tell: Callable[[str], None]) -> None:
    """Play all acts. Raises TimeoutError or CallEndedError when the hotline does not do its part."""
    port = up.settings.sip.port
    cast = Cast()
    for number, hz in OPERATOR_TONES_HZ.items():
        cast.operators[number] = await fleet.operator(number, up.secrets.operators[number], port, tone_hz=hz)
    for number, hz in CALLER_TONES_HZ.items():
        cast.callers[number] = await fleet.caller(number, tone_hz=hz)
    tell("Four operators' softphones are registered; each dials *1 and is ready")
    for phone in cast.operators.values():  # in this order they are the longest idle
        await _ready(phone, port)
    await asyncio.gather(kazakh_caller_is_transferred(cast, port, tell), russian_caller_meets_silence(cast, port, tell))
    await known_caller_hangs_up_first(cast, port, tell)
    await english_caller_and_the_controller_dies(up, cast, port, tell)


async def kazakh_caller_is_transferred(cast: Cast, port: int, tell: Callable[[str], None]) -> None:
    """Kazakh, state services, transferred to the portal's group by the operator's phone, rated 5."""
    tell("Act 1: +7 701 234 56 78 dials 1414, Kazakh, state services; 101 transfers to the portal group (REFER)")
    first, second = cast.operators["101"], cast.operators["102"]
    await first.behave(manners.Answer(1.0))
    await second.behave(manners.Answer(1.0))
    call = await cast.callers["77012345678"].dial("1414", port)
    await _press(call, "1", "1")
    talk = await first.rung()
    await talk.until_hears(440)
    await asyncio.sleep(3)
    await talk.refer("62")
    talk = await second.rung()
    await talk.until_hears(440, for_s=1)
    await asyncio.sleep(3)
    await talk.hang_up()
    await _rate(call, "5")


async def russian_caller_meets_silence(cast: Cast, port: int, tell: Callable[[str], None]) -> None:
    """Russian; 103 lets it ring and is paused, the caller keeps the place and reaches 101."""
    await asyncio.sleep(6)  # 101 talks to the first caller by now
    tell("Act 2: +7 705 765 43 21 dials 8 800 080 7777, Russian; 103 lets it ring, 101 takes over, rated 4")
    await cast.operators["103"].behave(manners.Ring())
    call = await cast.callers["77057654321"].dial("88000807777", port)
    await _press(call, "2", "1")
    ringing = await cast.operators["103"].rung()
    await ringing.ended()
    talk = await cast.operators["101"].rung()
    await talk.until_hears(520, timeout_s=20)
    await asyncio.sleep(2)
    await talk.hang_up()
    await _rate(call, "4")


async def known_caller_hangs_up_first(cast: Cast, port: int, tell: Callable[[str], None]) -> None:
    """The first caller again: greeted in Kazakh without being asked, hangs up first, is not asked to rate."""
    tell("Act 3: +7 701 234 56 78 again: greeted in Kazakh at once, ICT support, hangs up first")
    await cast.operators["104"].behave(manners.Answer(0.5))
    call = await cast.callers["77012345678"].dial("+78000807777", port)
    await _press(call, "3")
    talk = await cast.operators["104"].rung()
    await talk.until_hears(440)
    await asyncio.sleep(2)
    await call.hang_up()
    await talk.ended()


async def english_caller_and_the_controller_dies(
    up: Hotline, cast: Cast, port: int, tell: Callable[[str], None]
) -> None:
    """The controller is killed while a caller is in the menu: the dialplan alone serves, records and asks to rate."""
    tell("Act 4: +7 777 000 11 22 dials 1414, English; the controller is killed (kill -9) in the middle of the menu")
    await cast.operators["104"].behave(manners.Answer(0.5))
    call = await cast.callers["77770001122"].dial("1414", port)
    await _press(call, "3")
    await asyncio.sleep(0.5)
    up.supervisor.may_start.clear()
    if up.supervisor.pid is not None:
        os.kill(up.supervisor.pid, signal.SIGKILL)
    await _press(call, "3")
    talk = await cast.operators["104"].rung()
    await talk.until_hears(640)
    tell("       …the built-in menu and app_queue have brought the caller to 104; the controller comes back")
    up.supervisor.may_start.set()
    await asyncio.sleep(2)
    await talk.hang_up()
    await _rate(call, "5")
    await controller_ready(up.places)


async def _ready(phone: Phone, port: int) -> None:
    call = await phone.dial("*1", port)
    await call.answered()
    await call.hang_up()
    await call.ended()


async def _press(call: Call, *keys: str) -> None:
    await call.answered()
    for key in keys:
        await asyncio.sleep(1.2)
        await call.press(key)


async def _rate(call: Call, score: str) -> None:
    await asyncio.sleep(1.5)
    await call.press(score)
    await call.ended()
