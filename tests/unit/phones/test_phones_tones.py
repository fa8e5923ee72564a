from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from phones import tones

RATE = 8000


def _through_alaw(samples: tones.Samples, path: Path) -> tones.Samples:
    soundfile.write(str(path), samples, RATE, subtype="ALAW", format="WAV")
    return tones.read(path)[0]


def test_level_of_a_tone_is_what_it_was_made_at() -> None:
    made = tones.tone(1000, 1.0, RATE, dbfs=-12)
    levels = tones.tones_in(made, RATE, (440, 1000))
    assert levels[1000] == pytest.approx(-12, abs=0.1)
    assert levels[440] < -70


@given(hz=st.integers(300, 3400), dbfs=st.floats(-30, -3))
def test_any_tone_of_the_telephone_band_is_heard(hz: int, dbfs: float) -> None:
    assert tones.heard_share(tones.tone(hz, 0.5, RATE, dbfs), RATE, hz) == 1.0


def test_tone_is_heard_after_alaw_and_under_another_voice(tmp_path: Path) -> None:
    both = tones.tone(440, 1.0) + tones.tone(1000, 1.0, dbfs=-18)
    heard = _through_alaw(both, tmp_path / "a.wav")
    assert tones.heard_share(heard, RATE, 440) == 1.0
    assert tones.heard_share(heard, RATE, 1000) == 1.0
    assert tones.heard_share(heard, RATE, 700) == 0.0


def test_noise_and_silence_hold_no_tone() -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, RATE * 2)
    assert tones.heard_share(noise, RATE, 1000) < 0.2
    assert tones.heard_share(np.zeros(RATE), RATE, 1000) == 0.0
    assert tones.heard_share(np.zeros(10), RATE, 1000) == 0.0


def test_stretch_and_channel_are_kept_apart(tmp_path: Path) -> None:
    left = np.concatenate([tones.tone(440, 1.0), np.zeros(RATE)])
    right = np.concatenate([np.zeros(RATE), tones.tone(1000, 1.0)])
    path = tmp_path / "talk.flac"
    soundfile.write(str(path), np.stack([left, right], axis=1), RATE, subtype="PCM_16")
    assert tones.hears(path, 440, 0, 1, channel=0)
    assert not tones.hears(path, 440, 1, 2, channel=0)
    assert tones.hears(path, 1000, 1, None, channel=1)
    assert not tones.hears(path, 1000, 0, 1, channel=1)
    with pytest.raises(IndexError):
        tones.hears(path, 440, channel=2)


def test_first_audio_is_found_to_a_frame() -> None:
    samples = np.concatenate([np.full(RATE // 2, 1e-4), tones.tone(440, 0.5)])
    assert tones.first_audio_s(samples, RATE) == pytest.approx(0.5, abs=0.021)
    assert tones.first_audio_s(np.zeros(RATE), RATE) is None


def test_alaw_silence_is_silence(tmp_path: Path) -> None:
    heard = _through_alaw(np.zeros(RATE), tmp_path / "s.wav")
    assert not tones.speech_or_music_present(heard, RATE)
    assert not tones.speech_or_music_present(np.empty(0), RATE)
    assert tones.speech_or_music_present(tones.tone(300, 1.0), RATE)


def test_wav_that_is_still_being_written_is_read_to_its_end(tmp_path: Path) -> None:
    whole = tones.write_tone(tmp_path / "whole.wav", 1000).read_bytes()
    growing = tmp_path / "growing.wav"
    growing.write_bytes(whole[:40] + (0).to_bytes(4, "little") + whole[44:-1])
    samples, rate = tones.read(growing)
    assert len(samples) == RATE - 1
    assert tones.heard_share(samples, rate, 1000) == 1.0
