"""Puts silence back where neither side sent a packet: MixMonitor wrote nothing then (promise 2).

What follows would stand too early. The dialplan counts each side's packets (`silence.conf`) and tells when there were
none; how much is missing in all, the file's length against the time connected says exactly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from calls.recording import EndedTalk, Span
from recordings.audio import BLOCK_FRAMES, FRAME_BYTES, RATE, duration_ms
from recordings.durable import sync

STEP_FRAMES = 160
"""20 ms: MixMonitor writes no less, so a gap lies between two such."""
LEAST_MS = 60
"""What is missing less than this is how long a bridge takes to begin and to end."""
UNCERTAIN_MS = 1_000
"""The packets are counted once a second: by so much each silence may have been longer than was told."""

NEAR_FRAMES = 4 * STEP_FRAMES
FAINT = 30.0
MOST_JUMP = 20.0
CLEAR_BREAK = 0.5
"""What of the loudness changes, or how much the wave bends there, for a break to be one."""

Sides = npt.NDArray[np.float64]
Piece = tuple[int, int]
"""Where silence goes, and how long it lasts, in frames; where, is counted in the file as it is."""


def places(talk: EndedTalk, frames: int) -> list[Piece]:
    """Where how much silence belongs in a raw file of so many frames; nothing where nobody told of any. Pure."""
    spans = list(_connected(talk.silent, talk.connected))
    missing_ms = (talk.bridged_ms or 0) - frames * 1000 // RATE
    told_ms = sum(to_ms - from_ms for from_ms, to_ms in spans)
    if missing_ms < LEAST_MS or not told_ms:
        return []
    more_ms = min(max(0, missing_ms - told_ms) / len(spans), UNCERTAIN_MS)
    share = min(1.0, missing_ms / told_ms)
    pieces, put_ms, put_frames = [], 0.0, 0
    for from_ms, to_ms in spans:
        at = min(frames, max(0, _steps(_until(from_ms, talk.connected) - put_ms)))
        put_ms += (to_ms - from_ms) * share + more_ms
        count = _steps(put_ms) - put_frames
        put_frames += count
        pieces.append((at, count))
    return pieces


def put_back(raw: Path, talk: EndedTalk) -> int:
    """Fill the raw file, which appears whole, under its name; how many ms were put in. Again, it is nothing.

    Raises OSError.
    """
    size = raw.stat().st_size
    pieces = [(_edge(raw, at), count) for at, count in places(talk, size // FRAME_BYTES)]
    if not pieces:
        return 0
    fresh = raw.with_name(f"{raw.name}.part")
    told = raw.stat()
    with raw.open("rb") as source, fresh.open("wb") as filled:
        at = 0
        for where, count in sorted(pieces):
            _copy(source, filled, (where - at) * FRAME_BYTES)
            at = max(at, where)
            _fill(filled, count * FRAME_BYTES)
        _copy(source, filled, size - source.tell())  # with the odd bytes at the end of a file that Asterisk died in
    os.utime(fresh, ns=(told.st_atime_ns, told.st_mtime_ns))  # by it a talk's end is reckoned
    sync(fresh)
    fresh.replace(raw)
    sync(raw.parent)
    return duration_ms(sum(count for _, count in pieces) * FRAME_BYTES)


def _edge(raw: Path, at: int) -> int:
    """The break in the sound that is next to a place, at most 80 ms away: what is left at its wrong side is heard."""
    first = max(at - NEAR_FRAMES, STEP_FRAMES)
    with raw.open("rb") as source:
        source.seek((first - STEP_FRAMES) * FRAME_BYTES)
        read = source.read((2 * NEAR_FRAMES + 2 * STEP_FRAMES) * FRAME_BYTES)
    sides = np.frombuffer(read[: len(read) // FRAME_BYTES * FRAME_BYTES], dtype="<i2").reshape(-1, 2).astype(np.float64)
    steps = range(STEP_FRAMES, len(sides) - STEP_FRAMES + 1, STEP_FRAMES)
    breaks = [(_break(sides, step), first - STEP_FRAMES + step) for step in steps]
    best = max(breaks, default=(0.0, at))
    return best[1] if best[0] >= CLEAR_BREAK else at


def _break(sides: Sides, step: int) -> float:
    """How much the sound after it is another than before: a jump, or one side much louder."""
    before, after = sides[step - STEP_FRAMES : step], sides[step : step + STEP_FRAMES]
    level = np.sqrt((np.vstack((before, after)) ** 2).mean(axis=0)) + FAINT
    louder = np.abs(np.sqrt((after**2).mean(axis=0)) - np.sqrt((before**2).mean(axis=0))) / level
    bend = np.abs(np.diff(sides[step - STEP_FRAMES : step + STEP_FRAMES], 2, axis=0))
    jump = bend[STEP_FRAMES - 2 : STEP_FRAMES].max(axis=0) / (np.median(bend, axis=0) + FAINT)
    return float((louder + np.minimum(jump, MOST_JUMP) / MOST_JUMP).max())


def _connected(spans: Sequence[Span], connected: Sequence[Span]) -> Iterator[Span]:
    """The parts of silences in which the two were connected, in order, each instant once."""
    done_ms = 0
    for from_ms, to_ms in sorted(spans):
        for entered_ms, left_ms in sorted(connected):
            begin_ms, end_ms = max(from_ms, entered_ms, done_ms), min(to_ms, left_ms)
            if begin_ms < end_ms:
                yield begin_ms, end_ms
                done_ms = end_ms


def _until(instant_ms: int, connected: Sequence[Span]) -> int:
    """How long the two had been connected until then."""
    return sum(max(0, min(left_ms, instant_ms) - entered_ms) for entered_ms, left_ms in connected)


def _steps(ms: float) -> int:
    return round(ms * RATE / 1000 / STEP_FRAMES) * STEP_FRAMES


def _copy(source: BinaryIO, into: BinaryIO, count: int) -> None:
    while count > 0 and (read := source.read(min(count, BLOCK_FRAMES * FRAME_BYTES))):
        into.write(read)
        count -= len(read)


def _fill(into: BinaryIO, count: int) -> None:
    nothing = bytes(BLOCK_FRAMES * FRAME_BYTES)
    for at in range(0, count, len(nothing)):
        into.write(nothing[: min(len(nothing), count - at)])
