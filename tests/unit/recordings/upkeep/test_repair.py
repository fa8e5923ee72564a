"""After a death of everything: the journals, the spool and the ledger as they lie there, mended by hand (promise 5)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bailanys.site.identity import who_commands
from calls.recording import RecordingStatus
from config.load import load
from config.places import Places
from config.settings import Settings
from recordings.upkeep.repair import Repaired, repair
from storage.engine import open_engine, sqlite_url
from storage.ledger import CallStory, Ledger
from tests.unit.recordings.raw_talk import two_voices
from tests.unit.storage import scene
from tests.unit.storage.scene import START_MS, Caller

ROOT = Path(__file__).parents[4]


async def repaired(settings: Settings, places: Places) -> list[Repaired]:
    return await repair(settings, places, who_commands(places))


@pytest.fixture
def settings() -> Settings:
    return load(ROOT / "config" / "hotline.toml", {})


@pytest.fixture
def places(tmp_path: Path) -> Places:
    url = sqlite_url(tmp_path / "ledger.db")
    made = Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", url, tmp_path)
    made.spool.mkdir()
    made.journals[0].parent.mkdir(parents=True)
    return made


def left(places: Places, name: str, seconds: float, changed_ms: int) -> Path:
    """A raw file as a killed Asterisk leaves it."""
    path = places.spool / name
    path.write_bytes(two_voices(seconds).tobytes())
    os.utime(path, ns=(changed_ms * 1_000_000,) * 2)
    return path


def talking(places: Places) -> Caller:
    """A call whose talk had begun when the machine died."""
    call = scene.Caller(1).arrive().queue().offer("103").pick_up("103").talk("103")
    places.journals[0].write_bytes(b"".join(call.lines))
    os.utime(places.journals[0], ns=(call.now_ms * 1_000_000,) * 2)
    return call


async def story_of(places: Places, call: Caller) -> CallStory:
    engine = open_engine(places.database_url)
    try:
        story = await Ledger(engine).call_story(call.id)
        assert story is not None
        return story
    finally:
        engine.dispose()


async def test_a_talk_that_nothing_ended_is_ended_finished_and_marked(settings: Settings, places: Places) -> None:
    """Promise 5: every broken file repaired and marked, one 32 KiB buffer lost at most."""
    call = talking(places)
    died_ms = call.now_ms + 20_000
    raw = left(places, f"{call.file(1, 1)}.raw", 20.0, died_ms)
    raw.write_bytes(raw.read_bytes()[:-3])  # cut in mid-sample
    os.utime(raw, ns=(died_ms * 1_000_000,) * 2)
    (mended,) = await repaired(settings, places)
    assert (mended.file, mended.status, mended.duration_ms) == (call.file(1, 1), "repaired", 19_999)
    story = await story_of(places, call)
    assert (story.record.call.lost, story.record.call.ended_ms, story.record.call.result) == (1, died_ms, "answered")
    (gap,) = story.record.gaps.values()
    assert (gap.reason, gap.to_ms) == ("asterisk-died", died_ms)
    assert list(places.spool.iterdir()) == []
    assert await repaired(settings, places) == []


async def test_a_file_of_a_call_that_no_journal_knows_is_adopted_at_once(settings: Settings, places: Places) -> None:
    left(places, f"hl1-{START_MS // 1000}.7-1-1.raw", 3.0, START_MS)
    left(places, f"hl1-{START_MS // 1000}.8-1-1.raw", 0.0, START_MS)  # an offer that nobody took
    assert await repaired(settings, places) == [Repaired(f"hl1-{START_MS // 1000}.7-1-1", "orphan", 3_000)]
    assert list(places.spool.iterdir()) == []


async def test_two_sides_apart_that_differ_in_length_are_mended_too(settings: Settings, places: Places) -> None:
    """Promise 5, for a talk of which each side has a file of its own."""
    call = talking(places)
    died_ms = call.now_ms + 10_000
    for side, bytes_ in (("caller", 10 * 16_000), ("operator", 10 * 16_000 - 32_768)):
        path = places.spool / f"{call.file(1, 1)}.{side}.sln"
        path.write_bytes(b"\x01\x02" * (bytes_ // 2))
        os.utime(path, ns=(died_ms * 1_000_000,) * 2)
    (mended,) = await repaired(settings, places)
    assert (mended.status, mended.duration_ms) == ("repaired", 10_000)
    story = await story_of(places, call)
    assert [row.status for row in story.recordings] == [RecordingStatus.REPAIRED]


async def test_what_is_being_written_waits(settings: Settings, places: Places) -> None:
    call = talking(places)
    with left(places, f"{call.file(1, 1)}.raw", 2.0, call.now_ms).open("ab"):
        assert [(one.file, one.status) for one in await repaired(settings, places)] == [(call.file(1, 1), "waiting")]
    assert [one.status for one in await repaired(settings, places)] == ["repaired"]


async def test_a_talk_without_any_file_is_told_at_once(settings: Settings, places: Places) -> None:
    call = talking(places)
    (places.spool / "somebody-elses").write_text("")
    journal = places.journals[0]
    os.utime(journal, ns=((call.now_ms + 30_000) * 1_000_000,) * 2)
    os.utime(places.spool / "somebody-elses", ns=(START_MS * 1_000_000,) * 2)
    assert [one.status for one in await repaired(settings, places)] == ["missing"]
    reasons = sorted(gap.reason for gap in (await story_of(places, call)).record.gaps.values())
    assert reasons == ["asterisk-died", "unknown"]
