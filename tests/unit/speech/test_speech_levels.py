"""How loud and how long prompts are, and what is told of one that stands out."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from speech.files import write
from speech.levels import ODD_DB, USUAL_DB, Measured, flat_tops, measured, oddities, usual, usual_level
from speech.render import SOUNDS
from speech.sound import RATE_HZ, silence
from speech.sources import Sources
from tests.unit.speech.speaking import centre
from tests.unit.speech.studio_voice import rest, voice

PROMPT = Measured(level_db=-19.0, seconds=1.0, clipped=0, steady=False)


def test_the_level_is_that_of_the_speech_and_not_of_its_pauses() -> None:
    sound = voice(1.0, RATE_HZ, -23)
    paused = np.concatenate([silence(1.0), sound, silence(3.0), sound])
    assert measured(sound).level_db == pytest.approx(-23, abs=0.1)
    assert measured(paused).level_db == pytest.approx(-23, abs=0.1)
    assert measured(paused).seconds == 6.0


def test_of_silence_there_is_no_level() -> None:
    figures = measured(silence(1.0))
    assert figures.level_db == -math.inf and oddities(figures, -19) == ["silent"]


@pytest.mark.parametrize(
    ("off_db", "said"),
    [(0, []), (1.9, []), (-1.9, []), (2.5, ["2.5 dB louder than the others"]), (-6, ["6.0 dB softer than the others"])],
)  # fmt: skip
def test_a_level_is_odd_from_two_decibels_on(off_db: float, said: list[str]) -> None:
    assert ODD_DB == 2.0
    assert oddities(Measured(-19.0 + off_db, 1.0, 0, steady=False), -19.0) == said


def test_clipping_and_a_tone_are_told() -> None:
    said = oddities(Measured(-19.0, 1.0, 3, steady=True), -19.0)
    assert said == [
        "clipped in 3 places: it was recorded too loud",
        "as loud all the time: a tone or a noise, no speech?",
    ]
    assert oddities(Measured(-19.0, 1.0, 1, steady=False), -19.0)[0].startswith("clipped in 1 place:")
    assert oddities(PROMPT, -19.0) == []


@pytest.mark.parametrize("rate_hz", [8000, 44100, 192_000])
def test_each_top_that_is_cut_off_counts_at_any_rate(rate_hz: int) -> None:
    at_s = np.arange(rate_hz) / rate_hz
    wave = np.sin(2 * np.pi * 200 * at_s)
    assert flat_tops(np.clip(1.5 * wave, -1, 1), rate_hz) == 400  # half of them above, half below
    assert flat_tops(np.clip(1.5 * wave, -2, 1), rate_hz) == 200
    assert flat_tops(0.8 * np.clip(1.5 * wave, -1, 1), rate_hz) == 400  # turned down afterwards
    assert flat_tops(voice(1.0, rate_hz, -20), rate_hz) == 0
    assert flat_tops(silence(0), rate_hz) == 0


def test_a_soft_sound_of_sixteen_bits_is_not_clipped() -> None:
    soft = np.round(np.sin(2 * np.pi * 100 * np.arange(8000) / 8000) * 40) / 32768
    assert flat_tops(soft, 8000) == 0


def test_a_tone_and_a_noise_are_steady_and_no_rendered_prompt_is() -> None:
    sine = 0.1 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
    assert measured(sine).steady
    assert measured(rest(1.0, RATE_HZ, -20)).steady
    assert not measured(voice(1.0, RATE_HZ)).steady
    assert not measured(sine[:1600]).steady  # too short to tell


def test_the_usual_level_is_the_median_and_one_that_shouts_moves_nothing() -> None:
    assert usual([-19, -19.2, -3, -18.9, -math.inf]) == pytest.approx(-18.95)
    assert usual([]) == USUAL_DB == -19.0


def test_the_others_of_the_language_are_what_callers_hear_of_them(tmp_path: Path) -> None:
    settings, sources = centre(tmp_path), Sources(studio=tmp_path)
    assert usual_level(settings, sources, "kk") == pytest.approx(-19.0, abs=0.1)
    for path in (SOUNDS / "kk").glob("*.wav"):
        write(tmp_path / "kk" / path.name, voice(0.3, RATE_HZ, -24))
    write(tmp_path / "kk" / "hello.wav", voice(0.3, RATE_HZ, -6))
    (tmp_path / "kk" / "recorded.wav").write_bytes(b"broken")
    assert usual_level(settings, sources, "kk", but="hello") == pytest.approx(-24.0, abs=0.2)
    assert usual_level(settings, sources, "ru") == pytest.approx(-19.0, abs=0.1)
