"""A studio's recording on the running hotline: the next caller hears it, with nothing started anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from command_line import bailanys
from hotline import Centre, Visit, open_centre
from prompt_tones import heard_stretches, prompt_hz

from phones import tones
from telephony.process import running_pid

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPOKEN_S = 0.8
HELLO_HZ, WAIT_HZ = 1300, 1420
"""Of the studio's voice: no prompt's, and no phone's that a waiting caller hears."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre() as opened:
        yield opened
        await opened.closed_down()


def studio_take(path: Path, hz: int) -> Path:
    """As a studio delivers: 48 kHz, 24 bit, stereo, soft, a second of its room before and after."""
    room = np.random.default_rng(1).normal(0, 1e-5, 48000)
    sound = np.concatenate([room, tones.tone(hz, SPOKEN_S, 48000, dbfs=-38.0), room])
    soundfile.write(path, np.stack([sound, sound], axis=1), 48000, subtype="PCM_24")
    return path


async def heard_by_a_caller(centre: Centre) -> Visit:
    """Somebody calls, hears the greeting out, chooses Kazakh and a topic, and waits."""
    visit = await centre.visit()
    await visit.until_prompt("language", "kk")
    await visit.enters(language="kk")
    await asyncio.sleep(1.5)  # what is said of waiting is said
    return visit


async def test_an_imported_prompt_is_heard_by_the_next_caller_without_a_restart(centre: Centre, tmp_path: Path) -> None:
    asterisk, controller = running_pid(centre.up.places.asterisk_conf), (await centre.asked("GET /operators"))
    before = await heard_by_a_caller(centre)
    assert before.heard("hello") and before.heard("please-wait")
    assert not heard_stretches(before.call.heard(), HELLO_HZ) and not heard_stretches(before.call.heard(), WAIT_HZ)

    for prompt, hz in (("hello", HELLO_HZ), ("please-wait", WAIT_HZ)):
        take = studio_take(tmp_path / f"{prompt}.wav", hz)
        there = await bailanys("prompts", "import", str(take), "--as", prompt, "--language", "kk", env=centre.env)
        assert there.status == 1 and "--replace" in there.err  # the scene's own studio has it
        done = await bailanys(
            "prompts", "import", str(take), "--as", prompt, "--language", "kk", "--replace", "--json", env=centre.env
        )
        (row,) = done.answer
        assert row["laid_out"] is True
        assert row["level_dbfs"] == pytest.approx(row["others_dbfs"], abs=1.0)

    after = await heard_by_a_caller(centre)
    assert after.heard("hello") == [] and after.heard("please-wait") == []
    heard = after.call.heard()
    for hz in (HELLO_HZ, WAIT_HZ):
        begin, end = sounding(heard, hz)
        assert end - begin == pytest.approx(SPOKEN_S, abs=0.1)
    next_begins = sounding(heard, prompt_hz("language", "kk"))[0]
    assert 0 < next_begins - sounding(heard, HELLO_HZ)[1] < 0.25, "the silence of the studio is cut"
    levels = [level_of(heard, hz) for hz in (HELLO_HZ, WAIT_HZ, prompt_hz("language", "kk"))]
    assert max(levels) - min(levels) < 1.0
    assert running_pid(centre.up.places.asterisk_conf) == asterisk
    assert (await centre.asked("GET /operators")).keys() == controller.keys()


def level_of(path: Path, hz: float) -> float:
    """How loud a tone is at its loudest, dBFS of a sine."""
    return max(level for _, level in levels_of(path, hz))


def sounding(path: Path, hz: float) -> tuple[float, float]:
    """From when to when a tone sounds, exact to some 50 ms: while it is less than 12 dB below its loudest."""
    levels = levels_of(path, hz)
    loud = [at_s for at_s, level in levels if level > max(one for _, one in levels) - 12]
    return loud[0], loud[-1]


def levels_of(path: Path, hz: float) -> list[tuple[float, float]]:
    """The level of a tone all through a recording, at the middle of each 60 ms."""
    samples, rate = tones.read(path)
    size = round(0.06 * rate)
    frames = range(0, len(samples) - size, size // 4)
    return [((at + size / 2) / rate, tones.tones_in(samples[at : at + size], rate, [hz])[hz]) for at in frames]


async def test_what_join_writes_is_what_the_caller_hears(centre: Centre, tmp_path: Path) -> None:
    """The same tones in the same order, of the same length."""
    out = tmp_path / "welcome.wav"
    done = await bailanys("prompts", "join", "welcome", "--language", "kk", "--out", str(out), "--json", env=centre.env)
    assert json.loads(done.out)[0]["text"].startswith("Сәлеметсіз бе!")
    visit = await centre.visit()
    await asyncio.sleep(4.0)
    languages = [("language", language) for language in ("kk", "ru", "en")]
    previewed = [heard_stretches(out, prompt_hz(*one))[0][0] for one in languages]
    over_the_line = [visit.heard(*one)[0][0] for one in languages]
    assert np.diff(over_the_line) == pytest.approx(np.diff(previewed), abs=0.11)
    for one in languages:  # not the greeting's own tone, which the scene before may have replaced
        assert level_of(out, prompt_hz(*one)) == pytest.approx(level_of(visit.call.heard(), prompt_hz(*one)), abs=1.0)
