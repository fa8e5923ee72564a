"""What a protocol says of its sources, on both databases: gaps of the day, journal unread, archive (promise 8)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from calls.demand import ActionRefusedError, Authority, StepKind
from calls.ids import CallId
from calls.recording import Recording, RecordingStatus
from calls.store import StoreAwayError
from config.places import Places
from demands.desk import DemandDesk
from demands.offline import verify
from demands.package import pack
from demands.package_zip import PROTOCOL
from demands.search_report import searched
from storage.demands import Register
from storage.ledger import Ledger
from storage.record import GapRow
from storage.recordings import write_recording
from storage.rows import save
from tests.unit.storage.scene import projector_of
from tests.unit.storage.test_recording_search import DAY, NOON_MS, ZONE, enter

PHONE, OTHER = "77050000009", "77050000001"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


async def test_the_days_gaps_are_all_callers_and_only_that_days(engine: Engine, places: Places) -> None:
    day_ms = 24 * 3_600_000
    enter(engine, 1, OTHER)
    missing = enter(engine, 2, OTHER, seconds=None, operator="102")
    enter(engine, 3, OTHER, NOON_MS - day_ms, seconds=None)
    paused = enter(engine, 4, OTHER)
    with engine.begin() as connection:
        save(connection, [GapRow(paused, 1, NOON_MS + 5_000, NOON_MS + 9_000, "paused", "101")])  # type: ignore[arg-type]
    found = await searched(Ledger(engine), places, DAY, ZONE)
    assert found["talks"] == {"talks": 3, "recorded": 2, "unfinished": 0, "gaps": {"missing": 1}}
    assert [(gap["call"], gap["operator"], gap["reason"]) for gap in found["gaps"]] == [
        (missing, "102", "missing"),
        (paused, "101", "paused"),
    ]
    assert (found["to_ms"] - found["from_ms"], found["more_gaps"]) == (day_ms, False)
    assert OTHER[-6:] not in str(found)  # another caller's number is nobody's business


async def test_a_missing_talk_whose_reason_is_known_is_told_once(engine: Engine, places: Places) -> None:
    missing = enter(engine, 1, OTHER, seconds=None)
    with engine.begin() as connection:
        save(connection, [GapRow(missing, 1, NOON_MS, NOON_MS + 9_000, "disk-full", "")])  # type: ignore[arg-type]
    found = await searched(Ledger(engine), places, DAY, ZONE)
    assert [(gap["call"], gap["reason"]) for gap in found["gaps"]] == [(missing, "disk-full")]


async def test_silence_that_was_put_back_is_no_gap_and_what_is_missing_somewhere_is_told_so(
    engine: Engine, places: Places
) -> None:
    short = enter(engine, 1, OTHER)
    somewhere = GapRow(short, 1, NOON_MS, NOON_MS + 60_000, "unknown", "", "9000 ms, somewhere in it")  # type: ignore[arg-type]
    silent = GapRow(short, 1, NOON_MS + 5_000, NOON_MS + 9_000, "no-sound")  # type: ignore[arg-type]
    with engine.begin() as connection:
        save(connection, [somewhere, silent])
    found = await searched(Ledger(engine), places, DAY, ZONE)
    assert [(gap["call"], gap["reason"]) for gap in found["gaps"]] == [(short, "unknown-place")]


async def test_a_journal_that_is_not_taken_in_and_a_file_without_a_row_are_told(engine: Engine, places: Places) -> None:
    journal = places.journals[0]
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"not a line of ours\n")
    hour = places.archive / "2025/11/24/07"
    hour.mkdir(parents=True)
    (hour / "hl1-1763967600.9-1-1.json").write_text("{}")
    (hour / "notes.txt").write_text("somebody else's")
    ledger = Ledger(engine)
    found = await searched(ledger, places, DAY, ZONE)
    assert (found["journal_unread_bytes"], found["archive_without_row"]) == (19, 1)
    await projector_of(engine, list(places.journals)).project_once()
    assert (await searched(ledger, places, DAY, ZONE))["journal_unread_bytes"] == 0


async def test_nothing_found_is_packed_with_the_sources_and_the_days_gaps(engine: Engine, places: Places) -> None:
    """Promise 8, from the letter to the package."""
    missing = enter(engine, 1, OTHER, seconds=None)
    desk = DemandDesk(Register(engine), Ledger(engine), ZONE)
    entered = await desk.enter(
        Authority.SERVICE_QUALITY,
        "14-2/118",
        "rule 14",
        DAY,
        PHONE,
        time.time_ns() // 1_000_000,
        "clerk",
        confirm_dates=True,
    )
    demand = entered.state.demand.id
    with pytest.raises(ActionRefusedError, match="not among"):
        await desk.do(demand, StepKind.SELECTED, "auditor", [f"{missing}-1-1"])
    await desk.do(demand, StepKind.SELECTED, "auditor")
    await desk.do(demand, StepKind.APPROVED, "chief")
    target, _ = await pack(desk, demand, "auditor", places, ZONE)
    package = verify.Package(target)
    assert list(verify.faults(package)) == []
    said = package.read(PROTOCOL).decode()
    for words in ("табылған жоқ", "не найдено", missing, "толық оқылған", "прочитан полностью"):
        assert words in said
    assert OTHER not in said


async def test_a_talk_without_sound_is_not_handed_over(engine: Engine) -> None:
    silent, heard = enter(engine, 1, PHONE, seconds=None), enter(engine, 2, PHONE)
    desk = DemandDesk(Register(engine), Ledger(engine), ZONE)
    entered = await desk.enter(
        Authority.SERVICE_QUALITY,
        "14-2/118",
        "rule 14",
        DAY,
        PHONE,
        time.time_ns() // 1_000_000,
        "clerk",
        confirm_dates=True,
    )
    for files in ([f"{silent}-1-1"], [f"{heard}-1-1", f"{silent}-1-1"]):
        with pytest.raises(ActionRefusedError, match="no sound"):
            await desk.do(entered.state.demand.id, StepKind.SELECTED, "auditor", files)
    state = await desk.do(entered.state.demand.id, StepKind.SELECTED, "auditor", [f"{heard}-1-1"])
    assert state.selected == (f"{heard}-1-1",)


async def test_an_archive_that_cannot_be_listed_stops_no_protocol(
    engine: Engine, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> list[str]:
        raise StoreAwayError("the archive does not answer")

    monkeypatch.setattr("demands.search_report._recordings_in", away)
    found = await searched(Ledger(engine), places, DAY, ZONE)
    assert found["archive_without_row"] is None


async def test_what_nobody_knows_the_caller_of_is_told_of_that_day_alone(engine: Engine, places: Places) -> None:
    hour_ms = 3_600_000
    for number, at_ms in ((1, NOON_MS), (2, NOON_MS - 12 * hour_ms - hour_ms // 2)):  # and half an hour before midnight
        call = CallId(f"hl1-{at_ms // 1000}.{number}")
        made = Recording(call, 1, 1, f"{call}-1-1", RecordingStatus.OK, at_ms, path=f"x/{call}.flac", sha256="ab")
        with engine.begin() as connection:
            write_recording(connection, made)
    (found,) = (await searched(Ledger(engine), places, DAY, ZONE))["unattributed"]
    assert found == {
        "call": f"hl1-{NOON_MS // 1000}.1", "segment": 1, "file": f"hl1-{NOON_MS // 1000}.1-1-1",
        "arrived_ms": NOON_MS, "status": "ok",
    }  # fmt: skip
