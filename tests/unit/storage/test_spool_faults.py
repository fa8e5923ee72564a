"""When the spool took no bytes, as the disk watch's alarms tell (promise 14), on both databases."""

from __future__ import annotations

from sqlalchemy import Engine

from calls.recording import Gap, Recording, RecordingStatus, SpoolFault
from storage.ledger import Ledger
from storage.spool_faults import spans
from storage.tables import alarm
from tests.unit.storage.scene import START_MS


def test_one_fault_may_follow_another_and_the_last_may_last() -> None:
    told = [(1, "spool-full"), (5, "spool-unwritable"), (7, "spool-writable"), (8, "spool-writable"), (9, "spool-full")]
    assert spans(told) == [
        SpoolFault(1, 5, "disk-full"), SpoolFault(5, 7, "disk-unwritable"), SpoolFault(9, None, "disk-full"),
    ]  # fmt: skip


async def test_the_faults_of_a_time_are_found(engine: Engine) -> None:
    told = (
        (10, "spool-full"),
        (20, "spool-writable"),
        (25, "archive-full"),
        (30, "spool-full"),
        (40, "spool-writable"),
    )
    with engine.begin() as connection:
        connection.execute(alarm.insert(), [{"at_ms": at, "kind": kind, "detail": ""} for at, kind in told])
    ledger = Ledger(engine)
    assert await ledger.recordings.spool_faults(15, 18) == [SpoolFault(10, 20, "disk-full")]
    assert await ledger.recordings.spool_faults(21, 29) == []
    assert await ledger.recordings.spool_faults(5, 100) == [
        SpoolFault(10, 20, "disk-full"),
        SpoolFault(30, 40, "disk-full"),
    ]


async def test_gaps_are_written_with_the_recording_once(engine: Engine) -> None:
    """Promise 1: both or neither, and never twice."""
    ledger = Ledger(engine)
    made = Recording(f"hl1-{START_MS // 1000}.1", 1, 1, "x", RecordingStatus.MISSING, START_MS)  # type: ignore[arg-type]
    gap = Gap(made.call, 1, START_MS, START_MS + 5_000, "disk-full")
    for _ in range(2):
        await ledger.recordings.add_recording(made, (gap,))
    story = await ledger.call_story(made.call)
    assert story is not None
    (row,) = story.record.gaps.values()
    assert (row.from_ms, row.to_ms, row.reason) == (START_MS, START_MS + 5_000, "disk-full")
