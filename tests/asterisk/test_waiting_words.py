"""What waiting callers are told: place, expected wait, honest words when nobody is there; never in an offer's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, open_centre
from prompt_tones import prompt_hz

from phones import tones
from phones.manners import Answer, Ring

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERY_S = 5.0
AT_ONCE_S = 0.1
PROMPT_DBFS = -20.0
"""A prompt's tone is louder; the hold music that follows is softer in so narrow a band."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(waiting__announce_first_s=2, waiting__announce_every_s=EVERY_S) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_place_and_expected_wait_are_told_and_told_again(centre: Centre) -> None:
    await centre.phone_of("101", Answer())
    await centre.duty("101", ready=True)
    talking = await centre.visit()
    await talking.enters()
    await centre.talk("101", talking)
    first, second = await centre.visit(), await centre.visit()
    await first.enters(language="ru")
    await second.enters(language="ru")
    place = await second.until_prompt("position-2", "ru")
    wait = await second.until_prompt("wait-before", "ru", place[1] - 0.1)
    assert wait[0] - place[1] < 0.5
    again = await second.until_prompt("wait-before", "ru", wait[1] + 1.0)
    assert again[0] - wait[0] == pytest.approx(EVERY_S, abs=1.5)
    assert second.heard("nobody-now", "ru") == []
    await talking.call.hang_up()
    await first.call.until_hears(OPERATOR_HZ["101"])  # in the middle of whatever was being said


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_a_caller_whom_nobody_serves_now_is_told_so_and_keeps_the_place(centre: Centre, language: str) -> None:
    paused = await centre.phone_of("101", Ring())  # registered
    rings = len(paused.calls)
    visit, other = await centre.visit(), await centre.visit()
    await asyncio.gather(visit.enters(language=language), other.enters(language=language))
    said = await other.until_prompt("nobody-now", language)
    await other.until_prompt("nobody-now", language, said[1] + 1.0)
    assert other.heard("wait-before", language) == []
    assert len(paused.calls) == rings
    await centre.duty("101", ready=True)
    await (await centre.offered("101", visit)).answer()
    await visit.call.until_hears(OPERATOR_HZ["101"])


def last_heard_s(path: Path, hz: float) -> float:
    """Where in a recording a prompt's tone ends, exact to 20 ms."""
    samples, rate = tones.read(path)
    size = round(0.02 * rate)
    frames = range(0, len(samples) - size, size)
    return (
        max(at + size for at in frames if tones.tones_in(samples[at : at + size], rate, [hz])[hz] > PROMPT_DBFS) / rate
    )


async def test_a_prompt_is_cut_the_moment_an_operator_is_free(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    visit = await centre.visit()
    await visit.enters()
    async with asyncio.timeout(10):
        while not (visit.call.heard_s() and visit.heard("position-1")):  # four seconds long
            await asyncio.sleep(0.05)
    ready_s = time.time()
    await centre.duty("101", ready=True)
    offer = await centre.offered("101", visit)
    await visit.call.listen(1.0)
    assert visit.call.instants.media is not None
    cut_s = visit.call.instants.media + last_heard_s(visit.call.heard(), prompt_hz("position-1"))
    assert offer.instants.invite - ready_s < AT_ONCE_S
    assert abs(cut_s - offer.instants.invite) < AT_ONCE_S
