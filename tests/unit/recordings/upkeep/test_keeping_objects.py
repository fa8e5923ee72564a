"""Reconciling, verifying, disposal and hand-out with the archive on object storage, on both databases (rule 14)."""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from calls.recording import Recording, RecordingStatus
from calls.store import StoreAwayError
from config.places import Places
from demands.package_zip import build
from phones.tones import hears
from recordings.access.export import hand_out
from recordings.access.verify import verified
from recordings.naming import CopyKind
from recordings.upkeep.reconcile import Reconciler, reconcile
from recordings.upkeep.retention import DAY_MS, dispose_due
from recordings.vault.archive import Archive
from recordings.vault.opening import Keys, no_keys
from recordings.vault.sidecar import beside
from recordings.vault.signing import first_signer
from recordings.vault.uploader import STORED, uploader_of
from recordings.vault.vault import Vault
from storage.ledger import Ledger
from storage.recordings import StoredRecording
from tests.unit.demands.test_package import about, item, proof
from tests.unit.recordings.raw_talk import CALLER_HZ, OPERATOR_HZ, ended_talk, two_voices, write_raw
from tests.unit.storage.object_server import ObjectServer

DAYS = 30
NOW_MS = time.time_ns() // 1_000_000
LATER_MS = NOW_MS + (DAYS + 1) * DAY_MS


def places_before(server: ObjectServer, folder: Path) -> Places:
    return Places(folder, folder / "archive", folder / "keys" / "archive.json", "", folder, server.address())


@pytest.fixture
def places(tmp_path: Path, objects: ObjectServer) -> Places:
    return places_before(objects, tmp_path)


async def stored(
    places: Places, ledger: Ledger, seq: int = 1, *, known: bool = True, moved: bool = True, keys: Keys | None = None
) -> Recording:
    """A recording that has moved on to the store."""
    raw = write_raw(places.spool, two_voices(2.0), f"hl1-1764000000.12-{seq}-{seq}")
    archive = Archive(places.archive, keys or Vault(places).ring)
    talk = replace(ended_talk(seq, seq, bridged_ms=2000), began_ms=NOW_MS - 3_000, ended_ms=NOW_MS - 1_000)
    sidecar = archive.enclose(raw, talk, NOW_MS)
    archive.place(sidecar)
    archive.forget(sidecar.recording.file)
    if known:
        await ledger.recordings.add_recording(sidecar.recording)
    if moved:
        uploader = uploader_of(places, ledger, lambda kind, detail: pytest.fail(f"{kind}: {detail}"))
        assert uploader is not None
        assert await uploader.look() == 1
    return sidecar.recording


async def test_a_recording_that_moved_on_is_told_of_and_agrees(
    engine: Engine, places: Places, objects: ObjectServer
) -> None:
    ledger = Ledger(engine)
    made = await stored(places, ledger)
    kinds = [entry.kind for entry in await ledger.audit.of(made.file)]
    assert kinds == ["recording.kept", STORED]
    assert places.remote is not None
    assert Vault(places).store.place_of(made.path) == f"{places.remote.url}/{made.path}"
    assert await reconcile(ledger, places) == []


async def test_reconcile_adopts_alarms_and_ends_what_was_disposed_of(
    engine: Engine, places: Places, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 15; the first is what an index rebuilt from sidecars is made by."""
    ledger, alarms = Ledger(engine), list[tuple[str, str]]()
    adopted = await stored(places, ledger, 1, known=False)
    lost = await stored(places, ledger, 2)
    gone = await stored(places, ledger, 3, known=False)
    waiting = await stored(places, ledger, 4, moved=False)
    await ledger.recordings.add_recording(replace(gone, status=RecordingStatus.DISPOSED, path=""))
    for path in (lost.path, beside(lost.path)):
        assert Vault(places).store.remove(path)
    monkeypatch.setattr("recordings.upkeep.reconcile.SETTLED_S", 0.0)
    await Reconciler(ledger, places, lambda *told: alarms.append(told)).look()
    found = {detail.split(": ")[0]: detail for kind, detail in alarms}
    assert set(found) == {adopted.file, lost.file, gone.file}
    assert found[adopted.file].endswith("adopted")
    assert "not in the archive" in found[lost.file]
    assert found[gone.file].endswith("removed")
    assert await ledger.recordings.at(adopted.call, adopted.seq, adopted.offer) == adopted
    assert not Vault(places).store.exists(gone.path) and not Vault(places).store.exists(beside(gone.path))
    assert [one.file for one in await reconcile(ledger, places)] == [lost.file]
    assert Vault(places).store.exists(waiting.path)


async def test_what_is_over_age_is_disposed_of_here_and_there(
    engine: Engine, places: Places, objects: ObjectServer
) -> None:
    ledger = Ledger(engine)
    there = await stored(places, ledger, 1)
    here = await stored(places, ledger, 2, moved=False)
    assert sorted(await dispose_due(ledger, places, DAYS, LATER_MS)) == [there.file, here.file]
    assert list(Vault(places).store.list()) == []
    assert await reconcile(ledger, places) == []


async def test_every_fault_is_found_in_the_store_by_many_processes(
    engine: Engine, places: Places, objects: ObjectServer
) -> None:
    """Promise 9."""
    ledger = Ledger(engine)
    made = [await stored(places, ledger, seq) for seq in range(1, 5)]
    whole, changed, missing, bare = made
    assert places.remote is not None
    at = objects.file(places.remote, changed.path)
    at.write_bytes(at.read_bytes()[:-9] + b"\0" + at.read_bytes()[-8:])
    assert Vault(places).store.remove(missing.path) and Vault(places).store.remove(beside(bare.path))
    rows = [StoredRecording(row, row.sha256) for row in made] * 5
    faults = {verdict.file: verdict.faults for verdict in verified(Vault(places).store, places.keys, rows, processes=2)}
    assert faults[whole.file] == ()
    assert "was changed" in faults[changed.file][0]
    assert faults[missing.file] == ("the file is missing",)
    assert "sidecar is missing" in faults[bare.file][0]


async def test_copies_and_packages_are_made_from_the_store(
    engine: Engine, places: Places, objects: ObjectServer, tmp_path: Path
) -> None:
    ledger = Ledger(engine)
    there = await stored(places, ledger, 1)
    here = await stored(places, ledger, 2, moved=False)
    for made in (there, here):
        for kind in CopyKind:
            copy = await hand_out(ledger, places, made, kind, tmp_path, "auditor", "a letter")
            assert hears(copy, CALLER_HZ, channel=0) and hears(copy, OPERATOR_HZ, channel=1)
    packed(tmp_path / "p.zip", places, there, here)
    with zipfile.ZipFile(tmp_path / "p.zip") as package:
        for made in (there, here):
            with package.open(f"audio/{made.file}.wav") as wav:
                assert hears(wav, CALLER_HZ, channel=0)


async def test_a_store_that_is_away_is_one_line_and_changes_nothing(
    engine: Engine, mortal_objects: ObjectServer, tmp_path: Path
) -> None:
    ledger, places = Ledger(engine), places_before(mortal_objects, tmp_path)
    there = await stored(places, ledger, 1)
    here = await stored(places, ledger, 2, moved=False)
    mortal_objects.kill()
    copy = await hand_out(ledger, places, here, CopyKind.WAV, tmp_path, "auditor", "a letter")
    assert hears(copy, CALLER_HZ, channel=0)
    target = tmp_path / "p.zip"
    packed(target, places, here)
    assert places.remote is not None
    words = f"the archive's store {places.remote.url} at {places.remote.endpoint}: nothing listens there"
    target.unlink()
    for deed in (
        lambda: Vault(places).recording(there.path),
        lambda: packed(target, places, there),
    ):
        with pytest.raises(StoreAwayError) as caught:
            deed()
        assert str(caught.value) == words
    with pytest.raises(StoreAwayError):
        await hand_out(ledger, places, there, CopyKind.WAV, tmp_path, "auditor", "a letter")
    assert not left_of(tmp_path, "p.zip", there.file)
    with pytest.raises(StoreAwayError):
        await dispose_due(ledger, places, DAYS, LATER_MS)
    row = await ledger.recordings.at(there.call, there.seq, there.offer)
    assert row == there  # not said to be disposed of
    with pytest.raises(StoreAwayError):
        await reconcile(ledger, places)
    (verdict,) = verified(Vault(places).store, places.keys, [StoredRecording(there, there.sha256)])
    assert (verdict.faults, verdict.away) == ((), words)
    mortal_objects.start()
    assert sorted(await dispose_due(ledger, places, DAYS, LATER_MS)) == [there.file, here.file]


def packed(target: Path, places: Places, *made: Recording) -> None:
    items = [
        replace(item(one.file, b"", flac_sha256=one.sha256), open=partial(Vault(places).recording, one.path))
        for one in made
    ]
    build(target, about(), items, proof(), first_signer(places.signing_key))


def left_of(folder: Path, *names: str) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(names)]


@pytest.mark.parametrize("kind", list(CopyKind))
async def test_what_is_not_encrypted_is_handed_out_from_the_store_too(
    engine: Engine, places: Places, tmp_path: Path, kind: CopyKind
) -> None:
    ledger = Ledger(engine)
    made = await stored(places, ledger, keys=no_keys)
    assert made.path.endswith(".flac") and Vault(places).store.place_of(made.path).startswith("s3://")
    copy = await hand_out(ledger, places, made, kind, tmp_path, "auditor", "a letter")
    assert hears(copy, CALLER_HZ, channel=0) and hears(copy, OPERATOR_HZ, channel=1)
