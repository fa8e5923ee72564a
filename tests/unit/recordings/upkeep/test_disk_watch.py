"""The watch over a real small disk that gets full, read-only and lost (promise 14)."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings.upkeep.disk_space import PROBE, Look, look_at
from recordings.upkeep.disk_watch import DiskWatch
from tests.small_disk import SmallDisk, small_disk


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(4) as made:
        yield made


@pytest.fixture
def told() -> list[tuple[str, str, int]]:
    return []


async def test_a_disk_that_fills_is_told_at_each_mark_and_full_at_once(
    disk: SmallDisk, told: list[tuple[str, str, int]]
) -> None:
    """Promise 14."""
    watch = DiskWatch({"spool": disk.path}, lambda *one: told.append(one))
    for used_mb in (0, 2.9, 3.5, 3.9):
        (disk.path / "talks").write_bytes(b"\0" * int(used_mb * 1024 * 1024))
        await watch.look()
    assert [kind for kind, _, _ in told] == ["spool-filling"] * 3
    last_sound_ms = (disk.path / PROBE).stat().st_mtime_ns // 1_000_000
    disk.fill()
    await watch.look()
    kind, why, since_ms = told[-1]
    assert (kind, why, since_ms) == ("spool-full", "No space left on device", last_sound_ms)
    (shown,) = watch.now()
    assert (shown.state, shown.used_percent, shown.free_bytes) == ("full", 100, 0)
    again: list[tuple[str, str, int]] = []
    restarted = DiskWatch({"spool": disk.path}, lambda *one: again.append(one))
    await restarted.look()
    assert ("spool-full", "No space left on device", last_sound_ms) in again  # known though nobody looked then
    disk.empty()
    (disk.path / "talks").unlink()
    await watch.look()
    assert [kind for kind, _, _ in told[4:]] == ["spool-eased"]


async def test_a_disk_that_cannot_be_written_is_told_with_the_reason(
    disk: SmallDisk, told: list[tuple[str, str, int]]
) -> None:
    folder = disk.path / "archive"
    watch = DiskWatch({"archive": folder}, lambda *one: told.append(one))
    await watch.look()
    assert [one[:2] for one in told] == [("archive-unwritable", "No such file or directory")]
    folder.mkdir()
    assert look_at(folder).fault == ""
    disk.read_only(on=True)
    found = look_at(folder)
    assert (found.fault, found.why) == ("unwritable", "Read-only file system")
    disk.read_only(on=False)
    assert look_at(folder).fault == ""


async def test_a_disk_that_hangs_holds_nobody_and_is_told_as_slow(
    tmp_path: Path, told: list[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.upkeep.disk_watch.SLOW_S", 0.05)
    free = threading.Event()

    def hangs(folder: Path) -> Look:
        free.wait(10)
        return look_at(folder)

    watch = DiskWatch({"spool": tmp_path}, lambda *one: told.append(one), hangs)
    try:
        for _ in range(3):
            await asyncio.wait_for(watch.look(), 1)
        assert [one[0] for one in told] == ["spool-slow"]
        assert abs(told[0][2] - time.time() * 1000) < 60_000
    finally:
        free.set()
    async with asyncio.timeout(5):
        while (shown := watch.now()[0]).used_percent is None:
            await watch.look()
    assert shown.state in ("ok", "filling")


async def test_an_alarm_that_the_journal_cannot_take_is_told_as_soon_as_it_can(disk: SmallDisk) -> None:
    told: list[str] = []

    def alarm(kind: str, _detail: str, _at_ms: int) -> None:
        if disk_is_full:
            raise OSError("No space left on device")
        told.append(kind)

    disk_is_full = True
    disk.fill()
    watch = DiskWatch({"spool": disk.path}, alarm)
    await watch.look()
    await watch.look()
    disk_is_full = False
    await watch.look()
    assert sorted(told) == ["spool-filling", "spool-full"]


def test_the_probe_leaves_no_byte_behind(tmp_path: Path) -> None:
    before = time.time()
    assert look_at(tmp_path).fault == ""
    (left,) = tmp_path.iterdir()
    assert left.stat().st_size == 0 and left.stat().st_mtime >= before - 1
    assert left.stat().st_uid == os.getuid()
