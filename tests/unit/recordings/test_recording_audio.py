"""FLAC holds what was recorded: by sample, by spectrum, by level; whatever is not so is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.tones import hears, tone
from recordings import audio
from recordings.audio import BLOCK_FRAMES, AudioFacts, to_flac
from recordings.errors import ArchiveUnwritableError, AudioDiffersError, StillWrittenError
from recordings.levels import FLOOR_DBFS, Block, Loudness
from tests.unit.recordings.raw_talk import CALLER_HZ, OPERATOR_HZ, sides, two_voices


def finish(folder: Path, samples: Block, extra: bytes = b"") -> AudioFacts:
    (folder / "talk.raw").write_bytes(samples.astype("<i2").tobytes() + extra)
    return to_flac(folder / "talk.raw", folder / "talk.flac")


def test_both_voices_are_in_the_flac_each_on_its_side(tmp_path: Path) -> None:
    facts = finish(tmp_path, two_voices(20.0))
    flac = tmp_path / "talk.flac"
    assert hears(flac, CALLER_HZ, channel=0, share=0.99) and not hears(flac, CALLER_HZ, channel=1, share=0.01)
    assert hears(flac, OPERATOR_HZ, channel=1, share=0.99) and not hears(flac, OPERATOR_HZ, channel=0, share=0.01)
    assert facts.duration_ms == 20_000
    assert facts.bytes == flac.stat().st_size < facts.raw_bytes == 20 * 32_000
    assert facts.sha256 == hashlib.sha256(flac.read_bytes()).hexdigest()
    assert not facts.repaired


def test_noise_at_full_scale_survives_every_bit(tmp_path: Path) -> None:
    noise = np.random.default_rng(1414).integers(-32768, 32768, (3 * BLOCK_FRAMES + 17, 2), dtype=np.int16)
    finish(tmp_path, noise)
    decoded, rate = soundfile.read(tmp_path / "talk.flac", dtype="int16")
    assert rate == 8000
    assert np.array_equal(decoded, noise)


@pytest.mark.parametrize("dbfs", [-3.0, -12.0, -24.0, -40.0])
def test_levels_are_those_of_the_voices_each_side_apart(tmp_path: Path, dbfs: float) -> None:
    facts = finish(tmp_path, two_voices(10.0, dbfs, -30.0))
    assert facts.caller_dbfs == pytest.approx(dbfs, abs=0.2)
    assert facts.operator_dbfs == pytest.approx(-30.0, abs=0.2)


def test_a_side_that_mostly_listens_is_not_quieter_for_it(tmp_path: Path) -> None:
    listening = np.zeros(9 * 8000)
    facts = finish(tmp_path, sides(np.concatenate([listening, tone(CALLER_HZ, 1.0)]), tone(OPERATOR_HZ, 10.0)))
    assert facts.caller_dbfs == pytest.approx(-12.0, abs=0.2)
    assert facts.silent_sides == ()


@pytest.mark.parametrize(
    ("seconds", "left_dbfs", "right_dbfs", "silent"),
    [
        (6.0, -66.0, -12.0, ("caller",)),  # -66: an idle line after A-law
        (6.0, -12.0, -66.0, ("operator",)),
        (6.0, -66.0, -66.0, ("caller", "operator")),
        (6.0, -12.0, -12.0, ()),
        (4.0, -66.0, -12.0, ()),
    ],
)
def test_a_side_that_was_never_heard_is_flagged_in_a_talk_over_five_seconds(
    tmp_path: Path, seconds: float, left_dbfs: float, right_dbfs: float, silent: tuple[str, ...]
) -> None:
    assert finish(tmp_path, two_voices(seconds, left_dbfs, right_dbfs)).silent_sides == silent


def test_a_click_is_not_a_voice(tmp_path: Path) -> None:
    click = np.zeros(8 * 8000)
    click[800:1600] = tone(CALLER_HZ, 0.1)
    facts = finish(tmp_path, sides(click, tone(OPERATOR_HZ, 8.0)))
    assert facts.silent_sides == ("caller",)


def test_a_side_that_is_too_loud_is_measured_and_the_other_is_not(tmp_path: Path) -> None:
    shouting = np.concatenate(
        [np.clip(tone(CALLER_HZ, 2.0, dbfs=6.0), -1.0, 1.0), tone(CALLER_HZ, 8.0), np.zeros(8000)]
    )
    facts = finish(tmp_path, sides(shouting, tone(OPERATOR_HZ, 11.0, dbfs=-0.3)))
    assert facts.caller_clipped_ms == pytest.approx(2_000, abs=40)
    assert facts.operator_clipped_ms == 0  # loud, and whole
    assert (facts.caller_active_ms, facts.operator_active_ms) == (pytest.approx(10_000, abs=40), 11_000)


def test_digital_silence_has_the_lowest_level(tmp_path: Path) -> None:
    facts = finish(tmp_path, np.zeros((48_000, 2), np.int16))
    assert (facts.caller_dbfs, facts.operator_dbfs) == (FLOOR_DBFS, FLOOR_DBFS)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 500), extra=st.binary(max_size=3))
def test_a_file_cut_in_mid_sample_is_cut_to_whole_ones_and_marked(
    tmp_path_factory: pytest.TempPathFactory, frames: int, extra: bytes
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    samples = np.random.default_rng(frames).integers(-9000, 9000, (frames, 2), dtype=np.int16)
    facts = finish(folder, samples, extra)
    assert facts.repaired == bool(extra)
    assert facts.duration_ms == frames // 8
    assert np.array_equal(soundfile.read(folder / "talk.flac", dtype="int16", always_2d=True)[0], samples)


@pytest.mark.parametrize("place", [0, BLOCK_FRAMES - 1, BLOCK_FRAMES + 5])
@pytest.mark.parametrize("side", [0, 1])
def test_one_bit_that_differs_is_found(tmp_path: Path, place: int, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode_wrongly(raw: Path, flac: Path, frames: int) -> object:
        samples = np.fromfile(raw, "<i2").reshape(-1, 2)
        samples[place, side] ^= 1
        soundfile.write(flac, samples, 8000, format="FLAC")
        return Loudness(), Loudness()

    monkeypatch.setattr(audio, "_encode", encode_wrongly)
    with pytest.raises(AudioDiffersError, match=f"within 8 s of {8 if place >= BLOCK_FRAMES else 0} s"):
        finish(tmp_path, two_voices(10.0))


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("swapped", "within 8 s of 0 s"),
        ("shorter", "79999 frames of 2 channels instead of 80000 of 2"),
        ("mono", "80000 frames of 1 channels instead of 80000 of 2"),
        ("cut", "cannot be read back"),
    ],
)
def test_audio_that_was_swapped_shortened_or_cut_is_found(
    tmp_path: Path, lost: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode_wrongly(raw: Path, flac: Path, frames: int) -> object:
        samples = np.fromfile(raw, "<i2").reshape(-1, 2)
        wrong = {"swapped": samples[:, ::-1], "shorter": samples[:-1], "mono": samples[:, :1], "cut": samples}[lost]
        soundfile.write(flac, wrong, 8000, format="FLAC")
        if lost == "cut":
            flac.write_bytes(flac.read_bytes()[:-5_000])
        return Loudness(), Loudness()

    monkeypatch.setattr(audio, "_encode", encode_wrongly)
    with pytest.raises(AudioDiffersError, match=said):
        finish(tmp_path, two_voices(10.0))


def test_a_file_that_grows_meanwhile_is_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = audio._compare

    def grow(raw: Path, flac: Path, frames: int) -> None:
        real(raw, flac, frames)
        raw.write_bytes(raw.read_bytes() + b"\0\0\0\0")

    monkeypatch.setattr(audio, "_compare", grow)
    with pytest.raises(StillWrittenError):
        finish(tmp_path, two_voices(1.0))


def test_a_folder_that_takes_no_file_is_the_archives_fault(tmp_path: Path) -> None:
    (tmp_path / "talk.raw").write_bytes(two_voices(1.0).tobytes())
    with pytest.raises(ArchiveUnwritableError):
        to_flac(tmp_path / "talk.raw", tmp_path / "nowhere" / "talk.flac")


def test_a_raw_file_that_is_not_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        to_flac(tmp_path / "talk.raw", tmp_path / "talk.flac")


@pytest.mark.parametrize(("windows", "silent"), [(0, True), (9, True), (10, False)])
def test_a_side_is_silent_that_was_heard_for_less_than_a_fifth_of_a_second(windows: int, silent: bool) -> None:
    side = Loudness(windows=windows, clipped=3)
    assert (side.is_silent, side.active_ms, side.clipped_ms) == (silent, windows * 20, 60)
