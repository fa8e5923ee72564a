"""Retention, holds and reconciling on both databases, with a real archive (rule 14; promise 15)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from calls.audit import Note
from calls.demand import ActionRefusedError
from calls.recording import Gap, Recording, RecordingStatus
from config.places import Places
from recordings.errors import DisposedOfError
from recordings.upkeep.reconcile import EVERY_S, SETTLED_S, Reconciler, changed_hours, reconcile, reconcile_all
from recordings.upkeep.retention import LATE_DAYS, ClockDoubtfulError, dispose_due
from recordings.vault.archive import Archive
from recordings.vault.opening import sidecar_of
from recordings.vault.sidecar import sidecar_path
from recordings.vault.uploader import note_stored
from recordings.vault.vault import Vault
from storage import audit, recordings, retention
from storage.ledger import Ledger
from storage.retention import DAY_MS
from storage.tables import recording
from storage.transaction import in_transaction
from tests.unit.recordings.raw_talk import BEGAN_MS, ended_talk, two_voices, write_raw
from tests.unit.storage import scene
from tests.unit.storage.scene import projector_of

DAYS = 30
LATER_MS = BEGAN_MS + 10_000 + (DAYS + 1) * DAY_MS


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


def shelved(places: Places, seq: int = 1) -> Recording:
    """A recording in the archive that lies there for more than a minute."""
    raw = write_raw(places.spool, two_voices(1.0), f"hl1-1764000000.12-{seq}-{seq}")
    archive = Archive(places.archive, Vault(places).ring)
    sidecar = archive.enclose(raw, ended_talk(seq, seq, bridged_ms=1000), BEGAN_MS + 10_000)
    archive.place(sidecar)
    archive.forget(sidecar.recording.file)
    raw.unlink()
    beside = sidecar_path(places.archive / sidecar.recording.path)
    os.utime(beside, (beside.stat().st_mtime - 120,) * 2)
    return sidecar.recording


def there(places: Places, made: Recording) -> list[bool]:
    audio = places.archive / made.path
    return [audio.exists(), sidecar_path(audio).exists()]


async def test_what_is_over_age_is_disposed_of_and_proven(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    assert await dispose_due(ledger, places, DAYS, LATER_MS - 2 * DAY_MS) == []
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == [made.file]
    assert there(places, made) == [False, False]
    row = await ledger.recordings.at(made.call, made.seq, made.offer)
    assert row is not None
    assert (row.status, row.path, row.sha256) == (RecordingStatus.DISPOSED, "", made.sha256)
    kinds = [entry.kind for entry in await ledger.audit.of(made.file)]
    assert kinds == ["recording.kept", "recording.disposed"]
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == []
    assert await reconcile(ledger, places) == []


async def test_nothing_on_hold_is_disposed_of(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    await in_transaction(engine, lambda one: retention.hold(one, [made], "chief", "a trial", 5))
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == []
    assert there(places, made) == [True, True]
    assert await in_transaction(engine, lambda one: retention.release(one, [made.file], "chief", "over", 6)) == [
        made.file
    ]
    assert await in_transaction(engine, lambda one: retention.release(one, [made.file], "chief", "over", 6)) == []
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == [made.file]


async def test_what_came_on_hold_or_was_disposed_of_since_it_was_due_is_left(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    (due,) = await in_transaction(engine, lambda one: retention.due(one, LATER_MS))
    order = await in_transaction(engine, lambda one: retention.hold(one, [made], "chief", "a trial", 5))
    dispose = partial(retention.dispose, made=due, days=DAYS, now_ms=LATER_MS)
    assert await in_transaction(engine, dispose) is False
    row = await ledger.recordings.at(made.call, made.seq, made.offer)
    assert row == made
    await in_transaction(engine, lambda one: retention.release(one, [made.file], "chief", "over", 6, order))
    assert [await in_transaction(engine, dispose) for _ in range(2)] == [True, False]
    entries = [entry.kind for entry in await ledger.audit.of(made.file)]
    assert entries.count("recording.disposed") == 1
    with pytest.raises(ActionRefusedError, match="was disposed of"):
        await in_transaction(engine, lambda one: retention.hold(one, [made], "chief", "a trial", 7))


async def test_what_was_disposed_of_neither_comes_back_nor_is_told_as_stored(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    sidecar = sidecar_of(Vault(places).store, made.path)
    await ledger.recordings.add_recording(made)
    await note_stored(ledger, "s3://records", sidecar)
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == [made.file]
    with pytest.raises(DisposedOfError):
        await note_stored(ledger, "s3://records", sidecar)
    await ledger.recordings.add_recording(made)  # by a receipt or a sidecar that was found
    row = await ledger.recordings.at(made.call, made.seq, made.offer)
    assert row is not None and (row.status, row.path) == (RecordingStatus.DISPOSED, "")
    kinds = [entry.kind for entry in await ledger.audit.of(made.file)]
    assert kinds == ["recording.kept", "recording.stored", "recording.disposed"]


async def test_each_order_ends_by_its_own_release(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)

    async def hold(actor: str, reason: str) -> str:
        return await in_transaction(engine, lambda one: retention.hold(one, [made], actor, reason, 5))

    async def release(order: str = "") -> list[str]:
        return await in_transaction(engine, lambda one: retention.release(one, [made.file], "chief", "over", 6, order))

    first, second = await hold("anna", "a trial"), await hold("berik", "a complaint")
    assert first != second
    with pytest.raises(ActionRefusedError, match=f"2 orders.*{first} by anna: a trial; {second} by berik: a complaint"):
        await release()
    with pytest.raises(ActionRefusedError, match="no order 'D-2025-0001'"):
        await release("D-2025-0001")
    assert await release(first) == [made.file]
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == []
    with pytest.raises(ActionRefusedError, match="no order"):
        await release(first)
    assert await release() == [made.file]  # the only one need not be named
    assert await release() == []
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == [made.file]
    told = [(entry.kind, json.loads(entry.detail).get("order")) for entry in await ledger.audit.of(made.file)]
    held, released = "recording.held", "recording.released"
    assert told[1:5] == [(held, first), (held, second), (released, first), (released, second)]


async def test_an_order_of_an_older_version_is_released_like_any(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO legal_hold VALUES (:file, 'order', 1, 'x', 'y')"), {"file": made.file})
    assert await in_transaction(engine, lambda one: retention.release(one, [made.file], "chief", "over", 6)) == [
        made.file
    ]


async def test_a_demands_hold_outlives_an_order_to_release(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO legal_hold VALUES (:file, 'D-2025-0001', 1, 'x', 'y')"), {"file": made.file}
        )
    assert await in_transaction(engine, lambda one: retention.release(one, [made.file], "chief", "over", 6)) == []
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == []


async def test_retention_only_ever_grows(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    assert await dispose_due(ledger, places, 10 * DAYS, LATER_MS) == []
    assert await dispose_due(ledger, places, DAYS, LATER_MS) == []
    assert there(places, made) == [True, True]
    for configured, kept in ((10 * DAYS, 10 * DAYS), (20 * DAYS, 20 * DAYS), (DAYS, 20 * DAYS), (15 * DAYS, 20 * DAYS)):
        days = partial(retention.longest_days, configured=configured, now_ms=LATER_MS)
        assert await in_transaction(engine, days) == kept
        stands = await in_transaction(
            engine, partial(retention.retention_state, configured=configured, now_ms=LATER_MS)
        )
        assert stands.kept_days == kept
    with engine.begin() as connection:  # as two programs of an older version at once could leave it
        audit.append(connection, [Note("configuration", "retention.days", str(DAYS), {"before": 0})], LATER_MS)
    assert await in_transaction(engine, partial(retention.longest_days, configured=1, now_ms=LATER_MS)) == 20 * DAYS


async def test_a_disposal_that_was_killed_after_its_entry_is_finished(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    await in_transaction(engine, lambda one: retention.dispose(one, made, DAYS, LATER_MS))
    assert there(places, made) == [True, True]
    (mismatch,) = await reconcile(ledger, places)
    assert mismatch.done == "removed"
    assert there(places, made) == [False, False]


async def test_a_file_without_a_row_is_adopted_and_a_row_without_a_file_alarmed(engine: Engine, places: Places) -> None:
    """Promise 15."""
    ledger, adopted, lost = Ledger(engine), shelved(places, 1), shelved(places, 2)
    await ledger.recordings.add_recording(lost)
    (places.archive / lost.path).unlink()
    sidecar_path(places.archive / lost.path).unlink()
    found = {mismatch.file: mismatch for mismatch in await reconcile(ledger, places)}
    assert found[adopted.file].done == "adopted"
    assert "not in the archive" in found[lost.file].what
    assert await ledger.recordings.at(adopted.call, adopted.seq, adopted.offer) == adopted
    assert {mismatch.file for mismatch in await reconcile(ledger, places)} == {lost.file}
    assert [entry.kind for entry in await ledger.audit.of(adopted.file)] == ["recording.kept", "recording.adopted"]


async def test_the_controller_tells_each_mismatch_once(
    engine: Engine, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, lost, alarms = Ledger(engine), shelved(places), list[tuple[str, str]]()
    await ledger.recordings.add_recording(lost)
    (places.archive / lost.path).unlink()
    monkeypatch.setattr("recordings.upkeep.reconcile.time.time", lambda: (BEGAN_MS + 60_000) / 1000)
    at_work = Reconciler(ledger, places, lambda *told: alarms.append(told))
    await at_work.look()
    await at_work.look()
    assert [kind for kind, _ in alarms] == ["recording-mismatch"]


async def test_a_clock_that_is_years_ahead_disposes_of_nothing(engine: Engine, places: Places) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    wrong_ms = LATER_MS + (LATE_DAYS + 1) * DAY_MS
    with pytest.raises(ClockDoubtfulError, match="is the clock right"):
        await dispose_due(ledger, places, DAYS, wrong_ms)
    assert there(places, made) == [True, True]
    assert await dispose_due(ledger, places, DAYS, wrong_ms, by_hand=True) == [made.file]


async def test_what_is_due_for_no_more_than_a_month_is_disposed_of_without_a_question(
    engine: Engine, places: Places
) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    last_ms = made.made_ms + (DAYS + 31) * DAY_MS
    with pytest.raises(ClockDoubtfulError, match="due for more than 31 days"):
        await dispose_due(ledger, places, DAYS, last_ms + 1)
    assert await dispose_due(ledger, places, DAYS, last_ms) == [made.file]


async def test_how_retention_stands(engine: Engine, places: Places) -> None:
    ledger, first, held = Ledger(engine), shelved(places, 1), shelved(places, 2)
    for made in (first, held):
        await ledger.recordings.add_recording(made)
    await in_transaction(engine, lambda one: retention.hold(one, [held], "chief", "a trial", 5))

    async def stands(days: int, now_ms: int) -> tuple[int, ...]:
        now = await in_transaction(engine, lambda one: retention.retention_state(one, days, now_ms))
        return now.kept_days, now.kept, now.on_hold, now.due, now.due_on_hold, now.disposed

    assert await stands(DAYS, BEGAN_MS) == (DAYS, 2, 1, 0, 0, 0)
    assert await stands(DAYS, LATER_MS) == (DAYS, 2, 1, 1, 1, 0)
    await dispose_due(ledger, places, DAYS, LATER_MS)
    assert await stands(1, LATER_MS) == (DAYS, 1, 1, 0, 1, 1)


async def test_a_change_anywhere_in_the_archive_is_found_at_the_next_look(engine: Engine, places: Places) -> None:
    """Promise 15: within five minutes, however old the recording is."""
    assert EVERY_S + SETTLED_S < 300
    ledger, alarms = Ledger(engine), list[str]()
    adopted, lost, whole, key_lost = (shelved(places, seq) for seq in (1, 2, 3, 4))
    for made in (lost, whole, key_lost):
        await ledger.recordings.add_recording(replace(made, made_ms=BEGAN_MS))  # a year ago
    at_work = Reconciler(ledger, places, lambda _, detail: alarms.append(detail.partition(":")[0]))
    await at_work.look()
    assert alarms == [adopted.file]  # a file without a row: adopted
    (places.archive / lost.path).unlink()
    sidecar_path(places.archive / lost.path).unlink()
    sidecar_path(places.archive / key_lost.path).unlink()
    await at_work.look()
    await at_work.look()
    assert alarms == [adopted.file, lost.file, key_lost.file]
    assert await ledger.recordings.at(adopted.call, adopted.seq, adopted.offer) == adopted


def test_only_folders_in_which_something_changed_are_looked_at(places: Places) -> None:
    hour = places.archive / Path(shelved(places).path).parent
    since_s = hour.stat().st_mtime
    assert changed_hours(places.archive, since_s) == ["2025/11/24/16"]
    os.utime(hour, (since_s - 10,) * 2)
    assert changed_hours(places.archive, since_s) == []


async def test_every_mismatch_between_journal_ledger_spool_and_archive_is_explained(
    engine: Engine, places: Places
) -> None:
    """Promise 15, with one mismatch of each kind."""
    ledger = Ledger(engine)
    places.journals[0].parent.mkdir(parents=True)
    plain, dropped = scene.plain_call(1), scene.plain_call(2)
    places.journals[0].write_bytes(b"".join(plain.lines + dropped.lines))
    await projector_of(engine, places.journals).project_once()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM offer WHERE call_id = :call"), {"call": dropped.id})
    with places.journals[0].open("ab") as journal:
        journal.write(scene.plain_call(3).lines[0])
    write_raw(places.spool, two_voices(1.0), plain.file(1, 1))
    write_raw(places.spool, two_voices(1.0), "hl1-1764000000.77-1-1")
    short = replace(shelved(places), duration_ms=20_000, bridged_ms=30_000)
    gap = Gap(short.call, 1, BEGAN_MS, BEGAN_MS + 10_000, "disk-full")
    await ledger.recordings.add_recording(short, (gap,))
    found = {one.file: (one.what, one.done) for one in await reconcile_all(ledger, places)}
    assert found == {
        short.file: ("short against the time connected", "explained: disk-full"),
        plain.file(1, 1): ("a talk without a recording yet", "its file waits in the spool"),
        "hl1-1764000000.77-1-1": (
            "in the spool, and no talk of it has ended in the ledger",
            "adopted an hour after its last byte, or by `repair`",
        ),
        "journal": (f"{len(scene.plain_call(3).lines[0])} bytes are not in the ledger yet", "they are taken in"),
        dropped.file(1, 1): ("a talk in the journal, and not in the ledger", ""),
    }


async def test_talks_that_stay_without_a_recording_are_told_once(engine: Engine, places: Places) -> None:
    ledger, alarms = Ledger(engine), list[tuple[str, str]]()
    places.journals[0].parent.mkdir(parents=True)
    places.journals[0].write_bytes(b"".join(scene.plain_call(1).lines))
    await projector_of(engine, places.journals).project_once()
    at_work = Reconciler(ledger, places, lambda *told: alarms.append(told))
    await at_work.look()
    await at_work.look()
    assert [kind for kind, _ in alarms] == ["recordings-overdue"] and alarms[0][1].startswith("1 talks")


async def test_rows_come_in_portions_and_all_of_them(engine: Engine, places: Places) -> None:
    """However many were finished in one and the same millisecond."""
    ledger, made = Ledger(engine), shelved(places)
    rows = [replace(made, seq=seq, offer=1, file=f"hl1-1764000000.12-{seq}-1", path="") for seq in range(1, 1203)]
    with engine.begin() as connection:
        recordings.write_recording(connection, rows[0])
        values = [{**asdict(one), "call_id": one.call, "status": one.status.value} for one in rows[1:]]
        connection.execute(insert(recording), [{one.name: row[one.name] for one in recording.c} for row in values])
    found, after = list[str](), (made.made_ms, "")
    while portion := await ledger.recordings.made(*after):
        assert len(portion) <= 500
        found += [one.file for one in portion]
        after = (portion[-1].made_ms, portion[-1].file)
    assert sorted(found) == sorted(one.file for one in rows)


async def test_what_is_due_is_due_by_the_machines_clock(
    engine: Engine, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, made = Ledger(engine), shelved(places)
    await ledger.recordings.add_recording(made)
    for now_ms, gone in ((LATER_MS - 2 * DAY_MS, []), (LATER_MS, [made.file])):
        monkeypatch.setattr("recordings.upkeep.retention.time.time_ns", lambda now_ms=now_ms: now_ms * 1_000_000 + 999)
        assert await dispose_due(ledger, places, DAYS) == gone
