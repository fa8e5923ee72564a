"""Sounds as callers hear them: cut to the word, level, and never clipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speech.errors import UnreadableSoundError
from speech.files import is_telephone_wav, read, write
from speech.sound import RATE_HZ, Samples, level, limit, resample, silence, speech_rms, tighten, tone, trim

WORD = tone(440, 0.5, -20)


def decibels(value: float) -> float:
    return float(20 * np.log10(value))


def loudest_hertz(samples: Samples, rate_hz: int = RATE_HZ) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate_hz / len(samples))


@pytest.mark.parametrize("before_s", [0.0, 0.01, 0.4])
def test_silence_around_a_word_becomes_a_short_margin(before_s: float) -> None:
    trimmed = trim(np.concatenate([silence(before_s), WORD, silence(0.7)]))
    assert len(trimmed) / RATE_HZ == pytest.approx(0.5 + 0.06, abs=0.04)
    assert not np.any(trimmed[:160])
    assert not np.any(trimmed[-160:])


def test_nothing_is_left_of_silence() -> None:
    assert len(trim(silence(1.0))) == 0


def test_a_long_rest_between_words_is_cut() -> None:
    spoken = tighten(np.concatenate([WORD, silence(0.8), WORD]))
    assert len(spoken) / RATE_HZ == pytest.approx(1.1, abs=0.03)


def test_a_short_rest_between_words_stays() -> None:
    assert len(tighten(np.concatenate([WORD, silence(0.08), WORD]))) == pytest.approx(1.08 * RATE_HZ, abs=80)


@pytest.mark.parametrize("level_db", [-50, -30, -9])
def test_every_voice_is_brought_to_the_same_level(level_db: float) -> None:
    spoken = np.concatenate([silence(1.0), tone(300, 1.0, level_db), silence(1.0)])
    assert decibels(speech_rms(level(spoken))) == pytest.approx(-19, abs=0.3)


def test_a_spiky_voice_is_turned_down_not_clipped() -> None:
    spikes = tone(300, 1.0, -20)
    spikes[7::400] *= 12
    levelled = level(spikes)
    assert decibels(float(np.max(np.abs(levelled)))) <= -2.99
    assert np.count_nonzero(np.abs(levelled) > 0.999 * np.max(np.abs(levelled))) < 40


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=400), st.floats(0.1, 1.0))
def test_no_sample_passes_the_limiter_above_its_peak(samples: list[float], peak: float) -> None:
    assert np.max(np.abs(limit(np.array(samples), peak))) <= peak * (1 + 1e-9)


@pytest.mark.parametrize("from_hz", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
def test_a_studio_s_rate_becomes_eight_kilohertz_at_the_same_pitch(from_hz: int) -> None:
    at_s = np.arange(from_hz) / from_hz
    there = resample(0.1 * np.sin(2 * np.pi * 1000 * at_s), from_hz)
    assert len(there) == pytest.approx(RATE_HZ, abs=2)
    assert loudest_hertz(there) == pytest.approx(1000, abs=2)
    assert decibels(speech_rms(there)) == pytest.approx(-23, abs=0.2)


def test_what_a_telephone_cannot_carry_does_not_fold_back() -> None:
    at_s = np.arange(48000) / 48000
    assert np.max(np.abs(resample(0.5 * np.sin(2 * np.pi * 7000 * at_s), 48000))) < 0.001


def test_a_stereo_studio_file_is_read_as_one_voice(tmp_path: Path) -> None:
    at_s = np.arange(44100) / 44100
    voice = 0.2 * np.sin(2 * np.pi * 500 * at_s)
    soundfile.write(tmp_path / "hello.wav", np.stack([voice, voice], axis=1), 44100, subtype="PCM_24")
    assert not is_telephone_wav(tmp_path / "hello.wav")
    assert loudest_hertz(read(tmp_path / "hello.wav")) == pytest.approx(500, abs=2)


def test_what_is_written_is_what_asterisk_plays(tmp_path: Path) -> None:
    write(tmp_path / "kk" / "hello.wav", WORD)
    assert is_telephone_wav(tmp_path / "kk" / "hello.wav")
    assert [path.name for path in (tmp_path / "kk").iterdir()] == ["hello.wav"]
    assert np.allclose(read(tmp_path / "kk" / "hello.wav"), WORD, atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\x00\x00\x00\x00WAVE"])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "hello.wav"
    broken.write_bytes(content)
    with pytest.raises(UnreadableSoundError, match=r"hello\.wav"):
        read(broken)


def test_a_file_of_no_length_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", silence(0), RATE_HZ)
    assert not is_telephone_wav(tmp_path / "empty.wav")
    with pytest.raises(UnreadableSoundError, match="holds no sound"):
        read(tmp_path / "empty.wav")
