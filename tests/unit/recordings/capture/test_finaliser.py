"""The finaliser at its work: what becomes of talks, empty offers, orphans and gaps, and of trouble."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from calls.recording import EndedTalk, Gap, Recording, RecordingStatus, SpoolFault
from phones.tones import hears
from recordings.audio import to_flac
from recordings.capture.finaliser import Finaliser
from recordings.errors import ArchiveUnwritableError, AudioDiffersError, KeyMissingError, StillWrittenError
from recordings.vault import archive as archive_module
from recordings.vault.folder import Folder
from recordings.vault.keyring import first_ring, ring_at, rotate
from recordings.vault.opening import Keys, no_keys, open_recording
from recordings.vault.sidecar import recordings_in
from tests.unit.recordings.raw_talk import (
    BEGAN_MS,
    CALLER_HZ,
    FILE,
    OPERATOR_HZ,
    FileBook,
    ended_talk,
    two_voices,
    write_raw,
)

HOUR = "2025/11/24/16"


class Site:
    """A spool, an archive and a ledger, and a clock that is set by hand."""

    def __init__(self, folder: Path, *talks: EndedTalk, keys: Keys = no_keys) -> None:
        self.spool, self.archive = folder / "spool", folder / "archive"
        self.spool.mkdir()
        self.now_ms = BEGAN_MS + 10_000
        self.alarms: list[tuple[str, str]] = []
        self.book = FileBook(folder / "ledger.db", talks)
        self.finaliser = Finaliser(
            self.spool,
            self.archive,
            self.book,
            keys=keys,
            alarm=lambda kind, detail: self.alarms.append((kind, detail)),
            now_ms=lambda: self.now_ms,
        )

    def left_in_spool(self) -> list[str]:
        return sorted(path.name for path in self.spool.iterdir())

    def archived(self) -> list[str]:
        return sorted(str(path.relative_to(self.archive)) for path in self.archive.rglob("*") if path.is_file())


async def test_a_talk_is_archived_with_both_voices_and_entered(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(bridged_ms=5_000))
    write_raw(site.spool, two_voices(5.0))
    (finished,) = await site.finaliser.finish_ready()
    flac = site.archive / HOUR / f"{FILE}.flac"
    assert hears(flac, CALLER_HZ, channel=0) and hears(flac, OPERATOR_HZ, channel=1)
    row = finished.recording
    assert site.book.rows() == [row]
    assert (row.status, row.path, row.made_ms) == ("ok", f"{HOUR}/{FILE}.flac", site.now_ms)
    assert (row.duration_ms, row.bridged_ms, row.bytes) == (5_000, 5_000, flac.stat().st_size)
    assert row.caller_dbfs == pytest.approx(-12, abs=0.2)
    assert row.operator_dbfs == pytest.approx(-24, abs=0.2)
    assert site.left_in_spool() == []
    assert await site.finaliser.finish_ready() == []


async def test_an_encrypted_talk_is_archived_and_opens_only_with_the_keys(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    site = Site(tmp_path, ended_talk(1, 1), ended_talk(2, 2), keys=lambda: first_ring(keys))
    write_raw(site.spool, two_voices(5.0), "hl1-1764000000.12-1-1")
    (first,) = await site.finaliser.finish_ready()
    older, newer = ring_at(keys), rotate(keys)
    write_raw(site.spool, two_voices(5.0), "hl1-1764000000.12-2-2")
    (second,) = await site.finaliser.finish_ready()
    sidecars = list(recordings_in(Folder(site.archive)))
    assert [sidecar.sealed.by for sidecar in sidecars if sidecar.sealed] == [older.current, newer.current]
    for one, sidecar in zip((first, second), sidecars, strict=True):
        assert one.recording.path.endswith(".flac.enc") and one.recording == sidecar.recording
        assert b"fLaC" not in (site.archive / one.recording.path).read_bytes()
        with open_recording(Folder(site.archive), sidecar, first_ring(keys)) as flac:
            assert hashlib.sha256(flac.read()).hexdigest() == one.recording.sha256
            assert hears(flac, CALLER_HZ, channel=0) and hears(flac, OPERATOR_HZ, channel=1)
        with pytest.raises(KeyMissingError):
            open_recording(Folder(site.archive), sidecar, None)
    assert [name.partition(".")[2] for name in site.archived()] == [
        f"12-{talk}.{kind}" for talk in ("1-1", "2-2") for kind in ("flac.enc", "json")
    ]


async def test_keys_that_cannot_be_read_keep_the_raw_file_until_they_are_back(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text("not a ring")
    site = Site(tmp_path, ended_talk(), keys=lambda: first_ring(keys))
    write_raw(site.spool, two_voices(1.0))
    assert await site.finaliser.finish_ready() == []
    assert site.left_in_spool() == [f"{FILE}.raw"] and site.archived() == []
    keys.unlink()
    site.now_ms += 11_000
    assert len(await site.finaliser.finish_ready()) == 1


async def test_while_the_keys_are_away_all_wait_with_one_alarm_and_nothing_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, away = tmp_path / "keys" / "archive.json", tmp_path / "unmounted"
    site = Site(tmp_path, *(ended_talk(one, one) for one in (1, 2, 3)), keys=lambda: ring_at(keys))
    ring = first_ring(keys)
    keys.parent.rename(away)
    monkeypatch.setattr(archive_module, "to_flac", lambda *_: pytest.fail("encoded in vain"))
    for number in (1, 2):
        write_raw(site.spool, two_voices(1.0), f"hl1-1764000000.12-{number}-{number}")
    for _ in range(3):
        await site.finaliser.finish_ready()
        site.now_ms += 11_000
    assert len(site.left_in_spool()) == 2 and site.archived() == [] and not keys.exists()
    assert [row.status for row in site.book.rows()] == ["missing"]  # what needs no key goes on
    ((kind, said),) = [alarm for alarm in site.alarms if alarm[0].startswith("keys")]
    assert kind == "keys-away" and "not there" in said and said.endswith("2 recordings wait in the spool")
    monkeypatch.undo()
    away.rename(keys.parent)
    assert len(await site.finaliser.finish_ready()) == 2
    assert site.left_in_spool() == [] and site.alarms[-1][0] == "keys-back"
    assert {one.sealed.by for one in recordings_in(Folder(site.archive)) if one.sealed} == {ring.current}


async def test_every_segment_of_a_transferred_call_has_its_own(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(1, 1), ended_talk(2, 2), ended_talk(3, 4))
    for name in ("1-1", "2-2", "3-4"):
        write_raw(site.spool, two_voices(1.0), f"hl1-1764000000.12-{name}")
    assert [one.recording.file[-3:] for one in await site.finaliser.finish_ready()] == ["1-1", "2-2", "3-4"]
    assert len(site.archived()) == 6


async def test_the_index_can_be_rebuilt_from_the_archive_alone(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(1, 1), ended_talk(2, 2))
    write_raw(site.spool, two_voices(1.0), "hl1-1764000000.12-1-1")
    write_raw(site.spool, two_voices(7.0, caller_dbfs=-70.0), "hl1-1764000000.12-2-2")
    finished = await site.finaliser.finish_ready()
    sidecars = list(recordings_in(Folder(site.archive)))
    assert [sidecar.recording for sidecar in sidecars] == site.book.rows() == [one.recording for one in finished]
    assert [sidecar.silent_sides for sidecar in sidecars] == [(), ("caller",)]
    assert [one.remarks for one in finished] == [(), ("caller_silent",)]
    assert (sidecars[0].began_ms, sidecars[0].group, sidecars[0].operator) == (BEGAN_MS, "portal", "101")


async def test_a_talk_that_is_still_written_waits(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk())
    with write_raw(site.spool, two_voices(2.0)).open("ab"):
        assert await site.finaliser.finish_ready() == []
    assert len(await site.finaliser.finish_ready()) == 1


async def test_an_unanswered_offers_empty_file_goes_away(tmp_path: Path) -> None:
    site = Site(tmp_path)
    write_raw(site.spool, two_voices(0.0))
    assert await site.finaliser.finish_ready() == []
    assert site.left_in_spool() == [f"{FILE}.raw"]
    site.now_ms += 60_000
    assert await site.finaliser.finish_ready() == []
    assert site.left_in_spool() == []
    assert site.book.rows() == []


async def test_a_recording_without_a_talk_is_adopted_after_an_hour(tmp_path: Path) -> None:
    site = Site(tmp_path)
    write_raw(site.spool, two_voices(2.0))
    assert await site.finaliser.finish_ready() == []
    site.now_ms += 3_600_000
    (finished,) = await site.finaliser.finish_ready()
    assert finished.recording.status is RecordingStatus.ORPHAN
    assert finished.recording.path == f"{HOUR}/{FILE}.flac"  # reckoned from its last byte
    assert site.left_in_spool() == []


async def test_what_is_not_ours_stays_in_the_spool_for_ever(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (site.spool / "someone.raw").write_bytes(b"")
    site.now_ms += 10**12
    assert await site.finaliser.finish_ready() == []
    assert site.left_in_spool() == ["someone.raw"]


async def test_a_talk_without_a_file_is_an_explained_gap_with_one_alarm(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk())
    assert await site.finaliser.finish_ready() == []
    site.now_ms = ended_talk().ended_ms + 60_000
    (finished,) = await site.finaliser.finish_ready()
    assert finished.recording.status is RecordingStatus.MISSING
    assert (finished.recording.path, finished.recording.sha256, finished.recording.caller_dbfs) == ("", "", None)
    await site.finaliser.finish_ready()
    assert site.alarms == [("recording-missing", FILE)]
    assert [row.status for row in site.book.rows()] == ["missing"]
    assert [(gap.to_ms, gap.reason) for gap in site.book.gaps] == [(ended_talk().ended_ms, "unknown")]


async def test_a_full_disk_is_the_reason_for_what_it_did_not_take(tmp_path: Path) -> None:
    """Promise 14: a gap row for the talk without sound and for the one that is short, and no alarm for either."""
    site = Site(tmp_path, ended_talk(1, 1, 5_000, 5_000), ended_talk(2, 2, 5_000, 5_000))
    site.book.faults = [SpoolFault(BEGAN_MS + 2_000, None, "disk-full")]
    write_raw(site.spool, two_voices(2.0), "hl1-1764000000.12-1-1")
    write_raw(site.spool, two_voices(0.0), "hl1-1764000000.12-2-2")
    site.now_ms = BEGAN_MS + 65_000
    short, missing = await site.finaliser.finish_ready()
    assert (short.recording.status, short.remarks, missing.recording.status) == ("ok", ("short",), "missing")
    assert [(gap.seq, gap.from_ms - BEGAN_MS, gap.reason) for gap in site.book.gaps] == [
        (1, 2_000, "disk-full"), (2, 2_000, "disk-full"),
    ]  # fmt: skip
    assert site.alarms == []


async def test_a_recording_that_asterisk_died_in_is_marked_and_ends_where_its_file_does(tmp_path: Path) -> None:
    """Promise 5."""
    lost = replace(ended_talk(lasted_ms=40_000, bridged_ms=38_000), lost=True)  # noticed after 35 seconds
    site = Site(tmp_path, lost)
    write_raw(site.spool, two_voices(3.0), changed_ms=BEGAN_MS + 5_000)
    (finished,) = await site.finaliser.finish_ready()
    assert (finished.recording.status, finished.recording.bridged_ms) == ("repaired", 4_024)
    (gap,) = site.book.gaps
    assert (gap.reason, gap.from_ms, gap.to_ms) == ("asterisk-died", BEGAN_MS + 5_000, BEGAN_MS + 6_024)
    assert (site.alarms, next(iter(recordings_in(Folder(site.archive)))).recording) == ([], finished.recording)


async def test_two_who_were_hardly_bridged_have_nothing_to_record(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(bridged_ms=0))
    write_raw(site.spool, two_voices(0.0))
    site.now_ms = ended_talk().ended_ms + 60_000
    (finished,) = await site.finaliser.finish_ready()
    assert (finished.recording.status, site.alarms, site.left_in_spool()) == ("empty", [], [])


async def test_a_file_that_asterisk_died_over_is_repaired(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk())
    path = write_raw(site.spool, two_voices(2.0))
    path.write_bytes(path.read_bytes()[:-3])
    site.now_ms = path.stat().st_mtime_ns // 1_000_000 + 500
    (finished,) = await site.finaliser.finish_ready()
    assert (finished.recording.status, finished.recording.duration_ms) == ("repaired", 1_999)


async def test_an_unwritable_archive_is_said_once_and_costs_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk(1, 1), ended_talk(2, 2))
    for name in ("1-1", "2-2"):
        write_raw(site.spool, two_voices(1.0), f"hl1-1764000000.12-{name}")
    site.archive.write_text("a file where the folder should be")
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            assert await site.finaliser.finish_ready() == []
            site.now_ms += 11_000
    assert [line["log_level"] for line in logs] == ["error"]
    assert len(site.left_in_spool()) == 2
    site.archive.unlink()
    assert len(await site.finaliser.finish_ready()) == 2
    assert site.left_in_spool() == []


async def test_while_the_archive_rests_nothing_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(1.0))
    tries: list[Path] = []

    def full_disk(raw: Path, flac: Path) -> object:
        tries.append(raw)
        flac.write_bytes(b"the beginning")
        raise ArchiveUnwritableError("no space left on device")

    monkeypatch.setattr(archive_module, "to_flac", full_disk)
    for _ in range(5):
        await site.finaliser.finish_ready()
        site.now_ms += 1_000
    assert (len(tries), site.archived()) == (1, [])
    site.now_ms += 10_000
    await site.finaliser.finish_ready()
    assert len(tries) == 2


async def test_one_bad_recording_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, ended_talk(1, 1), ended_talk(2, 2))
    for name in ("1-1", "2-2"):
        write_raw(site.spool, two_voices(1.0), f"hl1-1764000000.12-{name}")

    def differs(raw: Path, flac: Path) -> object:
        if raw.name.endswith("1-1.raw"):
            raise AudioDiffersError("within 8 s of 0 s")
        return to_flac(raw, flac)

    monkeypatch.setattr(archive_module, "to_flac", differs)
    with structlog.testing.capture_logs() as logs:
        finished = await site.finaliser.finish_ready() + await site.finaliser.finish_ready()
    assert [one.recording.seq for one in finished] == [2]
    assert site.left_in_spool() == ["hl1-1764000000.12-1-1.raw"]
    assert [line["subject"] for line in logs if line["log_level"] == "error"] == ["hl1-1764000000.12-1-1"]


class BrokenBook(FileBook):
    """A database that is away for as long as a test wants."""

    broken = ""

    async def segments_to_finalise(self) -> list[EndedTalk]:
        if self.broken == "read":
            raise ConnectionError("no database")
        return list(await super().segments_to_finalise())

    async def add_recording(self, recording: Recording, gaps: Sequence[Gap] = ()) -> None:
        if self.broken == "write":
            raise ConnectionError("no database")
        await super().add_recording(recording, gaps)


@pytest.mark.parametrize("broken", ["read", "write"])
async def test_a_broken_ledger_loses_nothing(tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    book = BrokenBook(tmp_path / "ledger.db", [ended_talk()])
    book.broken = broken
    finaliser = Finaliser(site.spool, site.archive, book, now_ms=lambda: site.now_ms)
    write_raw(site.spool, two_voices(2.0))
    with structlog.testing.capture_logs() as logs:
        for _ in range(4):
            assert await finaliser.finish_ready() == []
            site.now_ms += 11_000
    assert sum(line["log_level"] == "error" for line in logs) == 1
    assert site.left_in_spool() == [f"{FILE}.raw"]
    book.broken = ""
    (finished,) = await finaliser.finish_ready()
    assert book.rows() == [finished.recording]
    assert (site.left_in_spool(), len(site.archived())) == ([], 2)


async def test_a_recording_that_grew_after_its_receipt_is_made_anew(tmp_path: Path) -> None:
    site = Site(tmp_path)
    book = BrokenBook(tmp_path / "ledger.db", [ended_talk()])
    book.broken = "write"
    finaliser = Finaliser(site.spool, site.archive, book, now_ms=lambda: site.now_ms)
    write_raw(site.spool, two_voices(2.0))
    await finaliser.finish_ready()
    write_raw(site.spool, two_voices(3.0))
    book.broken = ""
    for _ in range(2):
        site.now_ms += 11_000
        await finaliser.finish_ready()
    assert [row.duration_ms for row in book.rows()] == [3_000]
    assert site.left_in_spool() == []
    assert [name.rpartition(".")[2] for name in site.archived()] == ["older", "older", "flac", "json"]  # nor its key


async def test_an_archived_file_that_vanished_behind_its_receipt_is_made_anew(tmp_path: Path) -> None:
    site = Site(tmp_path)
    book = BrokenBook(tmp_path / "ledger.db", [ended_talk()])
    book.broken = "write"
    finaliser = Finaliser(site.spool, site.archive, book, now_ms=lambda: site.now_ms)
    write_raw(site.spool, two_voices(2.0))
    await finaliser.finish_ready()
    (site.archive / HOUR / f"{FILE}.flac").unlink()
    book.broken = ""
    for _ in range(2):
        site.now_ms += 11_000
        await finaliser.finish_ready()
    assert [row.status for row in book.rows()] == ["ok"]
    assert len(site.archived()) == 2


async def test_a_receipt_that_cannot_be_read_is_dropped(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(2.0))
    pending = site.archive / ".pending"
    pending.mkdir(parents=True)
    (pending / f"{FILE}.json").write_text('{"format": 1, "channels": {}, "recording": {"path": "../../etc"}}')
    assert len(await site.finaliser.finish_ready()) == 1
    assert not list(pending.iterdir())


async def test_a_talk_has_the_file_that_the_journal_names_and_another_of_its_kind_is_an_orphan(tmp_path: Path) -> None:
    """Two files may say the same call, segment and offer (a masquerade did so): each is kept."""
    named, other = f"{FILE}-1764000000123456789", f"{FILE}-1764000000123456790"
    site = Site(tmp_path, replace(ended_talk(), file=named))
    write_raw(site.spool, two_voices(2.0), file=named)
    write_raw(site.spool, two_voices(3.0), file=other)
    (finished,) = await site.finaliser.finish_ready()
    assert (finished.recording.file, finished.recording.status.value) == (named, "ok")
    site.now_ms += 3_700_000
    (adopted,) = await site.finaliser.finish_ready()
    assert (adopted.recording.file, adopted.recording.status.value) == (other, "orphan")
    assert len(site.archived()) == 4


async def test_a_talk_whose_name_the_journal_lost_has_the_only_file_that_it_can_be(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(2.0), file=f"{FILE}-1764000000123456789")
    (finished,) = await site.finaliser.finish_ready()
    assert (finished.recording.file, finished.recording.status.value) == (f"{FILE}-1764000000123456789", "ok")


async def test_a_talk_whose_call_has_no_proper_name_stops_nobody(tmp_path: Path) -> None:
    strange = EndedTalk(**{**{name: getattr(ended_talk(), name) for name in EndedTalk.__slots__}, "call": "../x"})
    site = Site(tmp_path, strange, ended_talk())
    write_raw(site.spool, two_voices(2.0))
    assert len(await site.finaliser.finish_ready()) == 1


async def test_one_at_a_time_even_when_cancelled_and_called_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(2.0))
    loop, started, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    at_work: list[int] = []
    most: list[int] = []

    def slow(raw: Path, flac: Path) -> object:
        at_work.append(1)
        most.append(len(at_work))
        loop.call_soon_threadsafe(started.set)
        assert go_on.wait(30)
        try:
            return to_flac(raw, flac)
        finally:
            at_work.pop()

    monkeypatch.setattr(archive_module, "to_flac", slow)
    first = asyncio.create_task(site.finaliser.finish_ready())
    await started.wait()
    first.cancel()
    second = asyncio.create_task(site.finaliser.finish_ready())
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(await second) == 1
    assert max(most) == 1
    assert len(site.archived()) == 2


async def test_what_failed_rests_for_ten_seconds_and_then_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, ended_talk(1, 1), ended_talk(2, 2))
    write_raw(site.spool, two_voices(1.0), "hl1-1764000000.12-1-1")
    tries: list[int] = []

    def differs(raw: Path, flac: Path) -> object:
        tries.append(site.now_ms)
        raise AudioDiffersError("within 8 s of 0 s")

    monkeypatch.setattr(archive_module, "to_flac", differs)
    begun_ms = site.now_ms
    for after_ms in (0, 1, 9_999, 10_000, 19_999, 20_000):
        site.now_ms = begun_ms + after_ms
        await site.finaliser.finish_ready()
    assert [at_ms - begun_ms for at_ms in tries] == [0, 10_000, 20_000]
    monkeypatch.undo()
    site.now_ms += 10_000
    assert [one.recording.seq for one in await site.finaliser.finish_ready() if one.recording.path] == [1]


async def test_a_spool_that_cannot_be_read_rests_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(1.0))
    tries: list[int] = []

    def unreadable(spool: Path) -> object:
        tries.append(site.now_ms)
        raise PermissionError("not yours")

    monkeypatch.setattr("recordings.capture.finaliser.raw_files.alone", unreadable)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert await site.finaliser.finish_ready() == []
            site.now_ms += 5_000
    assert (len(tries), [line["subject"] for line in logs]) == (2, ["spool"])
    monkeypatch.undo()
    site.now_ms += 5_000
    assert len(await site.finaliser.finish_ready()) == 1


async def test_a_file_that_grows_while_it_is_encoded_is_no_fault_and_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(1.0))

    def grows(raw: Path, flac: Path) -> object:
        raise StillWrittenError(f"{raw.name} grew")

    monkeypatch.setattr(archive_module, "to_flac", grows)
    with structlog.testing.capture_logs() as logs:
        assert await site.finaliser.finish_ready() == []
    assert (logs, site.left_in_spool(), site.alarms) == ([], [f"{FILE}.raw"], [])
    monkeypatch.undo()
    assert len(await site.finaliser.finish_ready()) == 1


async def test_a_recording_that_is_gone_from_archive_and_spool_is_told_and_noted_as_missing(tmp_path: Path) -> None:
    site = Site(tmp_path)
    book = BrokenBook(tmp_path / "ledger.db", [ended_talk()])
    book.broken = "write"
    alarms: list[tuple[str, str]] = []
    finaliser = Finaliser(
        site.spool, site.archive, book, alarm=lambda *told: alarms.append(told), now_ms=lambda: site.now_ms
    )
    write_raw(site.spool, two_voices(2.0))
    await finaliser.finish_ready()
    (site.archive / HOUR / f"{FILE}.flac").unlink()
    (site.spool / f"{FILE}.raw").unlink()
    book.broken = ""
    site.now_ms = ended_talk().ended_ms + 60_000
    for _ in range(2):
        site.now_ms += 11_000
        await finaliser.finish_ready()
    assert alarms == [("recording-lost", FILE), ("recording-missing", FILE)]
    assert [row.status for row in book.rows()] == ["missing"]


async def test_a_gap_that_nobody_can_explain_is_told_though_another_is_explained(tmp_path: Path) -> None:
    """Asterisk died: what it held is lost, and no more than that."""
    lost = replace(ended_talk(lasted_ms=40_000, bridged_ms=38_000), lost=True)
    site = Site(tmp_path, lost)
    site.now_ms = BEGAN_MS + 60_000
    write_raw(site.spool, two_voices(3.0), changed_ms=BEGAN_MS + 30_000)
    (finished,) = await site.finaliser.finish_ready()
    assert [gap.reason for gap in site.book.gaps] == ["unknown", "asterisk-died"]
    assert site.alarms == [("recording-short", finished.recording.file)]


async def test_an_alarm_without_anybody_to_tell_is_logged(tmp_path: Path) -> None:
    site = Site(tmp_path, ended_talk())
    book = FileBook(tmp_path / "ledger.db", [ended_talk()])
    finaliser = Finaliser(site.spool, site.archive, book, now_ms=lambda: ended_talk().ended_ms + 60_000)
    with structlog.testing.capture_logs() as logs:
        await finaliser.finish_ready()
    assert [(line["kind"], line["detail"]) for line in logs if line["event"] == "alarm"] == [
        ("recording-missing", FILE)
    ]


@pytest.mark.parametrize("what", ["raw_files.look", "two_sides.pairs"])
async def test_a_spool_that_cannot_be_listed_stops_nothing_else(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, ended_talk())
    write_raw(site.spool, two_voices(1.0))

    def unreadable(*_: object) -> object:
        raise PermissionError("not yours")

    monkeypatch.setattr(f"recordings.capture.finaliser.{what}", unreadable)
    with structlog.testing.capture_logs() as logs:
        assert await site.finaliser.finish_ready() == []
    assert [(line["subject"], line["error"]) for line in logs] == [("spool", "PermissionError: not yours")]
    monkeypatch.undo()
    site.now_ms += 10_000
    assert len(await site.finaliser.finish_ready()) == 1
