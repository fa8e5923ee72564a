"""Silence is put back where neither side sent anything, so that what follows stands where it was said (promise 2)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calls.recording import EndedTalk
from recordings.capture.readiness import Step, next_step
from recordings.capture.silence import STEP_FRAMES, places, put_back
from recordings.capture.spool import SpoolFile
from tests.unit.recordings.raw_talk import BEGAN_MS, ended_talk

S = 8_000
"""Frames of a second."""


def talk(lasted_s: float, *silent: tuple[float, float], connected: tuple[tuple[float, float], ...] = ()) -> EndedTalk:
    spans = connected or ((0.0, lasted_s),)
    return replace(
        ended_talk(lasted_ms=round(lasted_s * 1000), bridged_ms=round(sum(to - at for at, to in spans) * 1000)),
        silent=tuple((BEGAN_MS + round(at * 1000), BEGAN_MS + round(to * 1000)) for at, to in silent),
        connected=tuple((BEGAN_MS + round(at * 1000), BEGAN_MS + round(to * 1000)) for at, to in spans),
    )


def test_a_silence_goes_where_it_was_and_is_as_long_as_what_is_missing() -> None:
    assert places(talk(26.1, (3.0, 23.0)), round(6.1 * S)) == [(3 * S, 20 * S)]


def test_several_share_what_is_missing() -> None:
    # Of 3 s of silence that were told, 2.9 s are missing in all: the rest was how long it takes to see.
    pieces = places(talk(12.0, (2.0, 3.0), (5.0, 7.0)), round(9.1 * S))
    assert sum(count for _, count in pieces) == pytest.approx(2.9 * S, abs=STEP_FRAMES)
    assert [at for at, _ in pieces] == [2 * S, pytest.approx(4.03 * S, abs=STEP_FRAMES)]


def test_what_was_seen_too_short_is_made_longer_by_no_more_than_a_second_each() -> None:
    assert places(talk(12.0, (4.0, 8.0)), round(7.4 * S)) == [(4 * S, round(4.6 * S))]
    assert places(talk(12.0, (4.0, 5.0)), 3 * S) == [(4 * S - S, 2 * S)]  # the rest is missing, nobody knows where


def test_nothing_is_put_where_nothing_is_missing_or_nothing_was_seen() -> None:
    assert places(talk(12.0, (4.0, 8.0)), 12 * S) == []  # music was recorded
    assert places(talk(12.0), 5 * S) == []


def test_only_the_time_connected_counts() -> None:
    """On hold for a consultation the caller hears music, and is not connected; the recording goes on after it."""
    away = talk(20.0, (4.0, 9.0), (14.0, 16.0), connected=((0.0, 5.0), (10.0, 20.0)))
    pieces = places(away, 12 * S)  # a second before the consultation, two after it
    assert pieces == [(4 * S, S), (8 * S, 2 * S)]


def _raw(path: Path, *parts: tuple[float, float, float]) -> None:
    """Each part: how long, seconds; how loud caller and operator are."""
    tones = []
    for lasts_s, caller, operator in parts:
        at = np.arange(round(lasts_s * S)) / S
        tones.append(np.stack([caller * np.sin(at * 2700 + len(tones)), operator * np.sin(at * 6280)], axis=1))
    path.write_bytes((np.concatenate(tones) * 8000).astype("<i2").tobytes())


def test_it_is_put_at_the_break_in_the_sound(tmp_path: Path) -> None:
    """Packets are counted once a second, and what was recorded is some hundredths off what was counted."""
    raw = tmp_path / "a.raw"
    _raw(raw, (3.04, 1, 1), (0.5, 1, 0), (2.56, 1, 1))
    assert put_back(raw, talk(11.1, (3.0, 8.0))) == 5_000
    sides = np.frombuffer(raw.read_bytes(), dtype="<i2").reshape(-1, 2)
    loud = [np.flatnonzero(np.abs(sides[:, side]) > 200) / S for side in (0, 1)]
    assert [float(np.diff(side).max()) for side in loud] == [pytest.approx(5.0, abs=0.01), pytest.approx(5.5, abs=0.01)]
    assert [float(side[np.diff(side).argmax()]) for side in loud] == [pytest.approx(3.04, abs=0.01)] * 2
    assert put_back(raw, talk(11.1, (3.0, 8.0))) == 0  # again, after a kill
    assert list(tmp_path.iterdir()) == [raw]


def test_the_odd_bytes_of_a_file_that_asterisk_died_in_stay_at_its_end(tmp_path: Path) -> None:
    raw = tmp_path / "a.raw"
    _raw(raw, (4.0, 1, 1))
    raw.write_bytes(raw.read_bytes() + b"\x01\x02\x03")
    put_back(raw, talk(10.0, (2.0, 8.0)))
    assert raw.stat().st_size == 10 * S * 4 + 3
    assert raw.read_bytes().endswith(b"\x01\x02\x03")


def test_a_talk_in_which_nobody_ever_sent_anything_is_as_long_as_it_was(tmp_path: Path) -> None:
    raw = tmp_path / "a.raw"
    raw.touch()
    mute = talk(20.0, (0.8, 20.0))
    assert next_step(SpoolFile(raw.stem, 0, BEGAN_MS + 20_000, False), mute, BEGAN_MS + 21_000) is Step.FINISH
    assert put_back(raw, mute) == 20_000
    assert not any(raw.read_bytes())


def test_what_was_filled_is_on_the_disk_before_it_takes_the_files_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the one or the other, whole, and its time is the talk's end."""
    raw = tmp_path / "a.raw"
    _raw(raw, (4.0, 1, 1))
    before_ns = raw.stat().st_mtime_ns - 60_000_000_000
    os.utime(raw, ns=(before_ns, before_ns))
    done: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "recordings.capture.silence.sync", lambda path: done.append((path.name, raw.stat().st_size // 4 // S))
    )
    put_back(raw, talk(10.0, (2.0, 8.0)))
    assert done == [("a.raw.part", 4), (tmp_path.name, 10)]
    assert raw.stat().st_mtime_ns == before_ns
