"""The two sides of a talk, each in a file of its own, become the raw file that every talk has."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from test_finaliser import Site

from recordings.capture.two_sides import CALLER, OPERATOR, pairs, weave
from tests.unit.recordings.raw_talk import FILE, ended_talk

NOW_MS = 1_764_000_000_000


def write_pair(spool: Path, caller: int, operator: int, *, odd: bytes = b"", age_ms: int = 1_000) -> None:
    for side, suffix, level in ((caller, CALLER, 1000), (operator, OPERATOR, 2000)):
        path = spool / f"{FILE}{suffix}"
        path.write_bytes(np.full(side, level, dtype="<i2").tobytes() + odd)
        os.utime(path, ns=((NOW_MS - age_ms) * 1_000_000,) * 2)


def test_caller_is_left_and_operator_right(tmp_path: Path) -> None:
    write_pair(tmp_path, 100_000, 100_000)
    assert pairs(tmp_path, NOW_MS) == {FILE: True}
    assert weave(tmp_path, FILE) == FILE
    assert [path.name for path in tmp_path.iterdir()] == [f"{FILE}.raw"]
    raw = tmp_path / f"{FILE}.raw"
    assert np.frombuffer(raw.read_bytes(), dtype="<i2").reshape(-1, 2).tolist() == [[1000, 2000]] * 100_000
    assert raw.stat().st_mtime_ns == (NOW_MS - 1_000) * 1_000_000  # the talk's end is reckoned by it


def test_while_either_is_written_they_stay_apart(tmp_path: Path) -> None:
    write_pair(tmp_path, 8_000, 8_000)
    with (tmp_path / f"{FILE}{OPERATOR}").open("ab"):
        assert pairs(tmp_path, NOW_MS) == {FILE: False}
    write_pair(tmp_path, 8_000, 8_000, age_ms=100)
    assert pairs(tmp_path, NOW_MS) == {FILE: False}


@pytest.mark.parametrize(("sides", "odd"), [((8_000, 7_000), b""), ((8_000, 8_000), b"x"), ((8_000, 0), b"")])
def test_what_a_dead_asterisk_left_is_filled_with_silence_and_marked(
    tmp_path: Path, sides: tuple[int, int], odd: bytes
) -> None:
    write_pair(tmp_path, *sides, odd=odd)
    weave(tmp_path, FILE)
    raw = (tmp_path / f"{FILE}.raw").read_bytes()
    assert len(raw) == 4 * 8_000 + 1  # the odd byte has the finaliser say "repaired"
    both = np.frombuffer(raw[:-1], dtype="<i2").reshape(-1, 2)
    assert both[:, 0].tolist() == [1000] * 8_000
    assert both[:, 1].tolist() == [2000] * sides[1] + [0] * (8_000 - sides[1])


def test_killed_between_any_two_steps_it_ends_the_same(tmp_path: Path) -> None:
    write_pair(tmp_path, 8_000, 8_000)
    (tmp_path / f"{FILE}.raw.part").write_bytes(b"half")
    weave(tmp_path, FILE)
    whole = (tmp_path / f"{FILE}.raw").read_bytes()
    write_pair(tmp_path, 8_000, 8_000)  # as before the two went
    (tmp_path / f"{FILE}{OPERATOR}").unlink()
    assert pairs(tmp_path, NOW_MS) == {FILE: True}
    weave(tmp_path, FILE)
    assert [path.name for path in tmp_path.iterdir()] == [f"{FILE}.raw"]
    assert (tmp_path / f"{FILE}.raw").read_bytes() == whole


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"music{CALLER}").write_bytes(b"")
    assert pairs(tmp_path, NOW_MS) == {}


async def test_talk_in_two_files_is_archived_like_any_other(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(bridged_ms=1_000))
    write_pair(site.spool, 8_000, 8_000)
    (finished,) = await site.finaliser.finish_ready()
    assert (finished.recording.status, finished.recording.duration_ms) == ("ok", 1_000)
    assert site.left_in_spool() == []


async def test_pair_that_cannot_be_woven_is_no_missing_recording(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(bridged_ms=1_000))
    write_pair(site.spool, 8_000, 8_000)
    (site.spool / f"{FILE}.raw.part").mkdir()  # in the way
    site.now_ms += 3_600_000
    assert await site.finaliser.finish_ready() == []
    assert site.alarms == []
    (site.spool / f"{FILE}.raw.part").rmdir()
    site.now_ms += 11_000
    assert len(await site.finaliser.finish_ready()) == 1
