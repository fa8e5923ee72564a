"""What `prompts join` puts together is what a caller hears: the same pieces in the same order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.settings import Language
from speech.announcements import heard, script_of, words
from speech.compose import install_sounds
from speech.errors import NumberOutOfRangeError, UnknownLanguageError, UnknownPromptError
from speech.files import read
from speech.sound import RATE_HZ
from speech.sources import Prompt, Sources, known_prompt, spoken_language
from tests.unit.speech.speaking import centre

SETTINGS = centre()
SOURCES = Sources(studio=Path("no-studio"))


def pieces(language: Language, name: str) -> list[str]:
    return [str(piece) for line in script_of(SETTINGS, language, name) for piece in line.pieces]


@pytest.mark.parametrize(
    ("language", "name", "said"),
    [
        ("kk", "hello", ["kk/hello"]),
        ("kk", "position=3", ["kk/position-3"]),
        ("kk", "position=12", ["kk/position-before", "kk/n-10", "kk/o-2", "kk/position-after"]),
        ("kk", "wait=2-5", ["kk/wait-before", "kk/n-2-from", "kk/n-5", "kk/minute-until"]),
        ("en", "wait=3", ["en/wait-3"]),
        ("en", "wait=0-5", ["en/wait-most", "en/n-5", "en/minute-many"]),
        ("ru", "wait=0", ["ru/wait-under-1"]),
        ("ru", "operator-101", ["ru/operator", "ru/n-100", "ru/n-1"]),
    ],
)
def test_announcements_are_named_as_a_person_names_them(language: Language, name: str, said: list[str]) -> None:
    assert pieces(language, name) == said


@pytest.mark.parametrize(
    "name", ["position=0", "position=2-3", "wait=5-2", "wait=", "position", "helo", "", "../hello"]
)
def test_what_is_never_said_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(UnknownPromptError) as told:
        script_of(SETTINGS, "kk", name)
    assert "\n" not in str(told.value)
    with pytest.raises(NumberOutOfRangeError):
        script_of(SETTINGS, "kk", "wait=2-99")


def test_a_slip_is_answered_with_what_may_be_meant() -> None:
    with pytest.raises(UnknownPromptError, match="kk: no prompt called 'helo'; did you mean 'hello'"):
        known_prompt(SETTINGS, "kk", "helo")
    with pytest.raises(UnknownPromptError, match="`bailanys prompts list` shows them all"):
        known_prompt(SETTINGS, "kk", "../../etc/passwd")
    assert known_prompt(SETTINGS, "ru", "menu-repeat") == Prompt("ru", "menu-repeat")
    with pytest.raises(UnknownLanguageError, match="de: callers are spoken to in kk, ru, en"):
        spoken_language(SETTINGS, "de")


def test_a_composed_sound_is_the_very_one_that_asterisk_plays(tmp_path: Path) -> None:
    install_sounds(SETTINGS, tmp_path)
    for name in ("menu-first", "welcome", "operator-101", "whisper-services"):
        played = read(tmp_path / "ru" / "bailanys" / f"{name}.wav")
        preview = heard([script_of(SETTINGS, "ru", name)], SOURCES)
        assert len(preview) == pytest.approx(len(played), abs=8)
        shared = min(len(preview), len(played))
        off = preview[:shared] - played[:shared]
        assert 0 < np.sqrt(np.mean(off**2)) < 0.02 * np.sqrt(np.mean(played**2))  # A-law's own noise, 38 dB below


def test_pieces_follow_each_other_as_asterisk_plays_a_list_of_files() -> None:
    alone = [read(SOURCES.path(Prompt("kk", one))) for one in ("position-before", "n-10", "o-2", "position-after")]
    both = heard([script_of(SETTINGS, "kk", "position=12"), script_of(SETTINGS, "kk", "hello")], SOURCES)
    assert len(both) / RATE_HZ == pytest.approx(
        sum(map(len, alone)) / RATE_HZ + len(read(SOURCES.path(Prompt("kk", "hello")))) / RATE_HZ, abs=0.002
    )


def test_the_text_is_told_with_it() -> None:
    said = [script_of(SETTINGS, "kk", name) for name in ("position=12", "hello")]
    assert words(said) == "Сіз кезекте он екінші тұрсыз Сәлеметсіз бе! Он төрт он төрт"
