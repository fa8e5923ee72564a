"""Every talk has a recording or an explained gap: real calls through every flow (rule 14, promises 1 to 3).

1,000 calls in all, the flows in turn: hang-up by either side, hold, an offer refused and the caller requeued, blind
transfer, attended, failed attended, three-way, and packets that stop at the caller, at the operator, at both, with
comfort noise and without. Callers are wire-level phones in a tone of their own, operators real softphones (pjsua) in
another, on a real Asterisk; some callers are on the line all the time, the next comes when one is gone. The menu is
left out, and what is told before a talk and at a transfer is cut to a fraction of a second.

`unexplained`: talks that the phones had and that have no recording with the caller left and the operator right, by
their tones, and no reason for it either; talks in the ledger that nobody had; files that are left in the spool.
`length_error_s`: the worst |length of the file - time connected| less 0.5 % of that time, so at most 1 is right.
`not_played`: flows that went another way than they should; their recordings are not judged.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from contextlib import AsyncExitStack, suppress

import numpy as np

from bailanys.control import ask
from bench.centre import Centre, MediaPorts, centre
from bench.figures import Run, Target
from bench.flows import FLOWS, TROUBLE, Floor, Talks, Visit
from bench.kills import ADDRESS, all_ready, settled
from bench.recorded import CALLER_HZ, OPERATOR_HZ, judge
from bench.report import Tell, run
from bench.sides import OURS, cut_telling, entrances
from bench.switchboard import Switchboard, switchboard
from bench.voice import Clock
from phones.fleet import Fleet
from phones.manners import Ring
from recordings.vault.vault import Vault
from speech.compose import SUBFOLDER
from speech.files import write
from speech.sound import RATE_HZ
from storage.ledger import CallStory

CALLS, OPERATORS, AT_ONCE = 1_000, 20, 12
QUICK_CALLS, QUICK_OPERATORS, QUICK_AT_ONCE = 48, 10, 6
TELLING_S = 0.05
NOTICE_S = 0.4
OVER = {"BAILANYS_OFFERS__REFUSAL_REST_S": "0.5", "BAILANYS_RATING__TRIES": "1", "BAILANYS_RATING__ANSWER_S": "0.5"}

TARGETS = (Target("unexplained", 0), Target("length_error_s", 1.0), Target("not_played", 0))


async def measure(quick: bool, tell: Tell) -> list[Run]:
    """One run of the size that was asked for: a talk without a recording is one in any run."""
    calls, operators, at_once = (QUICK_CALLS, QUICK_OPERATORS, QUICK_AT_ONCE) if quick else (CALLS, OPERATORS, AT_ONCE)
    async with centre(operators, MediaPorts(), OVER) as stage:
        shorten(stage)
        await stage.open_ways_in(entrances(stage.groups, stage.up.settings.hotline.default_language))
        tell(f"{calls} calls through {len(FLOWS)} flows, {at_once} at once, {operators} operators")
        played, not_played = await play(stage, calls, at_once, tell)
        tell("All callers have hung up; waiting until the ledger knows it all")
        stories = await settled(stage.up)
        return [figures(stage, played, not_played, {s.record.call.caller_raw or "": s for s in stories}, tell)]


def shorten(stage: Centre) -> None:
    """Cut what is told before a talk and at a transfer."""
    sounds = stage.up.places.state / "data" / "sounds"
    cut_telling(sounds, TELLING_S)
    for notice in ("transfer-notice", "three-way-notice"):
        for told in sounds.glob(f"*/{SUBFOLDER}/{notice}.wav"):
            write(told, np.zeros(round(NOTICE_S * RATE_HZ)))


async def play(stage: Centre, calls: int, at_once: int, tell: Tell) -> tuple[dict[str, Talks], dict[str, str]]:
    """Let the callers come; by caller's number what each had, and what went wrong with a flow."""
    clock, port = Clock(), stage.up.settings.sip.port
    ticking = asyncio.create_task(clock.run())
    played: dict[str, Talks] = {}
    not_played: dict[str, str] = {}
    try:
        async with AsyncExitStack() as stack:
            fleet = await stack.enter_async_context(Fleet())
            phones = []
            for number in stage.operators:
                secret = stage.up.secrets.operators[number]
                phone = await fleet.operator(number, secret, port, tone_hz=OPERATOR_HZ, manner=Ring())
                phones.append(phone)
                await ask(stage.up.places.control, "POST /operators/{number}/ready", number)
            await all_ready(stage)
            floor = Floor(phones)
            stack.push_async_callback(floor.close)
            trunk = await stack.enter_async_context(switchboard(ADDRESS, (ADDRESS, port), clock))
            coming = iter(range(calls))

            async def callers() -> None:
                for at in coming:
                    number = f"7702{at:07}"
                    flow = FLOWS[at % len(FLOWS)]
                    visit = _comes(trunk, floor, number)
                    try:
                        played[number] = await flow(visit)
                    except TROUBLE as error:
                        not_played[number] = f"{flow.__name__}: {error!r}"
                        tell(f"{number} {not_played[number]}")
                    await _goes(visit)
                    if at % 100 == 99:
                        tell(f"{at + 1} calls")

            async with asyncio.TaskGroup() as everybody:
                for _ in range(at_once):
                    everybody.create_task(callers())
    finally:
        ticking.cancel()
    return played, not_played


def _comes(trunk: Switchboard, floor: Floor, number: str) -> Visit:
    visit = floor.visits[number] = Visit(number, trunk.dial(number, f"{OURS}1", CALLER_HZ), floor)
    return visit


async def _goes(visit: Visit) -> None:
    """The caller hangs up; so do the phones that still ring or talk for them."""
    visit.leg.hang_up()
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await visit.leg.over.wait()
    visit.floor.visits.pop(visit.number)


def figures(
    stage: Centre, played: dict[str, Talks], not_played: dict[str, str], stories: dict[str, CallStory], tell: Tell
) -> Run:
    """The figures of the run, flat; tells each talk without a recording."""
    judged = {
        number: judge(talks, stories.get(number), Vault(stage.up.places).recording) for number, talks in played.items()
    }
    for number, one in judged.items():
        for trouble in one.unexplained:
            tell(f"{number}: {trouble}")
    off_s = list(itertools.chain.from_iterable(one.lengths_off_s for one in judged.values()))
    left = [path.name for path in stage.up.places.spool.glob("*") if path.is_file() and path.stat().st_size]
    for name in left:
        tell(f"left in the spool: {name}")
    return {
        "unexplained": sum(len(one.unexplained) for one in judged.values()) + len(left),
        "length_error_s": max(off_s, default=0.0),
        "length_error_median_s": statistics.median(off_s) if off_s else 0.0,
        "explained": sum(one.explained for one in judged.values()),
        "not_played": len(not_played),
        "calls": len(played),
        "recordings": len(off_s),
        "idle_alarms": stage.idle_alarms(),
    }


if __name__ == "__main__":
    run("coverage", "every talk has a recording or an explained gap", measure, TARGETS)
