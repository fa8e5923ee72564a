"""`bailanys prompts`: what a person types, and what is said back in one line when it cannot be."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bailanys.cli.app import main
from config.load import load
from speech.compose import install_sounds
from speech.files import is_telephone_wav, read
from speech.sound import RATE_HZ
from speech.sources import Sources
from tests.small_disk import small_disk

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """A command; its status, and what it said on both ways."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BAILANYS_SPEECH__OVERRIDE_DIR", str(tmp_path / "studio"))

    def said(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bailanys", "prompts", *words, "--config", str(CONFIG)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return (ended.value.code if isinstance(ended.value.code, int) else 0), out, err

    return said


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """Syllables from a studio: 48 kHz, 24 bit, stereo, soft, with silence around."""
    at_s = np.arange(48000) / 48000
    word = 0.02 * np.sin(2 * np.pi * 500 * at_s) * np.abs(np.sin(2 * np.pi * 2 * at_s))
    sound = np.concatenate([np.zeros(30000), word, np.zeros(60000)])
    soundfile.write(tmp_path / "take.wav", np.stack([sound, sound], axis=1), 48000, subtype="PCM_24")
    return tmp_path / "take.wav"


def rows(said: tuple[int, str, str]) -> list[dict[str, object]]:
    assert said[0] == 0, said[2]
    answer: list[dict[str, object]] = json.loads(said[1])
    return answer


def test_a_studios_recording_becomes_a_prompt_beside_the_others(say: Say, take: Path, tmp_path: Path) -> None:
    status, out, err = say("import", str(take), "--as", "hello", "--language", "kk")
    kept = tmp_path / "studio" / "kk" / "hello.wav"
    assert (status, err) == (0, "")
    assert "kk/hello: " in out and "WAV, 24 bit, 48000 Hz, stereo" in out and str(kept) in out
    assert "from the next `bailanys run` on" in out
    assert is_telephone_wav(kept)
    listed = {row["id"]: row for row in rows(say("list", "--language", "kk", "--json"))}
    assert (listed["hello"]["voice"], listed["hello"]["remarks"]) == ("studio", [])
    assert listed["hello"]["seconds"] == pytest.approx(1.06, abs=0.03)
    assert abs(float(str(listed["hello"]["level_dbfs"])) - -19.0) <= 1.0
    assert (listed["recorded"]["voice"], listed["recorded"]["level_dbfs"]) == ("synthetic", -19.0)
    assert {row["id"] for row in rows(say("list", "--synthetic", "-l", "kk", "--json"))} == set(listed) - {"hello"}


def test_it_is_replaced_only_when_that_is_said(say: Say, take: Path, tmp_path: Path) -> None:
    words = ("import", str(take), "--as", "hello", "-l", "kk")
    assert say(*words)[0] == 0
    status, out, err = say(*words)
    assert (status, out) == (1, "")
    assert err == f"{tmp_path}/studio/kk/hello.wav is there already; --replace puts this one in its place\n"
    (row,) = rows(say(*words, "--replace", "--json"))
    assert (row["language"], row["id"], row["came_as"]) == ("kk", "hello", "WAV, 24 bit, 48000 Hz, stereo")
    assert (row["laid_out"], row["warnings"], row["others_dbfs"]) == (False, [], -19.0)


def test_sounds_that_are_laid_out_are_laid_out_anew(say: Say, take: Path, tmp_path: Path) -> None:
    """Alone, and in the greeting that is composed of it: the next caller hears it."""
    sounds = tmp_path / "state" / "data" / "sounds"
    install_sounds(load(CONFIG), sounds, Sources(studio=tmp_path / "studio"))
    before = (sounds / "ru" / "bailanys" / "welcome.wav").read_bytes()
    status, out, _ = say("import", str(take), "--as", "hello", "-l", "kk")
    assert status == 0 and "The next caller hears it." in out
    kept = (tmp_path / "studio" / "kk" / "hello.wav").read_bytes()
    assert (sounds / "kk" / "bailanys" / "hello.wav").read_bytes() == kept
    assert (sounds / "ru" / "bailanys" / "welcome.wav").read_bytes() != before
    (tmp_path / "studio" / "ru").mkdir()
    (tmp_path / "studio" / "ru" / "goodbye.wav").write_text("broken")
    status, out, err = say("import", str(take), "--as", "goodbye", "-l", "kk")
    assert status == 0 and "ru/goodbye.wav" in err and "kept, but not heard yet" in err
    assert "from the next" in out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("{take}", "--as", "helo", "-l", "kk"), 2, "kk: no prompt called 'helo'; did you mean 'hello'?"),
        (("{take}", "--as", "../hello", "-l", "kk"), 2, "kk: no prompt called '../hello'"),
        (("{take}", "--as", "hello", "-l", "de"), 1, "de: callers are spoken to in kk, ru, en"),
        (("{tmp}/none.wav", "--as", "hello", "-l", "kk"), 1, "No such file or directory ({tmp}/none.wav)"),
        (("{tmp}", "--as", "hello", "-l", "kk"), 1, "{tmp}: no file that holds a recording"),
        (("{tmp}/text.wav", "--as", "hello", "-l", "kk"), 1, "{tmp}/text.wav: no WAV or FLAC that can be read"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    say: Say, take: Path, tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    (tmp_path / "text.wav").write_text("the text of the prompt")
    told = say("import", *(word.format(take=take, tmp=tmp_path) for word in words))
    assert (told[0], told[1], told[2].count("\n")) == (status, "", 1)
    assert told[2].startswith(said.format(tmp=tmp_path))
    assert not (tmp_path / "studio").exists()


def test_a_full_disk_is_one_line_and_so_is_a_folder_that_takes_nothing(
    say: Say, take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(1) as disk:
        monkeypatch.setenv("BAILANYS_SPEECH__OVERRIDE_DIR", str(disk.path))
        for do, why in ((disk.fill, "No space left on device"), (disk.empty, ""), (disk.read_only, "Read-only")):
            do(**{"on": True} if do == disk.read_only else {})
            status, out, err = say("import", str(take), "--as", "hello", "-l", "kk", "--replace")
            assert (status, err.count("\n"), why in err) == ((1, 1, True) if why else (0, 0, True)), err
            assert ("Traceback" in err, bool(out)) == (False, not why)


def test_what_stands_out_is_remarked_and_can_be_listed_alone(say: Say, tmp_path: Path) -> None:
    folder = tmp_path / "studio" / "kk"
    folder.mkdir(parents=True)
    at_s = np.arange(RATE_HZ) / RATE_HZ
    wave = np.sin(2 * np.pi * 300 * at_s) * np.abs(np.sin(2 * np.pi * 2 * at_s))
    soundfile.write(folder / "hello.wav", np.clip(3 * wave, -1, 1), RATE_HZ)
    soundfile.write(folder / "goodbye.wav", 0.01 * wave, RATE_HZ)
    (folder / "recorded.wav").write_text("broken")
    listed = {str(row["id"]): row for row in rows(say("list", "--odd", "--json"))}
    assert set(listed) == {"hello", "goodbye", "recorded"}
    assert "clipped in" in str(listed["hello"]["remarks"]) and "louder" in str(listed["hello"]["remarks"])
    assert "softer than the others" in str(listed["goodbye"]["remarks"])
    assert "not a sound file" in str(listed["recorded"]["remarks"]) and listed["recorded"]["level_dbfs"] is None
    status, out, _ = say("list", "--odd")
    assert status == 0 and "remarks" in out and "clipped in" in out and "kk/hello" in out


def test_an_announcement_is_written_as_the_caller_hears_it(say: Say, tmp_path: Path) -> None:
    out = tmp_path / "place.wav"
    words = ("join", "position=12", "wait=2-5", "--language", "kk", "--out", str(out))
    status, told, err = say(*words)
    assert (status, err) == (0, "")
    assert "Сіз кезекте он екінші тұрсыз" in told and str(out) in told
    (row,) = rows(say(*words, "--json"))
    assert row["seconds"] == pytest.approx(len(read(out)) / RATE_HZ, abs=0.01)
    assert is_telephone_wav(out)
    status, told, err = say("join", "position=0", "-l", "kk", "--out", str(out))
    assert (status, told, err) == (2, "", "position=0: say position=12, wait=3 or wait=2-5\n")
    status, told, err = say("join", "hello", "-l", "kk", "--out", str(tmp_path / "none" / "x.wav"))
    assert (status, told, err) == (1, "", f"There is no such folder ({tmp_path}/none)\n")
    with small_disk(1) as disk:
        disk.fill()
        status, told, err = say("join", "hello", "-l", "kk", "--out", str(disk.path / "x.wav"))
        assert (status, told, err.count("\n")) == (1, "", 1) and "No space left" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what is closed to all")
def test_a_pipe_does_not_keep_the_command_waiting(say: Say, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    status, _, err = say("import", str(tmp_path / "pipe.wav"), "--as", "hello", "-l", "kk")
    assert (status, err) == (1, f"{tmp_path}/pipe.wav: no file that holds a recording\n")
