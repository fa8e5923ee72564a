"""What a caller hears in one piece: the greeting, the menu, the operator's number."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from config.settings import Language, Settings
from speech.compose import composed, install_sounds
from speech.errors import MissingPromptError, UnreadableSoundError
from speech.files import is_telephone_wav, read, write
from speech.render import SOUNDS
from speech.scripts import GAP_S, KEY_GAP_S, Line, Tone, scripts
from speech.sound import RATE_HZ, tone
from speech.sources import Prompt, Sources, missing_prompts, synthetic_prompts
from tests.unit.speech.speaking import centre

HOTLINE = Path(__file__).parents[3] / "config" / "hotline.toml"


@pytest.fixture(scope="module")
def the_hotline() -> Settings:
    return Settings.model_validate(tomllib.loads(HOTLINE.read_text(encoding="utf-8")))


def pieces(settings: Settings, language: Language, name: str) -> list[str]:
    script = scripts(settings, language)[name]
    return [str(piece) for line in script for piece in line.pieces]


def test_the_welcome_lets_each_language_name_itself() -> None:
    said = ["kk/hello", "kk/language", "kk/n-1", "ru/language", "ru/n-2", "en/language", "en/n-3"]
    assert pieces(centre(), "en", "welcome") == said
    assert pieces(centre(), "kk", "choose-language") == said[1:]


def test_the_first_menu_tells_that_the_talk_is_recorded() -> None:
    options = ["ru/menu-state-services", "ru/n-1", "ru/menu-repeat", "ru/n-9"]
    assert pieces(centre(), "ru", "menu-first") == ["ru/recorded", *options]
    assert pieces(centre(), "ru", "menu") == options


def test_a_known_caller_may_change_the_language() -> None:
    settings = centre()
    starred = settings.model_copy(update={"menu": settings.menu.model_copy(update={"change_language_key": "*"})})
    said = pieces(starred, "en", "menu-known")
    assert said[:2] == ["en/hello-again", "en/recorded"]
    assert said[-2:] == ["en/change-language", "en/key-star"]


def test_the_operator_s_number_is_told() -> None:
    assert pieces(centre(), "ru", "operator-101") == ["ru/operator", "ru/n-100", "ru/n-1"]


def test_the_operator_s_ear_hears_what_the_caller_chose() -> None:
    tone_first, choice = scripts(centre(), "kk")["whisper-services"]
    assert isinstance(tone_first.pieces[0], Tone)
    assert choice.pieces == (Prompt("kk", "menu-state-services"),)
    assert len(scripts(centre(), "kk")["whisper-nobody-asks-for"]) == 1


def test_options_end_with_their_key() -> None:
    script = (
        Line((Prompt("kk", "recorded"),)),
        Line((Prompt("kk", "menu-portal"), Prompt("kk", "n-2")), option="2", inner_gap_s=KEY_GAP_S),
        Line((Prompt("kk", "menu-repeat"), Prompt("kk", "n-9")), option="9", inner_gap_s=KEY_GAP_S),
    )
    samples, ends_s = composed(script, lambda _: tone(400, 1.0, -20))
    assert ends_s == {"2": pytest.approx(3 + GAP_S + KEY_GAP_S), "9": pytest.approx(5 + 2 * GAP_S + 2 * KEY_GAP_S)}
    assert len(samples) / RATE_HZ == ends_s["9"]


def test_the_menu_leaves_the_law_s_thirty_seconds_to_the_operators(the_hotline: Settings, tmp_path: Path) -> None:
    # Rule 7 counts from the arrival: the options have to be out soon.
    spoken = install_sounds(the_hotline, tmp_path)
    for timing in spoken.languages.values():
        assert timing.option_ends_s["welcome"]["3"] <= 5.0
        assert timing.option_ends_s["menu-first"]["1"] <= 3.6
        assert timing.option_ends_s["menu-known"]["1"] <= 4.2


def test_the_tree_is_what_asterisk_reads(tmp_path: Path) -> None:
    spoken = install_sounds(centre(), tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.wav")}
    assert {"kk/bailanys/hello.wav", "ru/bailanys/n-1-f.wav", "en/bailanys/welcome.wav", "music/hold.wav"} <= files
    assert all(is_telephone_wav(tmp_path / name) for name in files)
    assert all(
        len(read(tmp_path / language / "bailanys" / f"{name}.wav")) / RATE_HZ == pytest.approx(seconds, abs=0.001)
        for language, timing in spoken.languages.items()
        for name, seconds in timing.seconds.items()
    )
    assert spoken.seconds == spoken.languages["kk"].seconds
    assert spoken.option_ends_s["welcome"].keys() == {"1", "2", "3"}


def test_the_welcome_is_the_same_in_every_language(tmp_path: Path) -> None:
    install_sounds(centre(), tmp_path)
    heard = {(tmp_path / language / "bailanys" / "welcome.wav").read_bytes() for language in ("kk", "ru", "en")}
    assert len(heard) == 1


def test_nothing_is_done_twice(tmp_path: Path) -> None:
    first = install_sounds(centre(), tmp_path)
    before = (tmp_path / "kk" / "bailanys" / "welcome.wav").stat().st_ino
    started = time.perf_counter()
    assert install_sounds(centre(), tmp_path) == first
    assert time.perf_counter() - started < 1
    assert (tmp_path / "kk" / "bailanys" / "welcome.wav").stat().st_ino == before


def test_a_sound_that_was_lost_is_laid_out_again(tmp_path: Path) -> None:
    install_sounds(centre(), tmp_path)
    (tmp_path / "ru" / "bailanys" / "menu.wav").unlink()
    install_sounds(centre(), tmp_path)
    assert (tmp_path / "ru" / "bailanys" / "menu.wav").is_file()


def test_an_operator_who_left_is_no_longer_spoken(tmp_path: Path) -> None:
    settings = centre()
    install_sounds(settings, tmp_path)
    successor = settings.operators[0].model_copy(update={"number": "102"})
    install_sounds(settings.model_copy(update={"operators": (successor,)}), tmp_path)
    assert not (tmp_path / "kk" / "bailanys" / "operator-101.wav").exists()
    assert (tmp_path / "kk" / "bailanys" / "operator-102.wav").is_file()


def test_a_studio_recording_wins_alone_and_in_the_composed_sounds(tmp_path: Path) -> None:
    studio = tmp_path / "studio"
    (studio / "kk").mkdir(parents=True)
    at_s = np.arange(2 * 48000) / 48000
    soundfile.write(studio / "kk" / "hello.wav", 0.2 * np.sin(2 * np.pi * 500 * at_s), 48000)
    spoken = install_sounds(centre(studio), tmp_path / "out")
    assert len(read(tmp_path / "out" / "kk" / "bailanys" / "hello.wav")) == 2 * RATE_HZ
    assert is_telephone_wav(tmp_path / "out" / "kk" / "bailanys" / "hello.wav")
    assert spoken.option_ends_s["welcome"]["1"] > 2.5
    assert Prompt("kk", "hello") not in synthetic_prompts(centre(studio))
    assert Prompt("ru", "hello") in synthetic_prompts(centre(studio))


def test_a_centre_s_own_music_wins(tmp_path: Path) -> None:
    write(tmp_path / "studio" / "music" / "hold.wav", tone(300, 2.0, -20))
    install_sounds(centre(tmp_path / "studio"), tmp_path / "out")
    assert len(read(tmp_path / "out" / "music" / "hold.wav")) == 2 * RATE_HZ


def test_an_unreadable_studio_recording_is_named_and_leaves_the_old_sounds(tmp_path: Path) -> None:
    studio = tmp_path / "studio"
    before = install_sounds(centre(studio), tmp_path / "out")
    (studio / "ru").mkdir(parents=True)
    (studio / "ru" / "goodbye.wav").write_bytes(b"not a sound")
    with pytest.raises(UnreadableSoundError, match=r"ru/goodbye\.wav"):
        install_sounds(centre(studio), tmp_path / "out")
    (studio / "ru" / "goodbye.wav").unlink()
    assert install_sounds(centre(studio), tmp_path / "out") == before


def test_a_prompt_without_a_sound_is_named_with_its_language(tmp_path: Path) -> None:
    settings = centre(
        menu={"choices": [{"key": "1", "group": "services", "prompt": "menu-licences"}]}, studio=tmp_path / "studio"
    )
    assert missing_prompts(settings) == tuple(Prompt(language, "menu-licences") for language in ("kk", "ru", "en"))
    with pytest.raises(MissingPromptError, match="kk: no sound for the prompt 'menu-licences'"):
        install_sounds(settings, tmp_path / "out")
    for language in ("kk", "ru", "en"):
        write(tmp_path / "studio" / language / "menu-licences.wav", tone(300, 1.0, -20))
    assert missing_prompts(settings) == ()
    assert "menu-first" in install_sounds(settings, tmp_path / "out").seconds


def test_sounds_are_copied_where_links_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    install_sounds(centre(), tmp_path)
    assert read(tmp_path / "kk" / "bailanys" / "goodbye.wav").tolist() == read(SOUNDS / "kk" / "goodbye.wav").tolist()


def test_a_receipt_cut_short_is_no_reason_to_fail(tmp_path: Path) -> None:
    first = install_sounds(centre(), tmp_path)
    (tmp_path / "spoken.json").write_text('{"inputs": "')
    assert install_sounds(centre(), tmp_path, Sources(studio=Path("no-studio"))) == first
