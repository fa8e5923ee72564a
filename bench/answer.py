"""How soon a caller hears us, and how much of the law's thirty seconds the menu takes (rule 7).

First audio: from the INVITE that leaves the caller's socket to the first RTP packet there with sound in it.
Menu: from the same INVITE to the journal's `queued`, for a caller who hears the prompts on the wire, presses the key of
the language one second after it was said, and then that of the most wanted choice one second after that was said.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence

from bench.centre import Centre, MediaPorts, centre
from bench.figures import Run, Target, percentile
from bench.menu_walk import Prompts, known_caller_s, languages_kept, new_caller_s
from bench.report import Tell, run
from bench.sip_caller import SipCaller

CALLS = 100
RUNS, QUICK_RUNS = 7, 3
EVERY_S = 0.1

TARGETS = (
    Target("first_audio_p95_ms", 300),
    Target("menu_new_caller_s", 12),
    Target("menu_known_caller_s", 7),
)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Bring a hotline up and call it, run after run."""
    numbers = (f"7702{number:07}" for number in itertools.count())
    runs = QUICK_RUNS if quick else RUNS
    made = []
    async with centre(1, MediaPorts()) as hotline:
        for number in range(1, runs + 1):
            languages = ", ".join(hotline.up.settings.hotline.languages)
            tell(f"Run {number} of {runs}: {CALLS} callers for the first audio; the menu in {languages}")
            first_s, menu = await asyncio.gather(_first_audio(hotline, numbers), _menu(hotline, numbers))
            made.append(_audio_figures(first_s) | menu)
    return made


def _audio_figures(first_s: Sequence[float]) -> dict[str, float]:
    return {
        "first_audio_p95_ms": 1000 * percentile(first_s, 0.95),
        "first_audio_p50_ms": 1000 * percentile(first_s, 0.5),
        "first_audio_max_ms": 1000 * max(first_s),
    }


async def _first_audio(hotline: Centre, numbers: Iterator[str]) -> list[float]:
    async def call(number: str) -> float:
        async with SipCaller(hotline.up.settings.sip.port, hotline.up.settings.hotline.numbers[0], number) as line:
            return (await line.first_sound()).at_s - line.invite_at_s

    tasks = []
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLS):
            tasks.append(group.create_task(call(next(numbers))))
            await asyncio.sleep(EVERY_S)
    return [task.result() for task in tasks]


async def _menu(hotline: Centre, numbers: Iterator[str]) -> dict[str, float]:
    """Walk all languages at once; the figure is the slowest language's."""
    prompts = Prompts.of(hotline)
    callers = {language: next(numbers) for language in hotline.up.settings.hotline.languages}
    new_s = await asyncio.gather(*(new_caller_s(hotline, prompts, *caller) for caller in callers.items()))
    await languages_kept(hotline, callers)
    known_s = await asyncio.gather(*(known_caller_s(hotline, prompts, *caller) for caller in callers.items()))
    figures = {"menu_new_caller_s": max(new_s), "menu_known_caller_s": max(known_s)}
    for language, new, known in zip(callers, new_s, known_s, strict=True):
        figures |= {f"menu_new_caller_{language}_s": new, f"menu_known_caller_{language}_s": known}
    return figures


if __name__ == "__main__":
    run("answer", "the first word and the way through the menu", measure, TARGETS)
