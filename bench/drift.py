"""Whether the two sides of a long recording stay together (rule 14, promise 3: at most 20 ms an hour apart).

Both phones of a talk on the real Asterisk say a tick each second, at the same instants; where the ticks stand in the
finished recording is measured to the sample. 10 minutes (quick: 40 seconds), reckoned to an hour: the slope of a line
through all of them, so that a packet that came late is no drift.

`drift_ms_per_hour`: how the sides move apart, of two phones on one clock. `time_drift_ms_per_hour`: how either side
moves against the clock that the ticks were said by. `skewed_drift_ms_per_hour`, without a limit: the same of a second
talk whose operator's phone has a clock that is 100 parts in a million fast, as cheap phones' may be, held against the
instants at which the ticks were said: Asterisk keeps what one phone says too much, and gives it to the recording later.
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
from storage.ledger import CallStory

TALK_S, QUICK_TALK_S = 600.0, 40.0
HOUR_MS = 3_600_000
FAST = 1e-4
LOUD = 0.1
CALLERS = ("77020000001", "77020000002")
Places = npt.NDArray[np.float64]

TARGETS = (Target("drift_ms_per_hour", 20.0), Target("time_drift_ms_per_hour", 20.0))


async def measure(quick: bool, tell: Tell) -> list[Run]:
    """One long talk is one run."""
    talk_s = QUICK_TALK_S if quick else TALK_S
    async with centre(2, MediaPorts(), OVER) as stage:
        shorten(stage)
        await stage.open_ways_in(entrances(stage.groups, stage.up.settings.hotline.default_language))
        tell(f"Two talks of {talk_s:g} s, one with a phone whose clock is {FAST * 1e6:g} ppm fast")
        await talk(stage, talk_s)
        stories = {story.record.call.caller_raw: story for story in await settled(stage.up)}
        even, skewed = (sides(stage, stories[number]) for number in CALLERS)
    return [figures(even, skewed)]


async def talk(stage: Centre, talk_s: float) -> None:
    """Both callers come, are answered, and all tick; the first talk's phones on one clock."""
    clock, fast, port = Clock(), Clock(1 - FAST), free_port()
    server, picked_up = (ADDRESS, stage.up.settings.sip.port), asyncio.Queue[Leg]()
    await register({f"op{n}": stage.up.secrets.operators[n] for n in stage.operators}, server[1], port)
    ticking = [asyncio.create_task(one.run()) for one in (clock, fast)]

    def rings(_account: str, _caller: str, leg: Leg) -> None:
        leg.answer()
        picked_up.put_nowait(leg)

    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(switchboard(ADDRESS, server, clock, port, rings))
            trunk = await stack.enter_async_context(switchboard(ADDRESS, server, clock))
            for number in stage.operators:
                await ask(stage.up.places.control, {"do": "duty", "operator": number, "ready": True})
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
            slow = pairs[1][1].voice
            assert slow is not None
            clock.voices.discard(slow)
            fast.voices.add(slow)
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
    with stage.up.places.recording(recording.path) as flac:
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


def figures(even: Sequence[Places], skewed: Sequence[Places]) -> Run:
    """The figures, flat."""
    together = min(map(len, even))
    apart = even[0][:together] - even[1][:together]
    skew = min(map(len, skewed))
    late = skewed[1][:skew] - skewed[0][:skew] + np.arange(skew) * FAST
    return {
        "drift_ms_per_hour": abs(float(np.polyfit(np.arange(together), apart, 1)[0])) * HOUR_MS,
        "time_drift_ms_per_hour": max(abs(slope(side)) for side in even) * HOUR_MS,
        "apart_most_ms": float(np.max(np.abs(apart - apart[0]))) * 1000,
        "skewed_drift_ms_per_hour": abs(float(np.polyfit(np.arange(skew), late, 1)[0])) * HOUR_MS,
        "moved": sum(int(np.sum(np.abs(np.diff(side) - 1.0) > 0.005)) for side in even),
        "ticks": together,
    }


if __name__ == "__main__":
    run("drift", "whether the two sides of a long recording stay together", measure, TARGETS)
