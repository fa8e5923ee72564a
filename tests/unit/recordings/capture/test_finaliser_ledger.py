"""From the journal to the archive with the real ledger: a transferred call's two talks, an orphan, and a gap."""

from __future__ import annotations

from pathlib import Path

from calls.ports import RecordingBook
from recordings.capture.finaliser import Finaliser
from recordings.vault.folder import Folder
from recordings.vault.sidecar import recordings_in
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.unit.recordings.raw_talk import two_voices, write_raw
from tests.unit.storage.scene import START_MS, plain_call, projector_of, transferred_call


async def test_every_talk_that_the_journal_tells_of_is_accounted_for(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.db")
    upgrade(url)
    engine = open_engine(url)
    ledger = Ledger(engine)
    book: RecordingBook = ledger.recordings
    transferred, unrecorded = transferred_call(1), plain_call(2)
    journal = tmp_path / "journal.csv"
    journal.write_bytes(b"".join(transferred.lines + unrecorded.lines))
    spool, now_ms = tmp_path / "spool", START_MS + 10 * 3_600_000
    write_raw(spool, two_voices(0.0), transferred.file(1, 1))  # not answered
    write_raw(spool, two_voices(30.0), transferred.file(1, 2))
    write_raw(spool, two_voices(45.0), transferred.file(2, 3))
    write_raw(spool, two_voices(3.0), "hl1-1763999999.77-1-1")  # nobody knows of this call
    finaliser = Finaliser(spool, tmp_path / "archive", book, now_ms=lambda: now_ms)
    try:
        await projector_of(engine, [journal]).project_once()
        finished = {one.recording.file: one for one in await finaliser.finish_ready()}
        assert {file: one.recording.status.value for file, one in finished.items()} == {
            transferred.file(1, 2): "ok",
            transferred.file(2, 3): "ok",
            "hl1-1763999999.77-1-1": "orphan",
            unrecorded.file(1, 1): "missing",
        }
        assert [one.remarks for one in finished.values()] == [()] * 4
        assert await finaliser.finish_ready() == []
        story = await ledger.call_story(transferred.id)
        assert story is not None
        assert [(row.seq, row.duration_ms) for row in story.recordings] == [(1, 30_000), (2, 45_000)]
        archived = {sidecar.recording: sidecar.operator for sidecar in recordings_in(Folder(tmp_path / "archive"))}
        assert [archived[row] for row in story.recordings] == ["103", "104"]
        assert len(archived) == 3
        assert list(spool.iterdir()) == []
    finally:
        engine.dispose()
