"""What of a call can be exported, and what is said where there is nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from calls.ids import CallId
from calls.recording import Recording, RecordingStatus
from recordings.access.export import NotThereError, recordings_of
from storage.engine import sqlite_url
from storage.ledger import Ledger
from storage.record import CallRow
from storage.recordings import write_recording
from storage.rows import save

CALL = CallId("hl1-1764000000.12")


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database does: its rows are not what is asked here."""
    return sqlite_url(shutil.copy(sqlite_template, tmp_path / "ledger.db"))


def made(engine: Engine, offer: int, status: RecordingStatus, path: str) -> Recording:
    recording = Recording(CALL, 1, offer, f"{CALL}-1-{offer}", status, 1, path=path)
    with engine.begin() as connection:
        save(connection, [CallRow(CALL, "hl1", 1, "1414", "", "", "anonymous")])
        write_recording(connection, recording)
    return recording


async def test_a_call_that_nobody_knows_and_one_without_a_recording_are_told_apart(engine: Engine) -> None:
    ledger = Ledger(engine)
    with pytest.raises(NotThereError, match=r"^no call hl1-1764000000\.12 in the ledger$"):
        await recordings_of(ledger, CALL)
    with engine.begin() as connection:
        save(connection, [CallRow(CALL, "hl1", 1, "1414", "", "", "anonymous")])
    with pytest.raises(NotThereError, match=r"in the archive \(none is finished yet\)$"):
        await recordings_of(ledger, CALL)
    made(engine, 1, RecordingStatus.MISSING, "")
    with pytest.raises(NotThereError, match=r"^no recording of hl1-1764000000\.12 in the archive \(missing\)$"):
        await recordings_of(ledger, CALL)
    kept = made(engine, 2, RecordingStatus.OK, "x/y.flac")
    assert await recordings_of(ledger, CALL) == [kept]
