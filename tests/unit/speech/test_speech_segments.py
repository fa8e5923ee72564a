"""pydub, as far as it is used: without ffmpeg, without a warning, exact to the sample."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speech.segments import cut, fade, in_a_row
from speech.sound import RATE_HZ, silence, tone
from tests.unit.speech.studio_voice import rest, voice

ROOT = Path(__file__).resolve().parents[3]


def test_it_is_loaded_without_a_warning_and_without_ffmpeg() -> None:
    """Where its bytecode is not kept, Python finds fault with it at each start."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-X", "pycache_prefix=/nowhere", "-c", "import speech.segments"],
        cwd=ROOT, env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("around_s", [0.0, 0.013, 0.5, 2.0])
def test_silence_at_both_ends_becomes_the_margin(around_s: float) -> None:
    word = voice(0.5, RATE_HZ)
    trimmed = cut(np.concatenate([silence(around_s), word, silence(around_s)]), margin_s=0.03)
    assert len(trimmed) / RATE_HZ == pytest.approx(0.56, abs=0.025)
    assert np.max(np.abs(trimmed)) == pytest.approx(np.max(np.abs(word)), abs=1e-6)


def test_what_is_forty_decibels_below_the_voice_is_silence_and_what_is_not_stays() -> None:
    word = voice(0.5, RATE_HZ, -20)
    assert len(cut(np.concatenate([rest(1.0, RATE_HZ, -70), word]))) / RATE_HZ == pytest.approx(0.56, abs=0.03)
    breath = tone(300, 0.3, -45)
    assert len(cut(np.concatenate([breath, word]))) / RATE_HZ == pytest.approx(0.86, abs=0.06)


def test_nothing_is_left_of_silence() -> None:
    assert len(cut(silence(1.0))) == len(cut(silence(0))) == 0


def test_ends_fade_and_the_middle_stays_as_it_is() -> None:
    sound = np.full(RATE_HZ, 0.5)
    faded = fade(sound, 0.01, 0.02)
    assert len(faded) == len(sound)
    assert faded[0] == pytest.approx(0, abs=1e-5) and abs(faded[-1]) < 0.01
    assert np.all(np.diff(faded[:80]) > 0) and np.all(np.diff(faded[-160:]) < 0)
    assert faded[80:-160] == pytest.approx(0.5, abs=1e-6)


def test_sounds_follow_each_other_without_a_gap_or_a_crossfade() -> None:
    one, other = tone(400, 0.3, -20), tone(700, 0.2, -20)
    assert in_a_row([one, other]) == pytest.approx(np.concatenate([one, other]), abs=1e-6)
    assert len(in_a_row([])) == 0
