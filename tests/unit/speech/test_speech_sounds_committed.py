"""The sounds that come with the project say what the catalogues say: speech, not silence, noise or clipping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.settings import LANGUAGES, Language
from speech.catalogue import catalogue
from speech.files import is_telephone_wav, read
from speech.music import BEAT_S, CHORDS, hold_music
from speech.render import SOUNDS, changed, stale
from speech.sound import RATE_HZ, speech_rms, trim

HOLD = SOUNDS / "music" / "hold.wav"


def sounds(language: Language) -> list[Path]:
    return [SOUNDS / language / f"{prompt}.wav" for prompt in catalogue(language)]


def test_every_sound_is_rendered_from_its_present_text_and_voice() -> None:
    assert [sound.name for sound in changed()] == []
    assert stale() == ()


def test_the_languages_say_the_same_things() -> None:
    prompts = [
        {key for key in catalogue(language) if not key.startswith(("n-", "o-", "minute"))} for language in LANGUAGES
    ]
    assert prompts[0] == prompts[1] == prompts[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sound_is_a_file_asterisk_plays_as_it_is(language: Language) -> None:
    assert [path.name for path in sounds(language) if not is_telephone_wav(path)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sound_holds_speech_of_one_level(language: Language) -> None:
    for path in sounds(language):
        samples = read(path)
        spectrum = np.abs(np.fft.rfft(samples)) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        in_band = spectrum[(hertz > 150) & (hertz < 3700)].sum() / spectrum.sum()
        assert 20 * np.log10(speech_rms(samples)) == pytest.approx(-19, abs=0.6), path
        assert 20 * np.log10(np.max(np.abs(samples))) <= -2.9, path
        assert in_band > 0.8, path
        # A voice moves over many pitches; a tone, hum or click does not.
        assert np.count_nonzero(spectrum > spectrum.max() / 1000) > 10, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sound_wastes_time_at_its_ends(language: Language) -> None:
    for path in sounds(language):
        samples = read(path)
        # 0.01 is 21 dB below speech: a final "th" may be softer than that, but not for long.
        loud = np.flatnonzero(np.abs(samples) > 0.01)
        assert loud[0] / RATE_HZ < 0.12, path
        assert (len(samples) - loud[-1]) / RATE_HZ < 0.2, path
        assert len(trim(samples)) == pytest.approx(len(samples), abs=0.03 * RATE_HZ), path


def test_the_sounds_are_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in SOUNDS.rglob("*.wav")) < 12_000_000


def test_the_hold_music_is_the_same_every_time() -> None:
    # Within two steps of 16 bits: mathematical libraries differ in the last digit of a sine.
    assert np.max(np.abs(read(HOLD) - hold_music())) <= 2 / 32768


def test_the_hold_music_is_long_soft_and_loops_without_a_click() -> None:
    music = hold_music()
    assert len(music) / RATE_HZ == pytest.approx(3 * BEAT_S * len(CHORDS.split()))
    assert len(music) / RATE_HZ >= 40
    assert 20 * np.log10(np.sqrt(np.mean(music**2))) == pytest.approx(-22, abs=0.1)
    assert np.max(np.abs(music)) < 0.5
    assert abs(music[0] - music[-1]) < np.max(np.abs(np.diff(music)))


def test_the_hold_music_never_falls_silent() -> None:
    seconds = hold_music()[: 47 * RATE_HZ].reshape(47, RATE_HZ)
    assert 20 * np.log10(np.sqrt(np.mean(seconds**2, axis=1)).min()) > -35
