"""Neither side sends a packet for a while, as muted phones that suppress silence: the recording keeps time (promise 2).

Wire-level phones, in both ways of capture, with the controller alive and dead. Each talk says tones at known instants.
"""

from __future__ import annotations

import asyncio
import io
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile

from bailanys.control import ask
from bailanys.processes.hotline import controller_ready
from bench.centre import Centre, MediaPorts, centre
from bench.coverage import shorten
from bench.kills import ADDRESS, all_ready, settled
from bench.leg import Leg
from bench.sides import OURS, entrances
from bench.switchboard import switchboard
from bench.voice import Clock
from phones.registration import register
from phones.sipp import free_port
from recordings.vault.vault import Vault
from storage.ledger import CallStory

OVER = {"BAILANYS_RATING__TRIES": "1", "BAILANYS_RATING__ANSWER_S": "0.5"}
WIDE = {"BAILANYS_SIP__CODECS": '["alaw", "ulaw", "g722"]'}
LASTS_S = 13.0
NEAR_S = 0.25
LOUD = 0.02


@dataclass(frozen=True)
class Case:
    """When each side is silent, seconds after the talk began."""

    caller: tuple[tuple[float, float], ...]
    operator: tuple[tuple[float, float], ...]
    comfort: bool = False
    near_s: float = NEAR_S


CASES = {
    "both": Case(((4.0, 9.0),), ((4.0, 9.5),)),
    "comfort": Case(((4.0, 9.0),), ((3.5, 9.5),), comfort=True),
    "caller": Case(((4.0, 9.0),), ()),
    "operator": Case((), ((4.0, 9.0),)),
    "often": Case(tuple((at, at + 1.5) for at in (3.0, 6.0, 9.0)), tuple((at, at + 1.5) for at in (3.0, 6.0, 9.0))),
    "begin": Case(((0.0, 4.0),), ((0.0, 4.0),), near_s=1.2),
    "never": Case(((0.0, LASTS_S),), ((0.0, LASTS_S),), comfort=True, near_s=1.2),
    "end": Case(((8.0, LASTS_S),), ((8.5, LASTS_S),)),
}


@pytest.mark.parametrize(("settings", "dead"), [({}, False), (WIDE, True)], ids=["one file", "two files"])
async def test_silence_keeps_its_place(settings: dict[str, str], dead: bool) -> None:
    async with centre(len(CASES), MediaPorts(), OVER | settings) as stage:
        shorten(stage)
        await stage.open_ways_in(entrances(stage.groups, stage.up.settings.hotline.default_language))
        played = await _talks(stage, dead=dead)
        async with asyncio.timeout(30):
            while len(stories := {story.record.call.caller_raw: story for story in await settled(stage.up)}) < len(
                CASES
            ):
                await asyncio.sleep(0.2)  # a controller that was dead reads the journal first
        wrong = {
            name: said
            for at, name in enumerate(CASES)
            if (said := _wrong(stage, CASES[name].near_s, played[at], stories[f"770200000{at}"]))
        }
    assert not wrong


@dataclass(frozen=True)
class Played:
    """What a talk's phones really did: a busy machine is late. Seconds after the talk's clock began."""

    silent: tuple[list[tuple[float, float]], list[tuple[float, float]]]
    """The caller's silences, and the operator's."""
    lasted_s: float


async def _talks(stage: Centre, *, dead: bool) -> list[Played]:
    clock, port, picked_up = Clock(), free_port(), asyncio.Queue[Leg]()
    server = (ADDRESS, stage.up.settings.sip.port)
    await register({f"op{n}": stage.up.secrets.operators[n] for n in stage.operators}, server[1], port)

    def rings(_account: str, _caller: str, leg: Leg) -> None:
        leg.answer()
        picked_up.put_nowait(leg)

    async with AsyncExitStack() as stack:
        ticking = asyncio.create_task(clock.run())
        stack.callback(ticking.cancel)
        await stack.enter_async_context(switchboard(ADDRESS, server, clock, port, rings))
        trunk = await stack.enter_async_context(switchboard(ADDRESS, server, clock))
        for number in stage.operators:
            await ask(stage.up.places.control, "POST /operators/{number}/ready", number)
        await all_ready(stage)
        pairs = []
        for at, case in enumerate(CASES.values()):
            caller = trunk.dial(f"770200000{at}", f"{OURS}1", 440)
            async with asyncio.timeout(20):
                operator = await picked_up.get()
                await caller.answered.wait()
            pairs.append((case, caller, operator))
        if dead:
            stage.up.supervisor.may_start.clear()
            os.kill(stage.up.supervisor.pid or 0, signal.SIGKILL)
        try:
            return (await asyncio.gather(_counting_goes_on(stage), *(_one(*pair) for pair in pairs)))[1:]
        finally:
            stage.up.supervisor.may_start.set()
            await controller_ready(stage.up.places)


async def _counting_goes_on(stage: Centre) -> None:
    """The channel that counts is taken away, and another goes on, before anybody is silent for long."""
    first = await _counting(stage)
    await stage.console(f"channel request hangup {first}")
    async with asyncio.timeout(3):
        while (await _counting(stage)) in ("", first):
            await asyncio.sleep(0.1)


async def _counting(stage: Centre) -> str:
    rows = (await stage.console("core show channels concise")).splitlines()
    return next((row.split("!")[0] for row in rows if "@silence-watch-" in row and ";2!" in row), "")


async def _one(case: Case, caller: Leg, operator: Leg) -> Played:
    """The talk's clock begins a second after the answer, when what is told before it is over."""
    await asyncio.sleep(1.0)
    both = (caller, case.caller), (operator, case.operator)
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    async def says(leg: Leg, silent: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
        assert leg.voice is not None
        really = []
        for from_s, to_s in silent:
            await asyncio.sleep(max(0.0, began_s + from_s - loop.time()))
            leg.voice.hush(comfort=case.comfort)
            hushed_s = loop.time() - began_s
            await asyncio.sleep(max(0.0, began_s + to_s - loop.time()))
            if to_s < LASTS_S:
                leg.voice.speak()
            really.append((hushed_s, loop.time() - began_s))
        return really

    callers, operators = await asyncio.gather(*(says(leg, silent) for leg, silent in both))
    await asyncio.sleep(max(0.0, began_s + LASTS_S - loop.time()))
    operator.hang_up()
    caller.hang_up()
    return Played((callers, operators), loop.time() - began_s)


def _wrong(stage: Centre, near_s: float, played: Played, story: CallStory) -> str:
    """What is wrong with the recording of a talk, in words."""
    (recording,) = story.recordings
    assert recording.bridged_ms is not None
    off_ms = abs(recording.duration_ms - recording.bridged_ms)
    if off_ms > 1000 + 0.005 * recording.bridged_ms:
        return f"{recording.duration_ms} ms of {recording.bridged_ms}"
    with Vault(stage.up.places).recording(recording.path) as flac:
        samples, rate = soundfile.read(io.BytesIO(flac.read()), dtype="float64", always_2d=True)
    lead_s = recording.bridged_ms / 1000 - played.lasted_s  # the talk's clock began so long after its begin
    for side, silent in enumerate(played.silent):
        found = _silences(samples[:, side], rate)
        meant = [(from_s + lead_s, to_s + lead_s) for from_s, to_s in silent]
        if len(found) != len(meant) or any(
            abs(one - other) > near_s
            for pair in zip(found, meant, strict=True)
            for one, other in zip(*pair, strict=True)
        ):
            return f"side {side}: silent {found}, not {meant}"
    return "" if all(gap.reason == "no-sound" for gap in story.record.gaps.values()) else f"{story.record.gaps}"


def _silences(side: np.ndarray[tuple[int], np.dtype[np.float64]], rate: int) -> list[tuple[float, float]]:
    """Where it is silent for over 0.7 s, seconds."""
    loud = np.flatnonzero(np.abs(side) > LOUD) / rate
    ends = np.concatenate(([0.0], loud, [len(side) / rate]))
    gaps = np.flatnonzero(np.diff(ends) > 0.7)
    return [(round(float(ends[at]), 2), round(float(ends[at + 1]), 2)) for at in gaps]
