"""Copies hold what the recording holds; a failed one leaves nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from phones.tones import hears
from recordings.access.copies import copy
from recordings.errors import CopyFailedError
from recordings.naming import CopyKind
from tests.unit.recordings.raw_talk import CALLER_HZ, OPERATOR_HZ, two_voices


def flac() -> io.BytesIO:
    made = io.BytesIO()
    soundfile.write(made, two_voices(30.0), 8000, format="FLAC", subtype="PCM_16")
    made.seek(0)
    return made


@pytest.mark.parametrize("kind", list(CopyKind))
def test_a_copy_holds_both_sides_and_is_its_owners_alone(tmp_path: Path, kind: CopyKind) -> None:
    target = tmp_path / f"talk.{kind}"
    copy(flac(), target, kind)
    assert target.stat().st_mode & 0o777 == 0o600
    assert soundfile.info(target).duration == pytest.approx(30, abs=0.01)
    assert hears(target, CALLER_HZ, channel=0, share=0.95) and hears(target, OPERATOR_HZ, channel=1, share=0.95)
    if kind is not CopyKind.OPUS:
        assert np.array_equal(soundfile.read(target, dtype="int16")[0], two_voices(30.0))
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_opus_is_small(tmp_path: Path) -> None:
    copy(flac(), tmp_path / "talk.opus", CopyKind.OPUS)
    assert (tmp_path / "talk.opus").stat().st_size < 30 * 6_000


def test_a_copy_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CopyFailedError, match=r"nowhere/talk\.wav could not be written: No such file or directory$"):
        copy(flac(), tmp_path / "nowhere" / "talk.wav", CopyKind.WAV)
    with pytest.raises(CopyFailedError, match=r"/talk\.wav could not be written: .*[Ff]ormat not recognised"):
        copy(io.BytesIO(b"no FLAC"), tmp_path / "talk.wav", CopyKind.WAV)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_written_through_nobodys_link_and_over_nobodys_file(tmp_path: Path) -> None:
    """In a folder where others write, too, such as /tmp."""
    victim, target = tmp_path / "victim", tmp_path / "out" / "talk.wav"
    victim.write_text("theirs")
    target.parent.mkdir()
    for name in ("talk.wav", "talk.wav.part", ".talk.wav.part"):
        (target.parent / name).symlink_to(victim)
    copy(flac(), target, CopyKind.WAV)
    assert victim.read_text() == "theirs"
    assert not target.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
