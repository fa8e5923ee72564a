"""What a studio delivers becomes a prompt like the others: cut, as loud as they are, soft at its ends."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.delivered import delivered
from speech.errors import NotKeptError, UnfitRecordingError
from speech.files import is_telephone_wav, read
from speech.levels import measured
from speech.sound import RATE_HZ, Samples, silence
from speech.studio import CLOSE_DB, FADE_S, MARGIN_S, Finished, finished, keep
from tests.small_disk import FILLING, small_disk
from tests.unit.speech.studio_voice import FORMS, RATES_HZ, recorded, rest, voice

AS_ROOT = os.geteuid() == 0
USUAL_DB = -19.0


@given(
    rate_hz=st.sampled_from(RATES_HZ), form=st.sampled_from(FORMS), channels=st.sampled_from([1, 2]),
    rms_db=st.floats(-45, -9), usual_db=st.floats(-24, -16), seconds=st.floats(0.3, 2.5),
    before_s=st.floats(0, 1.5), after_s=st.floats(0, 1.5),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_form_at_any_level_comes_within_one_decibel_and_to_the_word(
    tmp_path_factory: pytest.TempPathFactory, rate_hz: int, form: tuple[str, str], channels: int, rms_db: float,
    usual_db: float, seconds: float, before_s: float, after_s: float,
) -> None:  # fmt: skip
    name, subtype = form
    path = tmp_path_factory.mktemp("studio") / f"take.{name}"
    came = delivered(recorded(path, seconds, rate_hz, rms_db, before_s, after_s, channels, subtype))
    made = finished(came, usual_db)
    kept = path.with_name("kept.wav")
    keep(made.samples, kept, replace=False)
    assert is_telephone_wav(kept)
    heard = read(kept)
    assert abs(measured(heard).level_db - usual_db) <= CLOSE_DB
    spoken = heard[round(MARGIN_S * RATE_HZ) : -round(MARGIN_S * RATE_HZ)]  # all voice: any meter says the same
    assert 10 * np.log10(np.mean(spoken**2)) == pytest.approx(usual_db, abs=CLOSE_DB)
    assert measured(heard) == made.figures and not [one for one in made.warnings if "clipped" not in one]
    assert len(heard) / RATE_HZ == pytest.approx(seconds + 2 * MARGIN_S, abs=0.06)
    assert np.max(np.abs(heard)) <= 10 ** (-2.9 / 20)


def made_of(tmp_path: Path, sound: Samples, rate_hz: int = 48000, usual_db: float = USUAL_DB) -> Finished:
    soundfile.write(tmp_path / "take.wav", sound, rate_hz, subtype="FLOAT")
    return finished(delivered(tmp_path / "take.wav"), usual_db)


def refused(path: Path, words: str) -> None:
    """In one line, that names the file."""
    with pytest.raises(UnfitRecordingError, match=words) as told:
        finished(delivered(path), USUAL_DB)
    assert str(path) in str(told.value) and "\n" not in str(told.value)


def test_the_silence_of_the_room_is_cut_and_the_breath_within_stays(tmp_path: Path) -> None:
    word = voice(0.5, 48000)
    room = [rest(one, 48000, -75) for one in (1.0, 0.6, 2.0)]
    made = made_of(tmp_path, np.concatenate([room[0], word, room[1], word, room[2]]))
    assert made.figures.seconds == pytest.approx(0.5 + 0.6 + 0.5 + 2 * MARGIN_S, abs=0.03)


def test_both_ends_are_soft_and_nothing_of_the_word_is(tmp_path: Path) -> None:
    """The fades lie in the margins: a plosive at the beginning is as loud as it was."""
    made = made_of(tmp_path, np.concatenate([rest(0.5, 48000, -55), voice(1.0, 48000), rest(0.5, 48000, -55)]))
    samples, edge, margin = made.samples, round(FADE_S * RATE_HZ), round(MARGIN_S * RATE_HZ)
    room = float(np.std(samples[edge:margin]))
    assert room > 0
    for end in (samples, samples[::-1]):
        assert abs(end[0]) < room / 10
        assert np.std(end[: edge // 8]) < room / 4
    loudest = np.max(np.abs(samples))
    assert np.max(np.abs(samples[margin : margin + 240])) > 0.8 * loudest


def test_a_voice_in_one_channel_only_is_as_loud_as_the_others(tmp_path: Path) -> None:
    sound = voice(1.0, 44100, -30)
    soundfile.write(tmp_path / "take.flac", np.stack([sound, np.zeros(len(sound))], axis=1), 44100, subtype="PCM_24")
    made = finished(delivered(tmp_path / "take.flac"), USUAL_DB)
    assert made.figures.level_db == pytest.approx(USUAL_DB, abs=CLOSE_DB) and made.warnings == ()


def test_channels_that_cancel_each_other_are_no_silence_but_told(tmp_path: Path) -> None:
    sound = voice(1.0, 44100)
    soundfile.write(tmp_path / "take.wav", np.stack([sound, -sound], axis=1), 44100)
    refused(tmp_path / "take.wav", "two channels cancel each other")


@pytest.mark.parametrize(("gain", "rate_hz"), [(4.0, 48000), (4.0, 8000), (4.0, 192000), (2.5, 44100)])
def test_what_was_recorded_too_loud_is_taken_and_told(tmp_path: Path, gain: float, rate_hz: int) -> None:
    sound = np.clip(voice(1.0, rate_hz, -12) * gain, -1, 1)
    soundfile.write(tmp_path / "take.wav", sound, rate_hz, subtype="PCM_16")
    made = finished(delivered(tmp_path / "take.wav"), USUAL_DB)
    assert made.warnings[0].startswith("clipped in ") and "too loud" in made.warnings[0]
    soundfile.write(tmp_path / "take.wav", 0.7 * sound, rate_hz, subtype="PCM_16")  # clipped before it was turned down
    assert finished(delivered(tmp_path / "take.wav"), USUAL_DB).warnings[0].startswith("clipped in ")


@pytest.mark.parametrize("rate_hz", [8000, 48000, 192000])
def test_what_only_comes_near_full_scale_is_not_called_clipped(tmp_path: Path, rate_hz: int) -> None:
    sound = voice(1.0, rate_hz)
    sound *= 0.9999 / np.max(np.abs(sound))
    soundfile.write(tmp_path / "take.wav", sound, rate_hz, subtype="PCM_16")
    assert delivered(tmp_path / "take.wav").clipped == 0


def test_floating_point_beyond_full_scale_is_a_level_like_another(tmp_path: Path) -> None:
    made = made_of(tmp_path, 900.0 * voice(1.0, 48000))
    assert made.figures.level_db == pytest.approx(USUAL_DB, abs=CLOSE_DB) and made.warnings == ()


def test_a_tone_is_taken_and_told_to_be_no_speech(tmp_path: Path) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    assert "a tone or a noise, no speech?" in made_of(tmp_path, tone).warnings[0]
    noise = np.random.default_rng(1).normal(0, 0.05, 48000)
    assert "a tone or a noise, no speech?" in made_of(tmp_path, noise).warnings[0]


def test_a_voice_whose_peaks_stand_out_too_far_is_told_to_be_softer(tmp_path: Path) -> None:
    clicks = np.zeros(48000)
    clicks[::2400] = 1.0
    made = made_of(tmp_path, clicks + rest(1.0, 48000, -45), usual_db=-8.0)
    assert made.figures.level_db < -9.0
    assert any("comes no nearer than" in one for one in made.warnings)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no WAV or FLAC"),
        (b"Hello, this is the text of the prompt.\n" * 40, "no WAV or FLAC"),
        (b"RIFF\x24\x10\x00\x00WAVEfmt \x10\x00", "cut short on its way: 18 of 4140 bytes"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no WAV or FLAC"),
        (b"fLaC\x00\x00", "no WAV or FLAC"),
        (b"\x00" * 5000, "no WAV or FLAC"),
    ],
)
def test_what_is_no_sound_file_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "take.wav").write_bytes(content)
    refused(tmp_path / "take.wav", words)


@pytest.mark.parametrize("name", ["take.wav", "take.flac"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_what_was_cut_on_its_way_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = recorded(tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: round(len(whole) * share)])
    refused(path, "cut short|can be read")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path: Path, wrong: float) -> None:
    sound = voice(1.0, 48000)
    sound[777] = wrong
    soundfile.write(tmp_path / "take.wav", sound, 48000, subtype="FLOAT")
    refused(tmp_path / "take.wav", "no numbers")


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (silence(1.0), "silent"),
        (rest(1.0, 8000, -70), "silent"),
        (np.hanning(8000) * np.sin(2 * np.pi * 20 * np.arange(8000) / 8000), "or no voice"),  # below every telephone
        (silence(0), "holds no sound"),
        (np.concatenate([silence(0.5), voice(0.04, 8000), silence(0.5)]), "0.0[0-9] s are left.*at least 0.1 s"),
        (voice(31.0, 8000), "31.[0-9]+ s are left.*at most 30 s"),
    ],
)
def test_too_little_and_too_much_are_refused(tmp_path: Path, sound: Samples, words: str) -> None:
    soundfile.write(tmp_path / "take.wav", sound, 8000, subtype="PCM_24")
    refused(tmp_path / "take.wav", words)


def test_what_only_a_bat_would_hear_is_no_voice(tmp_path: Path) -> None:
    at = np.arange(48000)
    soundfile.write(tmp_path / "take.wav", np.hanning(48000) * np.sin(2 * np.pi * 9000 * at / 48000), 48000)
    refused(tmp_path / "take.wav", "silent, or no voice")


def test_eight_hours_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    soundfile.write(path, voice(1.0, 8000), 8000, subtype="PCM_16")
    samples = 8 * 3600 * 8000
    head = bytearray(path.read_bytes()[:44])
    head[4:8], head[40:44] = (36 + 2 * samples).to_bytes(4, "little"), (2 * samples).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(44 + 2 * samples)  # a hole: it takes no room
    refused(path, "8 h 00 min long; a prompt has 60 s at most")


def flac_of_untold_length(path: Path, seconds: float) -> Path:
    """As a recorder writes it to a pipe: the number of samples in its head is 0."""
    soundfile.write(path, voice(seconds, 8000), 8000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


def test_a_length_that_the_file_does_not_tell_is_asked_for(tmp_path: Path) -> None:
    refused(flac_of_untold_length(tmp_path / "take.flac", 1.0), "does not tell how long it is, as after a pipe")


@pytest.mark.parametrize(
    ("form", "channels", "rate_hz", "words"),
    [
        ("OGG", 1, 48000, "is OGG; have the studio deliver WAV or FLAC"),
        ("AIFF", 1, 48000, "is AIFF"),
        ("MP3", 1, 48000, "is MP3"),
        ("WAV", 6, 48000, "has 6 channels"),
        ("WAV", 1, 7000, "7000 Hz"),
        ("WAV", 1, 384_000, "384000 Hz"),
    ],
)
def test_other_forms_are_named(tmp_path: Path, form: str, channels: int, rate_hz: int, words: str) -> None:
    sound = voice(0.5, rate_hz)
    soundfile.write(tmp_path / "take.wav", np.stack([sound] * channels, axis=1), rate_hz, format=form)
    refused(tmp_path / "take.wav", words)


def test_links_are_followed_to_a_file_and_to_nothing_else(tmp_path: Path) -> None:
    """A pipe would keep the command waiting for ever."""
    (tmp_path / "link.wav").symlink_to(recorded(tmp_path / "take.wav"))
    assert finished(delivered(tmp_path / "link.wav"), USUAL_DB).figures.level_db == pytest.approx(USUAL_DB, abs=1)
    os.mkfifo(tmp_path / "pipe")
    for name, target in (("to-pipe.wav", "pipe"), ("to-folder.wav", "."), ("to-device.wav", "/dev/zero")):
        (tmp_path / name).symlink_to(target)
        refused(tmp_path / name, "no file that holds a recording")
    (tmp_path / "to-nothing.wav").symlink_to("gone")
    with pytest.raises(FileNotFoundError):
        delivered(tmp_path / "to-nothing.wav")


PROMPT = voice(0.3, 8000)
OTHER = voice(0.5, 8000)


def test_what_is_there_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    target = tmp_path / "studio" / "kk" / "hello.wav"
    keep(PROMPT, target, replace=False)
    before = target.read_bytes()
    with pytest.raises(NotKeptError, match=r"hello\.wav is there already; --replace"):
        keep(OTHER, target, replace=False)
    assert target.read_bytes() == before
    keep(OTHER, target, replace=True)
    assert len(read(target)) == len(OTHER)
    assert [path.name for path in target.parent.iterdir()] == ["hello.wav"]


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    """Asterisk plays the very file, and may run as somebody else."""
    former = os.umask(0o077)
    try:
        keep(PROMPT, tmp_path / "studio" / "kk" / "hello.wav", replace=False)
    finally:
        os.umask(former)
    assert (tmp_path / "studio" / "kk" / "hello.wav").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "studio" / "kk").stat().st_mode & 0o777 == 0o755


def test_a_link_in_its_place_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "hello.wav"
    victim.write_text("theirs")
    target.symlink_to(victim)
    with pytest.raises(NotKeptError, match="is there already"):
        keep(PROMPT, target, replace=False)
    keep(PROMPT, target, replace=True)
    assert victim.read_text() == "theirs" and not target.is_symlink()


def test_a_disk_without_links_is_written_to_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    keep(PROMPT, tmp_path / "hello.wav", replace=False)
    with pytest.raises(NotKeptError, match="is there already"):
        keep(OTHER, tmp_path / "hello.wav", replace=False)
    assert len(read(tmp_path / "hello.wav")) == len(PROMPT)


def test_a_full_disk_and_one_that_takes_nothing_leave_the_old_prompt(tmp_path: Path) -> None:
    with small_disk(1) as disk:
        target = disk.path / "kk" / "hello.wav"
        keep(PROMPT, target, replace=False)
        disk.fill()
        with pytest.raises(NotKeptError, match=r"No space left on device; the one that was there still is") as told:
            keep(OTHER, target, replace=True)
        assert str(target) in str(told.value)
        disk.empty()
        disk.read_only(on=True)
        with pytest.raises(NotKeptError, match="Read-only file system"):
            keep(OTHER, disk.path / "ru" / "hello.wav", replace=True)
        disk.read_only(on=False)
        assert len(read(target)) == len(PROMPT)
        assert sorted(path.name for path in disk.path.rglob("*") if path.name != FILLING) == ["hello.wav", "kk"]


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "studio").write_text("no folder")
    with pytest.raises(NotKeptError, match="cannot be kept: "):
        keep(PROMPT, tmp_path / "studio" / "kk" / "hello.wav", replace=False)


@pytest.mark.skipif(not AS_ROOT, reason="only root can give files to others")
def test_roots_import_belongs_to_who_the_studio_folder_belongs_to(tmp_path: Path) -> None:
    nobody = 65_534
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    (tmp_path / "studio").mkdir()
    os.chown(tmp_path / "studio", nobody, nobody)
    groups = os.getgroups()
    keep(PROMPT, tmp_path / "studio" / "kk" / "hello.wav", replace=False)
    assert {path.stat().st_uid for path in (tmp_path / "studio").rglob("*")} == {nobody}
    (tmp_path / "mine").write_text("x")
    assert (tmp_path / "mine").stat().st_uid == 0 and os.getgroups() == groups  # for a moment only
    (tmp_path / "studio").chmod(0o555)  # root could write there; its owner cannot
    with pytest.raises(NotKeptError, match="Permission denied"):
        keep(PROMPT, tmp_path / "studio" / "ru" / "hello.wav", replace=False)
