"""What really was, from the phones' own recordings: who heard whom in each quarter of a second, by their tones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from phones import tones

FRAME_S = 0.25
AROUND_HZ = (-50, -30, 30, 50)
LEAST_DBFS = -42.0
PROMINENCE_DB = 12.0
TOGETHER_S = 1.5
"""Voices that begin so close to each other came into the call together, told of by one notice."""
NOTICE_HZ = {"transfer-notice": 2900, "three-way-notice": 3010, "given-back": 3130}
"""What callers hear for these prompts here: each a tone of its own."""

Heard = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ear:
    """What was heard in one recording: for each tone, frame by frame from an instant on."""

    from_s: float
    frames: Mapping[int, Heard]

    def seconds(self, hz: int, from_s: float = -math.inf, to_s: float = math.inf) -> float:
        """How long a tone was heard between two instants."""
        at = self.from_s + np.arange(len(self.frames[hz])) * FRAME_S
        return float((self.frames[hz] & (at >= from_s) & (at < to_s)).sum()) * FRAME_S

    def stretches(self, hz: int) -> list[tuple[float, float]]:
        """From when to when a tone was heard; holes of less than half a second are closed."""
        found: list[tuple[float, float]] = []
        for at in np.flatnonzero(self.frames[hz]):
            begin = self.from_s + float(at) * FRAME_S
            if found and begin - found[-1][1] < 0.5:
                found[-1] = (found[-1][0], begin + FRAME_S)
            else:
                found.append((begin, begin + FRAME_S))
        return [(begin, end) for begin, end in found if end - begin >= 2 * FRAME_S]


def ear(path: Path | BinaryIO, candidates_hz: Sequence[int], from_s: float = 0.0, channel: int = 0) -> Ear:
    """Listen to a recording. Raises what `phones.tones.read` raises."""
    samples, rate = tones.read(path, channel)
    size = round(FRAME_S * rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size)
    if not len(frames):
        return Ear(from_s, {hz: np.zeros(0, dtype=np.bool_) for hz in candidates_hz})
    at = np.arange(size) / rate
    heard: dict[int, Heard] = {}
    for hz in candidates_hz:
        turns = np.exp(-2j * np.pi * np.outer(at, [hz, *(hz + off for off in AROUND_HZ)]))
        levels = 20 * np.log10(np.maximum(2 * np.abs(frames @ turns) / (size / 2), 1e-9))
        stands_out = levels[:, 0] - np.median(levels[:, 1:], axis=1) > PROMINENCE_DB
        heard[hz] = (levels[:, 0] > LEAST_DBFS) & stands_out
    return Ear(from_s, heard)


def switches(heard: Ear, operators_hz: Iterable[int]) -> list[tuple[float, float, int]]:
    """Each time a caller hears an operator whom they did not hear in the stretch before; the first of a call is none.

    Until when they heard the one before, from when this one, and this one's tone.
    """
    marks = sorted((begin, end, hz) for hz in operators_hz for begin, end in heard.stretches(hz))
    found: list[tuple[float, float, int]] = []
    heard_till: dict[int, float] = {}
    heard_from: dict[int, float] = {}
    company: set[int] = set()
    for begin, end, hz in marks:
        with_now = {other for other, till in heard_till.items() if till > begin}
        if heard_till and hz not in company | with_now:
            before = max((till for till in heard_till.values() if till <= begin), default=begin)
            if with_now:
                with_since = max(heard_from[other] for other in with_now)
                before = with_since if begin - with_since <= TOGETHER_S else begin
            found.append((before, begin, hz))
        company = {hz} | with_now
        heard_from[hz] = begin
        heard_till[hz] = max(end, heard_till.get(hz, 0.0))
    return found


def told(heard: Ear, switch: tuple[float, float, int], talks_of_three: Iterable[Collection[int]] = ()) -> bool:
    """Whether a notice was heard right before this switch, or before the talk of three whose other voice was silent.

    `talks_of_three`: the tones of those whom the ledger names together in one. A notice of three tells of both of them,
    whenever each of them is first heard (a line on hold is silent), as long as nobody else was heard since.
    """
    until_s, from_s, hz = switch
    notices = sorted((*stretch, tone) for tone in NOTICE_HZ.values() for stretch in heard.stretches(tone))
    if any(until_s - 1.5 <= begin and end <= from_s + 1.5 for begin, end, _ in notices):
        return True
    last = max((notice for notice in notices if notice[0] <= from_s), default=None)
    if last is None or last[2] != NOTICE_HZ["three-way-notice"]:
        return False
    since = {
        other for other in heard.frames if other not in NOTICE_HZ.values() and heard.seconds(other, last[1], from_s)
    }
    return any(since | {hz} <= set(both) for both in talks_of_three)


def silent_spells(
    heard: Ear, hz: Iterable[int], begin: float, end: float, busy: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """When a caller on the line heard none of these tones and nobody's phone was in their call."""
    taken = sorted([*busy, *itertools.chain.from_iterable(heard.stretches(one) for one in hz)])
    found, at = [], begin
    for first, last in taken:
        if first > at:
            found.append((at, min(first, end)))
        at = max(at, last)
    return [*found, (at, end)] if at < end else found
