"""A backup and the way back: nothing lost, nothing put over anything, and half of one is told from a whole one."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bailanys.backup import copies, manifest
from bailanys.backup.errors import BackupBusyError, BackupDamagedError, BackupRefusedError
from bailanys.backup.putting_back import put_back
from bailanys.backup.taking import Taken, take
from bailanys.site import half_restored
from bench.archived import Desk, desk
from calls.audit import Note
from config.load import load
from config.places import Places
from config.settings import Settings
from recordings.access.verify import examine
from recordings.capture import spool
from recordings.capture.finaliser import Finaliser
from recordings.upkeep import audit_checkpoints
from recordings.vault.keyring import ring_at, rotate
from recordings.vault.signing import signer_at
from recordings.vault.vault import Vault
from storage import audit, snapshot
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"


@pytest.fixture
def settings() -> Settings:
    return load(CONFIG, {})


@pytest.fixture
def site(tmp_path: Path) -> Places:
    """Two talks in the archive, one raw in the spool, an audit log, a rotated key, journals, a studio's prompt."""
    with desk(tmp_path) as made:
        for number in (0, 1):
            finished(made, number)
            rotate(made.places.keys)
        made.talked(2, 0.2)
        asyncio.run(Ledger(made.engine).audit.note(Note("clerk", "demand.registered", "D-2026-0001", {})))
    places = made.places
    for journal in places.journals:
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.write_bytes(b"a whole line\nhalf of o")
        journal.with_name(f"{journal.name}.1764000000000").write_bytes(b"an older line\n")
    (places.state / "hotline.id").write_text("ab" * 16 + "\n")
    (places.state / "secrets.json").write_text("{}")
    places.asterisk_database.parent.mkdir()
    with closing(sqlite3.connect(places.asterisk_database)) as astdb:
        astdb.execute("CREATE TABLE astdb (key TEXT, value TEXT)")
        astdb.commit()
    (places.override / "kk").mkdir(parents=True)
    (places.override / "kk" / "hello.wav").write_bytes(b"RIFF")
    return places


def finished(made: Desk, number: int) -> None:
    made.talked(number, 0.2)
    assert len(asyncio.run(made.finaliser.finish_ready())) == 1


def taken(settings: Settings, places: Places) -> Taken:
    folder = places.state.parent
    return take(settings, CONFIG, places, folder / "backups", folder / "keys")


def elsewhere(places: Places) -> Places:
    state = places.state.parent / "new"
    url = sqlite_url(state / "ledger.db")
    return Places(state, state / "archive", state / "keys" / "archive.json", url, places.state.parent / "new-studio")


@contextmanager
def desk_at(places: Places) -> Iterator[Desk]:
    engine = open_engine(places.database_url)
    try:
        book = Ledger(engine).recordings
        yield Desk(places, engine, Finaliser(places.spool, places.archive, book, keys=Vault(places).ring))
    finally:
        engine.dispose()


def faults(places: Places) -> list[str]:
    """Of all recordings and the whole audit log."""
    engine = open_engine(places.database_url)
    try:
        rows = asyncio.run(Ledger(engine).recordings.made(0, ""))
        ring, store = ring_at(places.keys), Vault(places).store
        found = [fault for row in rows for fault in examine(store, row, ring).faults]
        points = audit_checkpoints.read(places.checkpoints, signer_at(places.signing_key).public_key)
        with engine.connect() as connection:
            later_ms = 10**13  # whatever is signed by no checkpoint is overdue by then
            return found + [
                one.what for one in audit_checkpoints.log_faults(audit.entries(connection), points, later_ms)
            ]
    finally:
        engine.dispose()


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_put_back_is_what_was_there(settings: Settings, site: Places) -> None:
    made, new = taken(settings, site), elsewhere(site)
    told = put_back(settings, new, made.folder, made.keys)
    assert (told.name, told.missing, made.missing) == (made.folder.name, (), ())
    assert faults(new) == []
    known = snapshot.known_of_file(new.state / "ledger.db")
    assert known == snapshot.known_of_file(site.state / "ledger.db") and len(known.kept) == 2 and known.end is not None
    before, after = everything(site.state), everything(new.state)
    same = [name for name in before if name.startswith(("archive/", "spool/", "keys/", "hotline", "secrets", "lib/"))]
    assert len([name for name in same if name.endswith(".raw")]) == 1
    assert {name: after.get(name) for name in same if not name.endswith(".lock")} == {
        name: before[name] for name in same if not name.endswith(".lock")
    }
    for journal, put in zip(site.journals, new.journals, strict=True):
        assert put.read_bytes() == b"a whole line\n"
        assert put.with_name(f"{put.name}.1764000000000").read_bytes() == b"an older line\n"
        assert journal.read_bytes().endswith(b"half of o")
    raw, put_raw = next(site.spool.glob("*.raw")), next(new.spool.glob("*.raw"))
    assert raw.stat().st_mtime_ns == put_raw.stat().st_mtime_ns  # by which the talk's end is told
    assert (new.override / "kk" / "hello.wav").stat().st_mode & 0o777 == 0o644
    assert not list(half_restored.restored_findings(new.state))
    assert (made.folder / "config" / "hotline.toml").read_bytes() == CONFIG.read_bytes()


def test_keys_lie_apart_and_all_is_for_its_owner_alone(settings: Settings, site: Places) -> None:
    made = taken(settings, site)
    secrets = {"archive.json", "signing.pem", "secrets.json"}
    assert secrets < {path.name for path in made.keys.iterdir()}
    assert not secrets & {path.name for path in made.folder.rglob("*")}
    content = everything(made.folder)
    for key in (site.keys, site.signing_key):
        assert all(key.read_bytes() not in held for held in content.values())
    for folder in (made.folder, made.keys):
        for path in (folder, *folder.rglob("*")):
            studio = "studio" in path.parts and path.is_file()
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o644 if studio else 0o600), path


def test_anybody_can_check_it_with_sha256sum(settings: Settings, site: Places) -> None:
    made = taken(settings, site)
    for folder in (made.folder, made.keys):
        command = ("sha256sum", "--check", "--strict", "--quiet", manifest.SUMS)
        assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_the_next_backup_copies_only_what_is_new(settings: Settings, site: Places) -> None:
    first = taken(settings, site)
    with desk_at(site) as made:
        assert len(asyncio.run(made.finaliser.finish_ready())) == 1
    second, new = taken(settings, site), elsewhere(site)
    recordings = [path for path in first.folder.rglob("*") if path.name.endswith(".flac.enc")]
    assert len(recordings) == 2 and second.linked == first.linked + 2 * 2 + 1
    for path in recordings:
        assert path.samefile(second.folder / path.relative_to(first.folder))
    assert first.keys != second.keys
    shutil.rmtree(first.folder)  # each is whole by itself
    put_back(settings, new, second.folder, second.keys.parent)
    assert faults(new) == [] and not list(new.spool.glob("*.raw"))


def test_a_key_that_is_rotated_and_a_recording_that_is_finished_meanwhile_are_not_lost(
    settings: Settings, site: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = snapshot.known_of_file

    def meanwhile(file: Path) -> snapshot.Known:
        if next(site.spool.glob("*.raw"), None):
            rotate(site.keys)
            with desk_at(site) as made:
                assert len(asyncio.run(made.finaliser.finish_ready())) == 1
        return real(file)

    monkeypatch.setattr(snapshot, "known_of_file", meanwhile)
    made, new = taken(settings, site), elsewhere(site)
    monkeypatch.undo()
    put_back(settings, new, made.folder, made.keys)
    assert ring_at(new.keys) == ring_at(site.keys)
    assert faults(new) == []
    with desk_at(new) as again:
        (one,) = asyncio.run(again.finaliser.finish_ready())
    assert one.recording.duration_ms == 200
    ring, store = ring_at(new.keys), Vault(new).store
    assert examine(store, one.recording, ring).faults == () and not list(new.spool.glob("*.raw"))


def test_what_is_disposed_of_meanwhile_is_in_no_backup(
    settings: Settings, site: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gone = snapshot.known_of_file, list[str]()

    def meanwhile(file: Path) -> snapshot.Known:
        known = real(file)
        if not gone:
            gone.append(min(known.kept))
            with closing(sqlite3.connect(site.state / "ledger.db")) as ledger:
                ledger.execute("UPDATE recording SET status = 'disposed', path = '' WHERE path = ?", gone)
                ledger.commit()
            for path in site.archive.rglob(f"{Path(gone[0]).name.removesuffix('.flac.enc')}.*"):
                path.unlink()
        return known

    monkeypatch.setattr(snapshot, "known_of_file", meanwhile)
    made = taken(settings, site)
    assert made.missing == () and len(real(made.folder / "ledger.db").kept) == 1
    file = Path(gone[0]).name.removesuffix(".flac.enc")
    assert not list(made.folder.rglob(f"{file}.*")) and len(list(made.folder.rglob("*.flac.enc"))) == 1


def test_a_recording_that_is_missing_is_told_and_hinders_nothing(settings: Settings, site: Places) -> None:
    lost = min(snapshot.known_of_file(site.state / "ledger.db").kept)
    (site.archive / lost).unlink()
    made = taken(settings, site)
    assert made.missing == (lost,) == manifest.read(made.folder)[0].missing


def test_a_full_disk_leaves_nothing_half_and_the_backup_before_as_it_was(
    settings: Settings, site: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = taken(settings, site)
    before, real, left = everything(first.folder), copies._copied, 5

    def full(*args: object, **kwargs: bool) -> str:
        nonlocal left
        if (left := left - 1) == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(copies, "_copied", full)
    with pytest.raises(OSError, match="No space left") as told:
        taken(settings, site)
    assert told.value.filename is not None and str(first.folder.parent) in told.value.filename
    assert [path.name for path in first.folder.parent.iterdir() if path.is_dir()] == [first.folder.name]
    assert everything(first.folder) == before


@pytest.mark.parametrize("harm", ["cut", "changed", "removed", "manifest", "sums", "list", "other keys", "key changed"])
def test_a_backup_that_is_not_what_was_written_is_not_put_back(settings: Settings, site: Places, harm: str) -> None:
    made, new = taken(settings, site), elsewhere(site)
    sound, keys = next(made.folder.rglob("*.flac.enc")), made.keys
    head = made.folder / manifest.HEAD
    match harm:
        case "cut":
            os.truncate(sound, 10)
        case "changed":
            sound.write_bytes(sound.read_bytes()[:-1] + b"x")
        case "removed":
            sound.unlink()
        case "manifest":
            head.write_text(head.read_text().replace('"audit_entries": ', '"audit_entries": 1'))
        case "sums":
            (made.folder / manifest.SUMS).write_text("")
        case "list":
            head.unlink()
        case "other keys":
            keys = taken(settings, site).keys
        case "key changed":
            (keys / "archive.json").write_text("{}")
    with pytest.raises((BackupDamagedError, FileNotFoundError)):
        put_back(settings, new, made.folder, keys)
    assert everything(new.state) == {} or not new.state.exists()


def test_nothing_is_put_over_what_is_there(settings: Settings, site: Places) -> None:
    made, new = taken(settings, site), elsewhere(site)
    with pytest.raises(BackupRefusedError, match="is not empty"):
        put_back(settings, site, made.folder, made.keys)
    (new.override / "kk").mkdir(parents=True)
    (new.override / "kk" / "hello.wav").write_bytes(b"ours")
    with pytest.raises(BackupRefusedError, match="there already"):
        put_back(settings, new, made.folder, made.keys)
    assert (new.override / "kk" / "hello.wav").read_bytes() == b"ours" and not new.state.exists()


def test_a_backup_lies_apart_from_its_keys_and_from_what_it_is_of(settings: Settings, site: Places) -> None:
    folder = site.state.parent
    for to, keys in ((folder / "b", folder / "b" / "keys"), (folder / "b", folder / "b"), (site.state / "b", folder)):
        with pytest.raises(BackupRefusedError):
            take(settings, CONFIG, site, to, keys)
        assert not to.exists()


def test_recordings_that_are_being_finished_are_waited_for_and_not_forever(
    settings: Settings, site: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bailanys.backup.taking.WAIT_S", 0.1)
    with spool.alone(site.spool) as alone:
        assert alone
        with pytest.raises(BackupBusyError):
            taken(settings, site)
    assert taken(settings, site).missing == ()
