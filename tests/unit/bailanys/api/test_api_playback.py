"""Recordings heard over the API, from a real archive: who and why is written before a byte leaves (promise 10)."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from bailanys.api import playback as under_test
from bailanys.api.audit_once import WITHIN_S, AuditOnce
from bailanys.api.playback import Hearing
from calls.recording import Recording
from config.places import Places
from console.errors import (
    ApiError,
    NoSoundError,
    RefusedError,
    UnavailableError,
    UnfitError,
    UnknownRecordingError,
)
from console.operations.recordings import ListenQuery
from console.stream import Stream
from demands.desk import DemandDesk
from recordings.vault.archive import Archive
from recordings.vault.vault import Vault
from storage import retention
from storage.demands import Register
from storage.ledger import Ledger
from tests.unit.recordings.raw_talk import BEGAN_MS, ended_talk, two_voices, write_raw
from tests.unit.storage.databases import BOTH_WAYS

LOOK_UPS = BOTH_WAYS


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


@pytest.fixture
def hearing(register: Register, ledger: Ledger, places: Places) -> Hearing:
    return Hearing(ledger, places, DemandDesk(register, ledger, "Asia/Almaty"))


@pytest.fixture
async def made(ledger: Ledger, places: Places) -> Recording:
    raw = write_raw(places.spool, two_voices(2.0), "hl1-1764000000.12-1-1")
    archive = Archive(places.archive, Vault(places).ring)
    sidecar = archive.enclose(raw, ended_talk(1, 1, bridged_ms=2000), BEGAN_MS + 10_000)
    archive.place(sidecar)
    await ledger.recordings.add_recording(sidecar.recording)
    return sidecar.recording


def asked(form: str = "wav", reason: str = "is it the talk meant", demand: str | None = None) -> ListenQuery:
    return ListenQuery.model_validate({"format": form, "reason": reason, "demand": demand})


async def taken(stream: Stream) -> bytes:
    sound = b""
    while portion := await stream.read(len(sound), 50_000):
        sound += portion
    await stream.close()
    assert len(sound) == stream.size
    return sound


async def test_every_form_holds_the_talk_and_each_is_an_entry(
    hearing: Hearing, ledger: Ledger, made: Recording
) -> None:
    for form, kind in (("wav", "WAV"), ("flac", "FLAC"), ("opus", "OGG")):
        info = soundfile.info(io.BytesIO(await taken(await hearing.recording(made.file, asked(form), "aigul"))))
        assert (info.format, info.channels, round(info.duration, 1)) == (kind, 2, 2.0)
    entries = [entry for entry in await ledger.audit.of(made.file) if entry.kind == "recording.listened"]
    assert [entry.actor for entry in entries] == ["aigul"] * 3
    assert "is it the talk meant" in entries[0].detail and made.sha256 in entries[0].detail


async def test_a_players_many_parts_are_one_listening_and_another_reason_is_another(
    hearing: Hearing, ledger: Ledger, made: Recording
) -> None:
    for reason, by in (("one", "aigul"), ("one", "aigul"), (" one ", "aigul"), ("two", "aigul"), ("one", "nurlan")):
        await (await hearing.recording(made.file, asked(reason=reason), by)).close()
    heard = [entry.actor for entry in await ledger.audit.of(made.file) if entry.kind == "recording.listened"]
    assert heard == ["aigul", "aigul", "nurlan"]


async def test_nothing_is_opened_when_the_entry_cannot_be_written(
    hearing: Hearing, ledger: Ledger, places: Places, made: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Vault, "recording", lambda self, path: opened.append(path))

    async def away(*notes: object) -> None:
        from storage.errors import LedgerUnavailableError

        raise LedgerUnavailableError("locked")

    monkeypatch.setattr(ledger.audit, "note", away)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await hearing.recording(made.file, asked(), "aigul")
    assert opened == []


async def test_what_cannot_be_heard_says_why(hearing: Hearing, ledger: Ledger, made: Recording) -> None:
    async def refused(error: type[ApiError], file: str, query: ListenQuery) -> str:
        with pytest.raises(error) as told:
            await hearing.recording(file, query, "aigul")
        return str(told.value)

    await refused(UnfitError, made.file, asked(reason=" \t "))
    await refused(UnknownRecordingError, "hl1-1764000000.12-1-9", asked())
    await refused(UnknownRecordingError, "../keys/archive", asked())
    assert "no demand" in await refused(RefusedError, made.file, asked(demand="D-2026-0001"))
    disposed = lambda one: retention.dispose(one, made, 30, BEGAN_MS)  # noqa: E731
    await ledger.write(disposed)
    assert "disposed" in await refused(NoSoundError, made.file, asked())


async def test_an_archive_that_was_tampered_with_gives_nothing_out(
    hearing: Hearing, places: Places, made: Recording
) -> None:
    path = places.archive / made.path
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    for form in ("wav", "opus"):
        with pytest.raises(UnavailableError) as told:
            await hearing.recording(made.file, asked(form), "aigul")
        assert not told.value.retryable
    path.unlink()
    with pytest.raises(UnavailableError) as told:
        await hearing.recording(made.file, asked(), "aigul")
    assert told.value.error_id == "file-unreadable"


async def test_opus_is_made_once_for_all_who_ask(
    hearing: Hearing, made: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., bytes] = under_test.opus_of
    times: list[int] = []

    def counted(*sound: object) -> bytes:
        times.append(1)
        return real(*sound)

    monkeypatch.setattr(under_test, "opus_of", counted)
    first = await taken(await hearing.recording(made.file, asked("opus"), "aigul"))
    assert await taken(await hearing.recording(made.file, asked("opus"), "nurlan")) == first
    assert times == [1]


async def test_an_entry_covers_an_hour_and_no_more() -> None:
    now, done = [0.0], list[float]()
    once = AuditOnce(lambda: now[0])

    async def deed() -> None:
        done.append(now[0])

    for at_s in (0.0, WITHIN_S - 1, WITHIN_S + 1):
        now[0] = at_s
        await once.do(("aigul", "a"), deed)
    assert done == [0.0, WITHIN_S + 1]
