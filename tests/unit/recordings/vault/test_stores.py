"""What every store of recordings does alike: a local folder, object storage, and one before the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from calls.store import Store
from recordings.vault.folder import Folder
from recordings.vault.tiered_store import TieredStore
from storage.objects import ObjectStore
from tests.unit.storage.object_server import ObjectServer

HOUR, NEXT = "2025/11/24/16", "2025/11/24/17"


@pytest.fixture(params=["folder", "objects", "near first"])
def store(request: pytest.FixtureRequest, tmp_path: Path, objects: ObjectServer) -> Store:
    match request.param:
        case "folder":
            return Folder(tmp_path / "archive")
        case "objects":
            return ObjectStore(objects.address())
        case _:
            return TieredStore(Folder(tmp_path / "near"), ObjectStore(objects.address()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_bytes(b"0123456789" * 1000)
    return file


def test_what_is_stored_is_read_from_any_offset(store: Store, source: Path) -> None:
    store.put(f"{HOUR}/one.flac.enc", source)
    assert store.exists(f"{HOUR}/one.flac.enc")
    with store.open(f"{HOUR}/one.flac.enc") as opened:
        assert opened.read() == source.read_bytes()
        assert opened.seek(9_995) == 9_995
        assert opened.read() == b"56789"
        assert opened.seek(-3, 2) == 9_997
    assert source.exists()
    assert store.place_of(f"{HOUR}/one.flac.enc").endswith(f"/{HOUR}/one.flac.enc")


def test_an_upload_in_parts_is_whole(store: Store, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * (20_000_000 // 256) + b"end")
    store.put(f"{HOUR}/big.flac.enc", big)
    with store.open(f"{HOUR}/big.flac.enc") as opened:
        assert opened.read() == big.read_bytes()


def test_what_is_not_there_is_said_to_be_so(store: Store, source: Path) -> None:
    assert not store.exists(f"{HOUR}/none.json")
    with pytest.raises(FileNotFoundError):
        store.open(f"{HOUR}/none.json")
    assert not store.remove(f"{HOUR}/none.json")
    assert list(store.list()) == list(store.list(HOUR)) == []


def test_an_hour_and_everything_are_listed(store: Store, source: Path) -> None:
    for path in (f"{NEXT}/c.json", f"{HOUR}/b.json", f"{HOUR}/a.json"):
        store.put(path, source)
    assert [stored.path for stored in store.list()] == [f"{HOUR}/a.json", f"{HOUR}/b.json", f"{NEXT}/c.json"]
    assert [stored.path for stored in store.list(NEXT)] == [f"{NEXT}/c.json"]
    age_ms = source.stat().st_mtime_ns // 1_000_000 - next(store.list(HOUR)).changed_ms
    assert abs(age_ms) < 10_000


def test_what_is_removed_is_gone(store: Store, source: Path) -> None:
    store.put(f"{HOUR}/a.json", source)
    assert store.remove(f"{HOUR}/a.json")
    assert not store.exists(f"{HOUR}/a.json")
    assert not store.remove(f"{HOUR}/a.json")


def test_storing_again_takes_the_new_file(store: Store, source: Path, tmp_path: Path) -> None:
    store.put(f"{HOUR}/a.json", source)
    source.write_bytes(b"new")
    store.put(f"{HOUR}/a.json", source)
    with store.open(f"{HOUR}/a.json") as opened:
        assert opened.read() == b"new"
    with pytest.raises(FileNotFoundError):
        store.put(f"{HOUR}/b.json", tmp_path / "no such file")
    assert not store.exists(f"{HOUR}/b.json")
