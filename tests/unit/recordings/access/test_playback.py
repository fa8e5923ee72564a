"""A recording in any form, from any offset: the same bytes as a copy of it."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
import soundfile

from phones.tones import hears
from recordings.access.copies import copy
from recordings.access.playback import Wav, playable
from recordings.errors import AudioDiffersError, CopyFailedError, SealBrokenError
from recordings.naming import CopyKind
from recordings.vault.sealing import SealedReader, seal
from tests.unit.recordings.raw_talk import CALLER_HZ, OPERATOR_HZ, two_voices


def flac(seconds: float = 3.0) -> bytes:
    made = io.BytesIO()
    soundfile.write(made, two_voices(seconds), 8000, format="FLAC", subtype="PCM_16")
    return made.getvalue()


def sealed(content: bytes) -> SealedReader:
    kept = io.BytesIO()
    seal(io.BytesIO(content), len(content), kept, b"k" * 32, "a")
    return SealedReader(io.BytesIO(kept.getvalue()), b"k" * 32, "a")


@pytest.mark.parametrize("kind", [CopyKind.WAV, CopyKind.FLAC])
def test_any_part_is_that_part_of_the_copy(kind: CopyKind, tmp_path: Path) -> None:
    content, chance = flac(), random.Random(14)
    copy(io.BytesIO(content), tmp_path / "copy", kind)
    whole = (tmp_path / "copy").read_bytes()
    source = playable(sealed(content), kind)  # type: ignore[arg-type]  # reads as a file does
    assert source.size == len(whole)
    for _ in range(60):
        at = chance.randrange(source.size)
        part = source.read(at, chance.randrange(1, 70_000))
        assert part and whole[at:].startswith(part), at
    together, at = b"", 0
    while at < source.size:
        together += source.read(at, 5_000)
        at = len(together)
    assert together == whole
    assert source.read(source.size, 10) == b""
    source.close()


def test_opus_is_made_whole_and_heard_on_both_sides(tmp_path: Path) -> None:
    source = playable(io.BytesIO(flac()), CopyKind.OPUS)
    (tmp_path / "heard.opus").write_bytes(source.read(0, source.size))
    assert hears(tmp_path / "heard.opus", CALLER_HZ, channel=0)
    assert hears(tmp_path / "heard.opus", OPERATOR_HZ, channel=1)
    assert source.read(0, 4) == b"OggS"
    source.close()


def test_what_is_no_flac_is_told_before_a_byte_is_sent() -> None:
    for kind in (CopyKind.WAV, CopyKind.OPUS):
        with pytest.raises(AudioDiffersError):
            playable(io.BytesIO(b"no sound at all"), kind)


def test_a_flac_that_is_cut_is_no_shorter_wav() -> None:
    content = flac(20.0)
    source = Wav(io.BytesIO(content[: len(content) // 3]))
    assert source.size > len(content)  # what its header promises
    sent, at = 1, 0
    with pytest.raises(AudioDiffersError):
        while sent:
            sent = len(source.read(at, 65_536))
            at += sent
            assert sent or at == source.size
    source.close()


@pytest.mark.parametrize("kind", [CopyKind.WAV, CopyKind.OPUS])
def test_a_seal_broken_in_the_middle_is_never_a_shorter_talk(kind: CopyKind, tmp_path: Path) -> None:
    content, kept = flac(60.0), io.BytesIO()
    seal(io.BytesIO(content), len(content), kept, b"k" * 32, "a")
    changed = bytearray(kept.getvalue())
    changed[len(changed) // 2] ^= 1
    with pytest.raises((SealBrokenError, CopyFailedError)):
        copy(SealedReader(io.BytesIO(changed), b"k" * 32, "a"), tmp_path / "copy", kind)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SealBrokenError):
        source, at = playable(SealedReader(io.BytesIO(changed), b"k" * 32, "a"), kind), 0  # type: ignore[arg-type]
        while sent := len(source.read(at, 65_536)):
            at += sent
