"""`bailanys prompts build`: renders what changed, and only that."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from config.settings import LANGUAGES
from speech.catalogue import catalogue
from speech.errors import SynthesiserError
from speech.files import read
from speech.render import changed, render, wanted
from speech.sound import RATE_HZ
from speech.voices import Voice, voices
from tests.unit.speech.speaking import Humming, humming

SPEAKER = """
import sys, wave
words = sys.stdin.buffer.read().decode()
with wave.open(sys.argv[1], "wb") as out:
    out.setparams((1, 2, 16000, 0, "NONE", ""))
    out.writeframes(b"\\x00\\x20\\x00\\xe0" * 400 * len(words))
"""


def speaker(folder: Path, program: str) -> Voice:
    (folder / "speaker.py").write_text(program, encoding="utf-8")
    return Voice("speaker", "speaker", (sys.executable, str(folder / "speaker.py"), "{out}"), 1, 1)


def test_the_first_build_renders_everything_with_its_progress(tmp_path: Path) -> None:
    steps = list(render(tmp_path, humming()))
    assert [step.done for step in steps] == list(range(1, len(wanted()) + 1))
    assert {step.of for step in steps} == {len(wanted())}
    assert str(steps[0]) == "kk/hello.wav"
    assert all(
        (tmp_path / language / f"{prompt}.wav").is_file() for language in LANGUAGES for prompt in catalogue(language)
    )


def test_a_second_build_has_nothing_to_do(tmp_path: Path) -> None:
    list(render(tmp_path, humming()))
    assert list(render(tmp_path, humming())) == []


def test_another_voice_renders_its_language_anew(tmp_path: Path) -> None:
    voices = humming()
    list(render(tmp_path, voices))
    other = {**voices, "ru": humming("other")["ru"]}
    assert {sound.language for sound in changed(tmp_path, other)} == {"ru"}


def test_another_pace_of_numbers_renders_only_the_numbers(tmp_path: Path) -> None:
    voices = humming()
    list(render(tmp_path, voices))
    slower = {**voices, "kk": replace(voices["kk"], number_pace=50)}
    todo = changed(tmp_path, slower)
    assert todo
    assert all(sound.prompt.startswith(("n-", "o-", "key-")) and sound.pace == 50 for sound in todo)


def test_a_lost_file_is_rendered_again(tmp_path: Path) -> None:
    list(render(tmp_path, humming()))
    (tmp_path / "kk" / "hello.wav").unlink()
    assert [sound.name for sound in changed(tmp_path, humming())] == ["kk/hello.wav"]


def test_a_file_no_catalogue_names_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "kk").mkdir()
    (tmp_path / "kk" / "old-prompt.wav").write_bytes(b"")
    list(render(tmp_path, humming()))
    assert not (tmp_path / "kk" / "old-prompt.wav").exists()


def test_a_build_that_broke_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with pytest.raises(SynthesiserError, match="gone"):
        list(render(tmp_path, humming(falls_silent_after=10)))
    again = humming()
    list(render(tmp_path, again))
    assert len(cast("Humming", again["kk"]).said) == len(catalogue("kk")) - 10


def test_the_manifest_holds_a_digest_for_every_sound_and_no_other(tmp_path: Path) -> None:
    list(render(tmp_path, humming()))
    made = json.loads((tmp_path / "manifest.json").read_text())
    assert made == {sound.name: sound.digest for sound in wanted(humming())}


def test_a_synthesiser_that_is_not_there_names_its_package() -> None:
    voice = replace(voices()["kk"], command=("no-such-synthesiser", "{out}"))
    with pytest.raises(SynthesiserError, match=r"no-such-synthesiser is not installed .*espeak-ng"):
        voice.say("бір", 100)


def test_a_synthesiser_is_given_the_text_and_its_sound_is_taken(tmp_path: Path) -> None:
    spoken = speaker(tmp_path, SPEAKER).say("жүз", 100)
    assert len(spoken) / RATE_HZ == pytest.approx(800 * 3 / 16000, abs=0.001)


def test_a_synthesiser_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(SynthesiserError, match="could not speak 'бір': no such voice"):
        speaker(tmp_path, "raise SystemExit('no such voice')").say("бір", 100)


def test_a_voice_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    class Silent(Humming):
        def say(self, words: str, pace: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.zeros(4000)

    voices = {**humming(), "kk": Silent("silent", "silent", ("silent",), 1, 1)}
    with pytest.raises(SynthesiserError, match="says nothing for hello"):
        list(render(tmp_path, voices))


def test_rendered_speech_is_of_telephone_level(tmp_path: Path) -> None:
    list(render(tmp_path, humming()))
    loudness = 20 * np.log10(np.sqrt(np.mean(read(tmp_path / "en" / "transfer-notice.wav")[400:-400] ** 2)))
    assert loudness == pytest.approx(-19, abs=0.5)
