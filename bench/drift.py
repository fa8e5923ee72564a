"""Whether the two sides of a long recording stay together (rule 14, promise 3: at most 20 ms an hour apart).

Both phones of a talk on the real Asterisk say a tick each second, at the same instants; where the ticks stand in the
finished recording is measured to the sample. 10 minutes (quick: 2), reckoned to an hour: the slope of a line through
all of them, so that a packet that came late is no drift.

`drift_ms_per_hour`: how the sides move apart, of two phones on one clock. `time_drift_ms_per_hour`: how either side
moves against the clock that the ticks were said by. `fast_apart_most_ms`, `slow_apart_most_ms`: how far the sides are
ever apart in two more talks, whose operators' phones have clocks that are 1,000 parts in a million fast and slow, held
against the instants at which the ticks were said. That is ten times what a cheap phone's clock is off, so that a minute
shows what ten would: Asterisk keeps what a fast phone says too much and gives it to the recording later, but pads the
other side before it has kept 100 ms.

On a machine without time to spare Asterisk puts 20 ms of silence where a packet was late by more than 40 ms, and what
follows on that side stands 20 ms later: `moved` counts the ticks that came so.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from contextlib import AsyncExitStack

import numpy as np
import numpy.typing as npt
import soundfile

from bailanys.control import ask
from bench.centre import Centre, MediaPorts, centre
from bench.coverage import OVER, shorten
from bench.figures import Run, Target
from bench.kills import ADDRESS, all_ready, settled
from bench.leg import Leg
from bench.report import Tell, run
from bench.sides import OURS, entrances
from bench.switchboard import switchboard
from bench.voice import Clock, tick_frames
from phones.registration import register
from phones.sipp import free_port
from recordings.vault.vault import Vault
from storage.ledger import CallStory

TALK_S, QUICK_TALK_S = 600.0, 120.0
HOUR_MS = 3_600_000
OFF = 1e-3
LOUD = 0.1
CALLERS = ("77020000001", "77020000002", "77020000003")
PACES = (1.0, 1 - OFF, 1 + OFF)
"""Of the operators' phones: on the callers' clock, fast, slow."""
Places = npt.NDArray[np.float64]

TARGETS = (
    Target("drift_ms_per_hour", 20.0),
    Target("time_drift_ms_per_hour", 20.0),
    Target("fast_apart_most_ms", 100.0),
    Target("slow_apart_most_ms", 100.0),
)


async def measure(quick: bool, tell: Tell) -> list[Run]:
    """One long talk is one run."""
    talk_s = QUICK_TALK_S if quick else TALK_S
    async with centre(len(CALLERS), MediaPorts(), OVER) as stage:
        shorten(stage)
        await stage.open_ways_in(entrances(stage.groups, stage.up.settings.hotline.default_language))
        tell(f"Three talks of {talk_s:g} s, two of them with a phone whose clock is {OFF * 1e6:g} ppm fast or slow")
        await talk(stage, talk_s)
        stories = {story.record.call.caller_raw: story for story in await settled(stage.up)}
        even, fast, slow = (sides(stage, stories[number]) for number in CALLERS)
    return [figures(even, fast, slow)]


async def talk(stage: Centre, talk_s: float) -> None:
    """The callers come, are answered, and all tick, each operator's phone by a clock of its own pace."""
    clocks, port = [Clock(pace) for pace in PACES], free_port()
    clock = clocks[0]
    server, picked_up = (ADDRESS, stage.up.settings.sip.port), asyncio.Queue[Leg]()
    await register({f"op{n}": stage.up.secrets.operators[n] for n in stage.operators}, server[1], port)
    ticking = [asyncio.create_task(one.run()) for one in clocks]

    def rings(_account: str, _caller: str, leg: Leg) -> None:
        leg.answer()
        picked_up.put_nowait(leg)

    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(switchboard(ADDRESS, server, clock, port, rings))
            trunk = await stack.enter_async_context(switchboard(ADDRESS, server, clock))
            for number in stage.operators:
                await ask(stage.up.places.control, "POST /operators/{number}/ready", number)
            await all_ready(stage)
            pairs = []
            for number in CALLERS:
                caller = trunk.dial(number, f"{OURS}1", 440)
                async with asyncio.timeout(20):
                    operator = await picked_up.get()
                    await caller.answered.wait()
                pairs.append((caller, operator))
            await asyncio.sleep(1.0)  # what is told before the talk is over
            for caller, operator in pairs:
                for leg in (caller, operator):
                    assert leg.voice is not None
                    leg.voice.say(tick_frames())
            for (_, operator), own in zip(pairs, clocks, strict=True):
                assert operator.voice is not None
                clock.voices.discard(operator.voice)
                own.voices.add(operator.voice)
            await asyncio.sleep(talk_s)
            for caller, operator in pairs:
                operator.hang_up()
                caller.hang_up()
    finally:
        for task in ticking:
            task.cancel()


def sides(stage: Centre, story: CallStory) -> tuple[Places, Places]:
    """Where the ticks of both sides stand in the recording of the call's talk, seconds."""
    (recording,) = story.recordings
    with Vault(stage.up.places).recording(recording.path) as flac:
        samples, rate = soundfile.read(io.BytesIO(flac.read()), dtype="float64", always_2d=True)
    left, right = (ticks(samples[:, channel], rate) for channel in (0, 1))
    return left, right


def ticks(side: Places, rate: int) -> Places:
    """The instants, in seconds, at which a tick begins after at least half a second of silence; but the first ones.

    Before them the phone said its tone, and the first second of ticks may have begun in its middle.
    """
    loud = np.flatnonzero(np.abs(side) > LOUD) / rate
    return loud[np.diff(loud, prepend=-1.0) > 0.5][2:]


def slope(places: Places) -> float:
    """How much longer than a second the ticks are apart in the mean, by a straight line through all of them."""
    return float(np.polyfit(np.arange(len(places)), places, 1)[0]) - 1.0


def figures(even: Sequence[Places], fast: Sequence[Places], slow: Sequence[Places]) -> Run:
    """The figures of the three talks, flat."""
    together = min(map(len, even))
    apart = even[0][:together] - even[1][:together]
    return {
        "drift_ms_per_hour": abs(float(np.polyfit(np.arange(together), apart, 1)[0])) * HOUR_MS,
        "time_drift_ms_per_hour": max(abs(slope(side)) for side in even) * HOUR_MS,
        "apart_most_ms": apart_most_ms(even, PACES[0]),
        "fast_apart_most_ms": apart_most_ms(fast, PACES[1]),
        "slow_apart_most_ms": apart_most_ms(slow, PACES[2]),
        "moved": sum(int(np.sum(np.abs(np.diff(side) - 1.0) > 0.005)) for side in even),
        "ticks": together,
    }


def apart_most_ms(sides: Sequence[Places], pace: float) -> float:
    """The furthest that what was said at one instant stands apart in the recording, against where it began."""
    caller, operator = sides
    count = min(len(caller), len(operator))
    late = operator[:count] - caller[:count] + np.arange(count) * (1.0 - pace)
    return float(np.max(np.abs(late - late[0]))) * 1000


if __name__ == "__main__":
    run("drift", "whether the two sides of a long recording stay together", measure, TARGETS)
