"""When a disk that fills is told of, and when that is over (promise 14)."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recordings.upkeep.disk_space import (
    KNOWN_AFTER_MS,
    MARKS,
    SOUND_AFTER_MS,
    WINDOW_MS,
    DiskState,
    Look,
    Room,
    hours_to_full,
    look_at,
    mark_of,
    news,
    room_of,
    sampled,
    state_after,
    words,
)

GB = 1_000_000_000


def room(used_percent: float, at_ms: int = 0) -> Room:
    return Room(at_ms, 100 * GB, round((100 - used_percent) * GB))


def looks(*used: float) -> list[str]:
    """The kinds that are told while a disk goes through these."""
    stands, told = DiskState(), list[str]()
    for at, percent in enumerate(used):
        look = Look(at * 1000, room(percent, at * 1000))
        before, stands = stands, state_after(stands, look)
        told += [kind for kind, _ in news(before, stands, look, None)]
    return told


def test_each_mark_is_told_once_on_the_way_up_and_eased_only_well_below_it() -> None:
    """Promise 14: 70, 85 and 95 %, with hysteresis."""
    assert looks(69.9, 70, 71, 84.9, 69, 85.1, 96) == ["filling", "filling", "filling"]
    assert looks(70, 69.9, 70, 67.1, 70) == ["filling"]
    assert looks(96, 92, 91.9, 90, 66) == ["filling", "eased", "eased"]


@given(st.sampled_from((0, *MARKS)), st.floats(0, 100))
def test_the_mark_never_flutters(before: int, used: float) -> None:
    mark = mark_of(before, used)
    assert mark_of(mark, used) == mark
    assert all(used < one for one in MARKS if one > mark)
    assert mark == 0 or used >= mark - 3


def test_hours_to_full_are_those_of_the_last_hours_rate() -> None:
    """Promise 14: with hours-to-full."""
    samples: tuple[Room, ...] = ()
    for minute in range(0, 181, 3):  # 1 % of the disk each three minutes, once it has stood still for an hour
        samples = sampled(samples, room(max(0, minute - 60) / 3, minute * 60_000))
    last = samples[-1]
    assert last.used_percent == 40
    assert last.at_ms - samples[0].at_ms <= WINDOW_MS
    assert hours_to_full(samples, last) == 3.0
    assert "full in 3.0 hours" in words(last, 3.0)
    assert hours_to_full((room(10), room(10, KNOWN_AFTER_MS)), room(10, KNOWN_AFTER_MS)) is None  # it does not fill
    assert hours_to_full((room(10),), room(50, KNOWN_AFTER_MS - 1)) is None  # nobody knows yet
    assert hours_to_full((), room(10)) is None


def test_a_clock_set_back_begins_the_rate_anew() -> None:
    assert sampled((room(10, 5_000_000),), room(20, 1_000)) == (room(20, 1_000),)


def test_a_fault_is_told_at_once_and_is_over_when_bytes_were_taken_for_a_while() -> None:
    """Promise 14."""
    full = Look(1_000, room(100, 1_000), "full", "No space left on device")
    stands = state_after(DiskState(), full)
    assert ("full", "No space left on device") in news(DiskState(), stands, full, None)
    sound = Look(2_000, room(50, 2_000))
    again = state_after(state_after(stands, sound), replace(full, at_ms=3_000))
    assert again.fault == "full" and again.sound_since_ms is None
    for at_ms in (4_000, 4_000 + SOUND_AFTER_MS - 1):
        again = state_after(again, replace(sound, at_ms=at_ms))
        assert again.fault == "full"
    last = replace(sound, at_ms=4_000 + SOUND_AFTER_MS)
    over = state_after(again, last)
    assert over.fault == "" and ("writable", "it takes recordings again") in news(again, over, last, None)


def test_one_fault_may_turn_into_another() -> None:
    full, away = Look(1, room(100), "full", "x"), Look(2, None, "unwritable", "No such file or directory")
    before = state_after(DiskState(), full)
    after = state_after(before, away)
    assert news(before, after, away, None) == [("unwritable", "No such file or directory")]
    assert after.mark == 95  # what is not known is as it was


def test_a_slow_disk_is_told_and_told_when_it_is_quick_again() -> None:
    stands = state_after(DiskState(), Look(1, room(1), took_s=2.1))
    assert stands.slow and state_after(stands, Look(2, room(1), took_s=0.6)).slow
    assert not state_after(stands, Look(2, room(1), took_s=0.4)).slow
    assert not state_after(DiskState(), Look(2, room(1), took_s=1.9)).slow


def test_a_disk_of_no_size_is_full() -> None:
    assert Room(0, 0, 0).used_percent == 100


def test_what_only_root_may_use_is_neither_used_nor_free() -> None:
    """As `df` counts: of 100 blocks 35 are used and 65 free, of which root alone may use 38."""
    told = os.statvfs_result((4096, 4096, 100, 65, 27, 0, 0, 0, 0, 255))
    room = room_of(told, 0)
    assert room.free_bytes == 27 * 4096
    assert round(room.used_percent) == round(100 * 35 / (35 + 27))


def test_used_is_what_df_says(tmp_path: Path) -> None:
    look = look_at(tmp_path)
    said = subprocess.run(["df", "--output=pcent", tmp_path], capture_output=True, text=True, check=True).stdout
    assert look.room is not None
    assert abs(look.room.used_percent - int(said.split()[-1].rstrip("%"))) <= 1


def test_slow_and_quick_again_are_told_at_their_marks_and_not_before() -> None:
    assert [state_after(DiskState(), Look(1, None, took_s=took_s)).slow for took_s in (2.0, 2.01)] == [False, True]
    was = DiskState(slow=True)
    assert [state_after(was, Look(1, None, took_s=took_s)).slow for took_s in (0.5, 0.51)] == [False, True]


def test_samples_are_no_closer_than_twenty_seconds_and_no_older_than_an_hour() -> None:
    begun = (room(10, 1_000_000),)
    assert sampled(begun, room(11, 1_019_999)) == begun
    assert sampled(begun, room(11, 1_020_000)) == (*begun, room(11, 1_020_000))
    assert sampled(begun, room(11, 1_000_000 + WINDOW_MS)) == (*begun, room(11, 1_000_000 + WINDOW_MS))
    assert sampled(begun, room(11, 1_000_001 + WINDOW_MS)) == (room(11, 1_000_001 + WINDOW_MS),)


def test_the_rate_is_known_after_a_minute_and_only_of_a_disk_that_fills() -> None:
    first = room(10, 1_000)
    assert hours_to_full((first,), room(20, 60_999)) is None
    assert hours_to_full((first,), room(20, 61_000)) == 80 / 10 / 60
    assert hours_to_full((first,), room(9, 61_000)) is None
    assert words(room(87.25), None) == "87.2 % used, 12.8 GB free"
