"""From what Asterisk recorded to FLAC and back again, sample by sample.

The raw file is what MixMonitor's option `D` writes: two channels interleaved, signed 16 bit little-endian, 8 kHz, left
the caller, right the operator. FLAC is lossless at 0.38 of the size and the cheapest to make, so it is the master; it
is decoded again and compared before anybody may delete the raw file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from recordings.errors import ArchiveUnwritableError, AudioDiffersError, StillWrittenError
from recordings.levels import WINDOW_FRAMES, Block, Loudness, heard

RATE = 8000
FRAME_BYTES = 4  # two sides of 16 bits
BLOCK_FRAMES = 400 * WINDOW_FRAMES  # 8 s, 256 KB: memory stays the same however long the talk
SILENCE_MATTERS_MS = 5_000  # in a shorter talk somebody may well have said nothing


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What is known of a recording once it is FLAC, proved equal to the raw file."""

    duration_ms: int
    bytes: int
    sha256: str
    caller_dbfs: float
    operator_dbfs: float
    caller_active_ms: int
    operator_active_ms: int
    caller_clipped_ms: int
    operator_clipped_ms: int
    silent_sides: tuple[str, ...]
    """Of `caller` and `operator`, who was never heard in a talk of over 5 s."""
    raw_bytes: int
    repaired: bool
    """The raw file ended in mid-sample (Asterisk died); the odd bytes were cut off."""


def duration_ms(raw_bytes: int) -> int:
    """How long a raw file of so many bytes lasts."""
    return raw_bytes // FRAME_BYTES * 1000 // RATE


def to_flac(raw: Path, flac: Path) -> AudioFacts:
    """Encode, decode and compare every sample, and measure; blocks the thread for about 18 ms a minute of talk.

    `flac` is overwritten; its bytes are not synced. Raises ArchiveUnwritableError (the FLAC could not be written),
    AudioDiffersError, StillWrittenError, or OSError when the raw file cannot be read.
    """
    size = raw.stat().st_size
    caller, operator = _encode(raw, flac, size // FRAME_BYTES)
    try:
        _compare(raw, flac, size // FRAME_BYTES)
        sha256 = sha256_of(flac)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioDiffersError(f"cannot be read back: {error}") from error
    if raw.stat().st_size != size:
        raise StillWrittenError(f"{raw.name} grew from {size} bytes")
    lasts_ms = duration_ms(size)
    sides = (("caller", caller), ("operator", operator)) if lasts_ms > SILENCE_MATTERS_MS else ()
    return AudioFacts(
        duration_ms=lasts_ms,
        bytes=flac.stat().st_size,
        sha256=sha256,
        caller_dbfs=round(caller.dbfs, 1),
        operator_dbfs=round(operator.dbfs, 1),
        caller_active_ms=caller.active_ms,
        operator_active_ms=operator.active_ms,
        caller_clipped_ms=caller.clipped_ms,
        operator_clipped_ms=operator.clipped_ms,
        silent_sides=tuple(name for name, side in sides if side.is_silent),
        raw_bytes=size,
        repaired=size % FRAME_BYTES != 0,
    )


def _encode(raw: Path, flac: Path, frames: int) -> tuple[Loudness, Loudness]:
    caller = operator = Loudness()
    with raw.open("rb") as source:
        try:
            with soundfile.SoundFile(str(flac), "w", RATE, 2, "PCM_16", format="FLAC") as target:
                for block in _blocks(source, frames):
                    target.write(block)
                    caller, operator = heard(caller, block[:, 0]), heard(operator, block[:, 1])
        except (soundfile.LibsndfileError, AssertionError) as error:
            # soundfile asserts that all frames were taken; on a full disk they are not.
            raise ArchiveUnwritableError(f"{flac.name}: {error or 'written short'}") from error
    return caller, operator


def _compare(raw: Path, flac: Path, frames: int) -> None:
    with raw.open("rb") as source, soundfile.SoundFile(str(flac)) as decoded:
        if (decoded.samplerate, decoded.channels, decoded.frames) != (RATE, 2, frames):
            raise AudioDiffersError(f"{decoded.frames} frames of {decoded.channels} channels instead of {frames} of 2")
        room = np.empty((BLOCK_FRAMES, 2), dtype=np.int16)
        for number, block in enumerate(_blocks(source, frames)):
            heard_back = decoded.read(len(block), dtype="int16", always_2d=True, out=room[: len(block)])
            if not np.array_equal(heard_back, block):
                raise AudioDiffersError(f"within 8 s of {number * BLOCK_FRAMES / RATE:.0f} s")


def _blocks(source: BinaryIO, frames: int) -> Iterator[Block]:
    for start in range(0, frames, BLOCK_FRAMES):
        count = min(BLOCK_FRAMES, frames - start)
        block = np.frombuffer(source.read(count * FRAME_BYTES), dtype="<i2").astype(np.int16, copy=False)
        if len(block) != 2 * count:
            raise StillWrittenError(f"shorter than the {frames} frames that it had")
        yield block.reshape(-1, 2)


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file in hexadecimal. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
