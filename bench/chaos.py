"""A random hotline, and the truth about it from its phones: nobody unrecorded, misnamed, forgotten or not told.

Five operators, four callers and somebody at a desk do at random what people do: hold, transfer blindly and after
asking, join at once or later, leave the caller to a question that nobody answered, talk in three, pause the recording,
refuse, let ring, dial the hotline and join a caller with that, mistake one line for the other, hang up at any moment;
the controller is killed again and again. Everybody talks in a tone of their own, so that the phones' own recordings say
who heard whom in every quarter of a second; that is held against the archive's recordings, by their tones, and against
whom the ledger names with them. Seeded: `--seed N` plays that scene again as far as the machine's own timing lets it.

`seconds_unrecorded`: heard by caller or operator and in no recording of that operator's talk, beyond a second and 0.5 %
a talk; `seconds_under_wrong_operator`: an operator heard in a recording that names others, or a strange caller in one;
`callers_forgotten`: on the line for 8 s with nobody, beside an operator who was free all that time; `channels_left`: of
Asterisk when all have hung up, calls open in the ledger, files in the spool; `notices_missing`: a caller heard another
operator than before without being told first (rule 11); `calls_invented`: in the ledger, and nobody made them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from bailanys.control import ControlError, ask
from bailanys.processes.hotline import controller_ready
from bench.centre import Centre, MediaPorts, centre
from bench.chaos_judge import Verdict, judge
from bench.chaos_people import CALLER_HZ, Hall, come_and_go, command, serve, take_place, watch
from bench.chaos_truth import NOTICE_HZ
from bench.figures import Run, Target
from bench.kills import all_ready, settled
from bench.report import Tell, Wanted, run
from bench.sides import entrances
from phones.fleet import Fleet
from phones.tones import tone
from speech.compose import SUBFOLDER
from speech.files import write
from speech.sound import RATE_HZ

OPERATORS = 5
RUNS, RUN_S = 3, 300.0
QUICK_S = 20.0
SEED = 1414
NOTICE_S, WHISPER_S, PROMPT_S = 0.9, 1.5, 0.3
KILL_EVERY_S = (35.0, 70.0)
DEAD_S = (0.0, 0.0, 3.0, 6.0)
CLEARED_S = 20.0
OVER = {
    "BAILANYS_OFFERS__REFUSAL_REST_S": "0.5",
    "BAILANYS_OFFERS__RING_S": "3",
    "BAILANYS_OFFERS__BACKOFF_FIRST_S": "0.5",
    "BAILANYS_RATING__TRIES": "1",
    "BAILANYS_RATING__ANSWER_S": "0.6",
    "BAILANYS_MENU__ANSWER_S": "0.6",
    "BAILANYS_RECORDINGS__PAUSE_MOST_S": "10",
}

TARGETS = tuple(
    Target(key, 0)
    for key in (
        *("seconds_unrecorded", "seconds_under_wrong_operator", "callers_forgotten", "channels_left"),
        *("notices_missing", "calls_invented"),
    )
)


async def measure(quick: bool, seeds: range, lasts_s: float, keep: Path | None, tell: Tell) -> list[Run]:
    """One run a seed; the quick way one short run."""
    found = []
    for seed in seeds[:1] if quick else seeds:
        tell(f"seed {seed}: {OPERATORS} operators, {len(CALLER_HZ)} callers, a desk, {lasts_s:g} s")
        found.append(await play(seed, lasts_s, keep, tell))
    return found


async def play(seed: int, lasts_s: float, keep: Path | None, tell: Tell) -> Run:
    """One random hotline from its beginning to the verdict."""
    chance = random.Random(seed)  # noqa: S311 - a scene, no secret
    folder = None if keep is None else keep / str(seed)
    async with centre(OPERATORS, MediaPorts(), OVER) as stage, _logs_kept(stage, folder):
        give_tones(stage.up.places.state / "data" / "sounds")
        await stage.console("moh reload")
        await stage.open_ways_in(entrances(stage.groups, stage.up.settings.hotline.default_language))
        async with Fleet(folder=folder) as fleet:
            hall = Hall(stage, fleet, chance)
            await take_place(hall, dict(stage.up.secrets.operators))
            await _on_duty(stage)
            kills = await _live(hall, lasts_s)
            left = await _emptied(stage)
            stories = await settled(stage.up)
            spool = [path.name for path in stage.up.places.spool.glob("hl*") if path.is_file() and path.stat().st_size]
            verdict = await asyncio.to_thread(judge, hall, stories)
            _explain(hall, verdict, [*left, *spool], tell)
        if keep is not None:
            (keep / f"{seed}.txt").write_text("\n".join(hall.deeds))
    return {
        **verdict.figures(),
        "channels_left": len(left) + len(spool) + sum(one.record.call.ended_ms is None for one in stories),
        "calls": len(stories),
        "kills": kills,
        "talks": sum(len(story.recordings) for story in stories),
        "deeds": len(hall.deeds),
        "idle_alarms": stage.idle_alarms(),
    }


@contextlib.asynccontextmanager
async def _logs_kept(stage: Centre, folder: Path | None) -> AsyncIterator[None]:
    """Beside the phones' recordings, whatever happens."""
    try:
        yield
    finally:
        if folder is not None:
            shutil.copytree(stage.up.places.log, folder / "log", dirs_exist_ok=True)


async def _on_duty(stage: Centre) -> None:
    """Everybody ready; a controller that a busy machine held up is waited for."""
    async with asyncio.timeout(60):
        while True:
            with suppress(ControlError, TimeoutError):
                for number in stage.operators:
                    await ask(stage.up.places.control, "POST /operators/{number}/ready", number)
                await all_ready(stage)
                return
            await asyncio.sleep(1.0)


def give_tones(sounds: Path) -> None:
    """Every word said becomes a short silence, each notice a tone, and the music silence."""
    for told in [*sounds.glob(f"*/{SUBFOLDER}/*.wav"), *sounds.glob("music/*.wav"), *sounds.glob("moh/*.wav")]:
        write(told, np.zeros(round(PROMPT_S * RATE_HZ)))
    for told in [*sounds.glob(f"*/{SUBFOLDER}/whisper-*.wav"), *sounds.glob(f"*/{SUBFOLDER}/operator-*.wav")]:
        write(told, np.zeros(round(WHISPER_S * RATE_HZ)))
    for name, hz in NOTICE_HZ.items():
        for told in sounds.glob(f"*/{SUBFOLDER}/{name}.wav"):
            write(told, tone(hz, NOTICE_S, RATE_HZ))


async def _live(hall: Hall, lasts_s: float) -> int:
    """Everybody lives for so long; how often the controller was killed."""
    kills = 0
    people = [asyncio.create_task(serve(hall, person)) for person in hall.people]
    people += [asyncio.create_task(watch(hall)), asyncio.create_task(command(hall))]
    callers = [asyncio.create_task(come_and_go(hall, f"7702000000{at}", hz)) for at, hz in enumerate(CALLER_HZ)]
    ends_s = asyncio.get_running_loop().time() + lasts_s
    while (left_s := ends_s - asyncio.get_running_loop().time()) > 0:
        await asyncio.sleep(min(left_s, hall.between(*KILL_EVERY_S) if lasts_s > KILL_EVERY_S[1] else lasts_s / 2))
        if ends_s - asyncio.get_running_loop().time() > DEAD_S[-1]:
            kills += await _kill(hall)
    hall.going = False
    await asyncio.wait([*callers, *hall.tasks], timeout=CLEARED_S)
    for person in hall.people:
        for call in person.phone.calls:
            with suppress(Exception):  # it is over
                async with asyncio.timeout(5):
                    await call.hang_up()
    for task in [*people, *callers, *hall.tasks]:
        task.cancel()
    await asyncio.gather(*people, *callers, *hall.tasks, return_exceptions=True)
    return kills


async def _kill(hall: Hall) -> int:
    up = hall.stage.up
    if (pid := up.supervisor.pid) is None:
        return 0
    up.supervisor.may_start.clear()
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    hall.note("the controller", "is killed")
    await asyncio.sleep(hall.chance.choice(DEAD_S))
    up.supervisor.may_start.set()
    with suppress(ControlError):  # a busy machine: it comes all the same
        await controller_ready(up.places)
    hall.note("the controller", "is there again")
    return 1


async def _emptied(stage: Centre) -> list[str]:
    """The channels that are left when all have hung up."""
    left: list[str] = []
    for _ in range(round(CLEARED_S)):
        rows = (await stage.console("core show channels concise")).splitlines()
        left = [row for row in rows if "!" in row]
        if not left:
            break
        await asyncio.sleep(1.0)
    return left


def _explain(hall: Hall, verdict: Verdict, left: list[str], tell: Tell) -> None:
    for line in verdict.trouble:
        tell(line)
    for line in left:
        tell(f"left: {line}")
    if verdict.trouble or left:
        for call in verdict.calls:
            for line in hall.stage.history(call):
                tell(f"  {line[:330]}")
        for line in hall.deeds:
            tell(f"  {line}")


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description="a random hotline, and the truth of it")
    parser.add_argument("--quick", action="store_true", help="one short run: ends within 60 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first run; default: %(default)s")
    parser.add_argument("--runs", type=int, default=RUNS, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=RUN_S, help="of each run; default: %(default)g")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the phones' recordings there")
    found = parser.parse_args(sys.argv[1:])
    lasts_s = QUICK_S if found.quick else found.seconds
    seeds = range(found.seed, found.seed + found.runs)
    run(
        "chaos",
        "a random hotline, held against what its phones heard",
        lambda quick, tell: measure(quick, seeds, lasts_s, found.keep, tell),
        TARGETS,
        Wanted(found.quick, found.json),
    )


if __name__ == "__main__":
    _main()
