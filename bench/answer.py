"""How soon a caller hears us, and how much of the law's thirty seconds the menu takes (rule 7).

First audio: from the INVITE that leaves the caller's socket to the first RTP packet there with sound in it.
Menu: from the same INVITE to the journal's `queued`, for a caller who hears the prompts on the wire, presses the key of
the language one second after it was said, and then that of the most wanted choice one second after that was said.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.centre import Centre, MediaPorts, centre
from bench.ear import Ear
from bench.figures import Run, Target, percentile
from bench.leg import Leg
from bench.menu_walk import Prompts, known_caller_s, languages_kept, new_caller_s
from bench.report import Tell, run
from bench.switchboard import Switchboard, switchboard
from bench.voice import Clock
from config.settings import Language

CALLS = 100
RUNS, QUICK_RUNS = 7, 3
EVERY_S = 0.1
TONE_HZ = 440

Walk = Callable[[Centre, Prompts, Leg, Language, str], Awaitable[float]]

TARGETS = (
    Target("first_audio_p95_ms", 300),
    Target("menu_new_caller_s", 12),
    Target("menu_known_caller_s", 7),
)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Bring a hotline up and call it, run after run."""
    numbers = (f"7702{number:07}" for number in itertools.count())
    runs = QUICK_RUNS if quick else RUNS
    clock, made = Clock(), []
    async with centre(1, MediaPorts()) as hotline, asyncio.TaskGroup() as group:
        ticking = group.create_task(clock.run())
        async with switchboard("127.0.0.1", ("127.0.0.1", hotline.up.settings.sip.port), clock) as board:
            languages = ", ".join(hotline.up.settings.hotline.languages)
            for number in range(1, runs + 1):
                tell(f"Run {number} of {runs}: {CALLS} callers for the first audio; the menu in {languages}")
                callers = Callers(hotline, board)
                first_s, menu = await asyncio.gather(_first_audio(callers, numbers), _menu(callers, numbers))
                made.append(_audio_figures(first_s) | menu)
        ticking.cancel()
    return made


@dataclass(frozen=True, slots=True)
class Callers:
    """Where calls come from and where they go."""

    hotline: Centre
    board: Switchboard

    @contextlib.contextmanager
    def call(self, number: str) -> Iterator[Leg]:
        """Call the hotline, and hang up at the end."""
        leg = self.board.dial(number, self.hotline.up.settings.hotline.numbers[0], TONE_HZ)
        try:
            yield leg
        finally:
            leg.hang_up()


def _audio_figures(first_s: Sequence[float]) -> dict[str, float]:
    return {
        "first_audio_p95_ms": 1000 * percentile(first_s, 0.95),
        "first_audio_p50_ms": 1000 * percentile(first_s, 0.5),
        "first_audio_max_ms": 1000 * max(first_s),
    }


async def _first_audio(callers: Callers, numbers: Iterator[str]) -> list[float]:
    async def first_sound_s(number: str) -> float:
        with callers.call(number) as leg:
            return await Ear(leg).first_sound_at() - leg.seen.invited_at

    tasks = []
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLS):
            tasks.append(group.create_task(first_sound_s(next(numbers))))
            await asyncio.sleep(EVERY_S)
    return [task.result() for task in tasks]


async def _menu(callers: Callers, numbers: Iterator[str]) -> dict[str, float]:
    """Walk all languages at once; the figure is the slowest language's."""
    hotline = callers.hotline
    prompts = Prompts.of(hotline)
    people = {language: next(numbers) for language in hotline.up.settings.hotline.languages}

    async def walk_s(walk: Walk, language: Language) -> float:
        with callers.call(people[language]) as leg:
            return await walk(hotline, prompts, leg, language, people[language])

    new_s = await asyncio.gather(*(walk_s(new_caller_s, language) for language in people))
    await languages_kept(hotline, people)
    known_s = await asyncio.gather(*(walk_s(known_caller_s, language) for language in people))
    figures = {"menu_new_caller_s": max(new_s), "menu_known_caller_s": max(known_s)}
    for language, new, known in zip(people, new_s, known_s, strict=True):
        figures |= {f"menu_new_caller_{language}_s": new, f"menu_known_caller_{language}_s": known}
    return figures


if __name__ == "__main__":
    run("answer", "the first word and the way through the menu", measure, TARGETS)
