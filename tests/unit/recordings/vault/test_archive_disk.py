"""The archive on a disk that is really full, or gets read-only, at each step of finishing a recording (promise 14)."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recordings.capture.finaliser import Finaliser
from recordings.errors import ArchiveUnwritableError
from recordings.vault.archive import Archive
from recordings.vault.folder import Folder
from recordings.vault.keyring import first_ring
from recordings.vault.opening import open_recording, sidecar_of
from tests.small_disk import SmallDisk, small_disk
from tests.unit.recordings.raw_talk import BEGAN_MS, FILE, FileBook, ended_talk, two_voices, write_raw

PAGE = 4096


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk(1) as made:
        yield made


class Site:
    """A spool with one talk, on the usual disk, and its archive on the small one."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.raw = write_raw(folder / "spool", two_voices(2.0))
        self.before = self.raw.read_bytes()
        self.book = FileBook(folder / "ledger.db", [ended_talk()])
        self.archive, self.keys, self.now_ms = archive, folder / "keys.json", BEGAN_MS + 60_000
        archive.mkdir()
        spool, keys = folder / "spool", lambda: first_ring(folder / "keys.json")
        self.finaliser = Finaliser(spool, archive, self.book, keys=keys, now_ms=lambda: self.now_ms)

    def finishes(self) -> bool:
        """One try; what has no row then is as it was."""
        self.now_ms += 60_000
        done = bool(asyncio.run(self.finaliser.finish_ready()))
        assert self.book.rows() or self.raw.read_bytes() == self.before
        return done

    def assert_whole(self) -> None:
        """In the archive once, in the ledger once, and nowhere else."""
        (row,) = self.book.rows()
        store = Folder(self.archive)
        with open_recording(store, sidecar_of(store, row.path), first_ring(self.keys)) as opened:
            assert hashlib.sha256(opened.read()).hexdigest() == row.sha256
        left = sorted(path.name for path in self.archive.rglob("*") if path.is_file())
        assert left == [f"{FILE}.flac.enc", f"{FILE}.json"]
        assert not self.raw.exists()


def test_however_little_room_there_is_nothing_is_lost(tmp_path: Path, disk: SmallDisk) -> None:
    """Every size of what is left, page by page, up to the one that suffices."""
    for pages in range(100):
        folder = tmp_path / str(pages)
        folder.mkdir()
        site = Site(folder, disk.path / str(pages))
        room = disk.path / "room"
        room.write_bytes(b"\0" * pages * PAGE)
        disk.fill()
        room.unlink()
        enough = site.finishes()
        disk.empty()
        assert enough or site.finishes()
        site.assert_whole()
        if enough:
            break
    else:
        pytest.fail("400 KB do not suffice for a recording of 2 s")
    assert pages > 5  # there were steps in which it failed


def test_a_disk_that_gets_read_only_at_any_step_loses_nothing(
    tmp_path: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeds, last = 0, 0

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def deed(*args: Any, **kwargs: Any) -> Any:
            nonlocal deeds
            deeds += 1
            if deeds == last:
                disk.read_only(on=True)
            return real(*args, **kwargs)

        return deed

    for owner, name in (
        (os, "fsync"),
        (Path, "mkdir"),
        (Path, "replace"),
        (Path, "unlink"),
        (FileBook, "add_recording"),
    ):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    failed = 0
    while deeds >= last:
        last, deeds = last + 1, -1_000
        folder = tmp_path / f"ro{last}"
        folder.mkdir()
        site = Site(folder, disk.path / f"ro{last}")
        deeds = 0
        done = site.finishes()
        made, deeds = deeds, -1_000
        disk.read_only(on=False)
        failed += not done
        assert done or site.finishes()
        site.assert_whole()
        deeds = made
    assert failed > 5


def test_an_archive_that_takes_no_folder_or_no_file_says_so(tmp_path: Path) -> None:
    """At each of the two steps of a recording; neither is done half."""
    raw, keys = write_raw(tmp_path / "spool", two_voices(1.0)), lambda: first_ring(tmp_path / "keys.json")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ArchiveUnwritableError, match="File exists"):
        Archive(tmp_path / "file" / "archive", keys).enclose(raw, ended_talk(), 1)
    archive = Archive(tmp_path / "archive", keys)
    sidecar = archive.enclose(raw, ended_talk(), 1)
    (tmp_path / "archive" / sidecar.recording.path.partition("/")[0]).write_text("no folder")
    with pytest.raises(ArchiveUnwritableError, match="File exists"):
        archive.place(sidecar)
