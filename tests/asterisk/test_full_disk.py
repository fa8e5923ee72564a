"""A disk really full, or read-only, under a real Asterisk: calls go on, an alarm comes, each gap is explained."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from command_line import bailanys
from journal_watch import Journal
from mortal import OPERATOR_HZ, Mortal, mortal_in, rate, until
from reckoning import answered, recorded
from scenes import Played, perform, scene_alone

from bailanys.cli.context import DEFAULT_CONFIG
from calls.journal import Fact
from phones.call import Call
from tests.small_disk import SmallDisk, small_disk

ALARM_S = 10.0
"""Promise 14."""
GAP_S = 60.0
"""A talk without a file is given up after a quarter of it."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    async with perform(request) as scenes:
        yield scenes


@contextmanager
def on_small_disk(megabytes: int, *parts: str) -> Iterator[tuple[SmallDisk, Path]]:
    """A folder for a hotline some of whose state lies on a disk of its own."""
    with small_disk(megabytes) as disk, tempfile.TemporaryDirectory(prefix="mor") as name:
        (Path(name) / "s").mkdir()
        for part in parts:
            (disk.path / part).mkdir()
            (Path(name) / "s" / part).symlink_to(disk.path / part)
        yield disk, Path(name)


@asynccontextmanager
async def staffed(starting: asyncio.Lock, folder: Path) -> AsyncIterator[Mortal]:
    """A hotline in that folder with one operator."""
    hotline_in = mortal_in(folder)
    async with starting:
        hotline = await hotline_in.__aenter__()
    try:
        await hotline.operator("101")
        yield hotline
    finally:
        await hotline_in.__aexit__(None, None, None)


async def talk(hotline: Mortal, caller: str) -> tuple[Call, Call]:
    """Both sides of a talk in which each hears the other."""
    call = await hotline.caller(caller, "1", "1")
    taken = await hotline.operators["101"].rung()
    await taken.until_hears(440)
    await call.until_hears(OPERATOR_HZ["101"])
    return call, taken


async def ended(call: Call, taken: Call, score: str) -> None:
    """They talk on for a while, the operator hangs up, and the caller rates."""
    await call.listen(3)
    await taken.hang_up()
    await rate(call, score)


async def told(hotline: Mortal, kind: str, since_s: float) -> None:
    """The alarm is in the journal in time."""
    journal = Journal(hotline.up.places.journals[1])
    await until(lambda: any(seen.fields["kind"] == kind for seen in journal.facts(fact=Fact.ALARM)), ALARM_S)
    assert time.time() - since_s <= ALARM_S


@scene_alone
async def test_all_but_the_recordings_goes_on_when_the_whole_disk_is_full(starting: asyncio.Lock) -> None:
    """Promise 14, with spool, archive, journals and logs on one small disk that gets full in the middle of a talk."""
    with on_small_disk(16, "spool", "archive", "log") as (disk, folder):
        async with staffed(starting, folder) as hotline:
            begun = await talk(hotline, "77010000001")
            await begun[0].listen(3)
            disk.fill()
            await told(hotline, "spool-full", time.time())
            disk.fill()  # what was freed meanwhile
            shown = await bailanys("recordings", "disks", "--json", env=hotline.env, config=DEFAULT_CONFIG)
            assert {row["name"]: row["state"] for row in shown.answer} == {"spool": "full", "archive": "full"}
            await ended(*begun, "5")
            await ended(*await talk(hotline, "77010000002"), "4")
            disk.empty()
            await ended(*await talk(hotline, "77010000003"), "3")
            stories = await hotline.stories(3, timeout_s=GAP_S)
            short, none, whole = (stories[f"7701000000{number}"] for number in "123")
            for story, score in ((short, 5), (none, 4), (whole, 3)):
                answered(story, ["101"], [score])
            assert [one.status.value for one in (*short.recordings, *none.recordings)] == ["ok", "missing"]
            assert short.recordings[0].duration_ms >= 2_000
            for story in (short, none):
                assert [gap.reason for gap in story.record.gaps.values()] == ["disk-full"]
            recorded(whole, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])
            assert whole.record.gaps == {}


@scene_alone
async def test_a_read_only_spool_stops_no_call_and_explains_its_gap(starting: asyncio.Lock) -> None:
    """Promises 1 and 14."""
    with on_small_disk(8, "spool") as (disk, folder):
        async with staffed(starting, folder) as hotline:
            disk.read_only(on=True)
            await told(hotline, "spool-unwritable", time.time())
            await ended(*await talk(hotline, "77010000001"), "5")
            disk.read_only(on=False)
            story = (await hotline.stories(1, timeout_s=GAP_S))["77010000001"]
            answered(story, ["101"], [5])
            assert [gap.reason for gap in story.record.gaps.values()] == ["disk-unwritable"]


@scene_alone
async def test_an_archive_that_hangs_holds_up_no_call(starting: asyncio.Lock) -> None:
    """However slow a disk is, finishing waits for it and calls do not; afterwards all is finished."""
    with tempfile.TemporaryDirectory(prefix="mor") as name:
        async with staffed(starting, Path(name)) as hotline:
            places = hotline.up.places
            begun = await talk(hotline, "77010000001")
            (raw,) = places.spool.glob("*.raw")
            hanging = places.archive / ".pending" / f"{raw.stem}.flac"
            hanging.parent.mkdir(exist_ok=True)
            os.mkfifo(hanging)  # whoever opens it to write waits for somebody who reads
            await ended(*begun, "5")
            await ended(*await talk(hotline, "77010000002"), "4")
            stories = await hotline.stories(2, recorded=False)
            assert [story.recordings for story in stories.values()] == [(), ()]
            pipe = os.open(hanging, os.O_PATH)
            hanging.unlink()  # first: else the finaliser may be quick enough to open it again, to check what it wrote
            os.close(os.open(f"/proc/self/fd/{pipe}", os.O_RDONLY | os.O_NONBLOCK))
            os.close(pipe)
            stories = await hotline.stories(2, timeout_s=GAP_S)
            for number, score in (("77010000001", 5), ("77010000002", 4)):
                answered(stories[number], ["101"], [score])
                recorded(stories[number], places.archive, places.spool, 440, [1000])
