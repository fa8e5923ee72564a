"""What the disk has been told to hold, and in which order: after a power cut a file is whole, and its name is there.

A real power cut cannot be had here: each call of fsync is noted with the file or folder that it is of.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calls.audit import Note, chained
from recordings import durable, secret_file
from recordings.capture import spool, two_sides
from recordings.levels import Loudness, heard
from recordings.upkeep import audit_checkpoints
from recordings.vault.archive import Archive
from recordings.vault.folder import Folder
from recordings.vault.keyring import first_ring
from recordings.vault.opening import no_keys
from recordings.vault.signing import first_signer
from tests.unit.recordings.raw_talk import FILE, ended_talk, two_voices, write_raw


class Disk:
    """The fsyncs so far, each by the path below the test's folder, with what lay there beside it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.synced: list[str] = []
        self.names: list[set[str]] = []

    def fsync(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        self.synced.append(path.relative_to(self._root).as_posix())
        self.names.append({one.name for one in (path if path.is_dir() else path.parent).iterdir()})


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    noted = Disk(tmp_path)
    monkeypatch.setattr(os, "fsync", noted.fsync)
    return noted


def test_a_folder_is_held_by_the_one_above_it_and_that_by_its_own(tmp_path: Path, disk: Disk) -> None:
    durable.make_folder(tmp_path / "a" / "b" / "c")
    assert disk.synced == [".", "a", "a/b"]
    assert (tmp_path / "a/b/c").stat().st_mode & 0o777 == 0o750
    durable.make_folder(tmp_path / "a" / "b")
    assert len(disk.synced) == 3


def test_a_file_is_held_before_it_has_its_name(tmp_path: Path, disk: Disk) -> None:
    durable.write(tmp_path / "keys.json", "{}")
    assert (disk.synced, disk.names) == (["keys.json.part"], [{"keys.json.part"}])
    assert (tmp_path / "keys.json").read_text() == "{}"


def test_two_sides_are_gone_only_when_the_whole_is_there(tmp_path: Path, disk: Disk) -> None:
    for suffix in (two_sides.CALLER, two_sides.OPERATOR):
        (tmp_path / f"{FILE}{suffix}").write_bytes(bytes(8_000))
    two_sides.weave(tmp_path, FILE)
    assert disk.synced == [f"{FILE}.raw.part", ".", "."]
    apart = {f"{FILE}{two_sides.CALLER}", f"{FILE}{two_sides.OPERATOR}"}
    assert disk.names == [apart | {f"{FILE}.raw.part"}, apart | {f"{FILE}.raw"}, {f"{FILE}.raw"}]


def test_a_raw_file_that_was_removed_does_not_come_back(tmp_path: Path, disk: Disk) -> None:
    write_raw(tmp_path, two_voices(0.1))
    spool.remove(tmp_path, FILE)
    assert (disk.synced, disk.names) == (["."], [set()])


@pytest.mark.parametrize("sealed", [True, False])
def test_a_recording_is_held_before_its_receipt_and_both_before_the_raw_file_may_go(
    tmp_path: Path, disk: Disk, sealed: bool
) -> None:
    keys = tmp_path / "keys.json"
    first_ring(keys)
    disk.synced.clear()
    disk.names.clear()
    archive = Archive(tmp_path / "archive", (lambda: first_ring(keys)) if sealed else no_keys)
    (tmp_path / "spool").mkdir()
    raw = write_raw(tmp_path / "spool", two_voices(0.5))
    suffix = ".flac.enc" if sealed else ".flac"
    sidecar = archive.enclose(raw, ended_talk(), 1)
    assert disk.synced[-3:] == [
        f"archive/.pending/{FILE}{suffix}", f"archive/.pending/{FILE}.json.part", "archive/.pending",
    ]  # fmt: skip
    assert disk.names[-1] == {f"{FILE}{suffix}", f"{FILE}.json"}, "nothing that was in the clear is left"
    archive.place(sidecar)
    hour = f"archive/{Path(sidecar.recording.path).parent}"
    assert disk.synced[-2:] == [f"{hour}/{FILE}.json.part", hour]
    assert disk.names[-1] == {f"{FILE}{suffix}", f"{FILE}.json"}
    archive.forget(FILE)
    assert not list((tmp_path / "archive/.pending").iterdir())


def test_an_encoding_that_failed_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").mkdir()
    raw = write_raw(tmp_path / "spool", two_voices(0.5))
    archive = Archive(tmp_path / "archive", lambda: first_ring(tmp_path / "keys.json"))
    monkeypatch.setattr("recordings.vault.archive.plain_sha256", lambda _: "another")
    with pytest.raises(Exception, match="sealed, and another when opened"):
        archive.enclose(raw, ended_talk(), 1)
    assert not list((tmp_path / "archive/.pending").iterdir()) and raw.exists()


@pytest.mark.parametrize(
    ("repaired", "lost", "orphan", "status"),
    [
        (False, False, False, "ok"),
        (True, False, False, "repaired"),
        (False, True, False, "repaired"),
        (True, True, True, "orphan"),
    ],
)
def test_what_became_of_a_recording_is_in_its_row(
    tmp_path: Path, repaired: bool, lost: bool, orphan: bool, status: str
) -> None:
    (tmp_path / "spool").mkdir()
    raw = write_raw(tmp_path / "spool", two_voices(0.5))
    if repaired:
        raw.write_bytes(raw.read_bytes() + b"\1")
    talk = replace(ended_talk(), lost=lost)
    sidecar = Archive(tmp_path / "archive", no_keys).enclose(raw, talk, 1, orphan=orphan)
    assert sidecar.recording.status.value == status


def test_a_copy_in_the_folder_is_held_and_so_is_what_was_removed(tmp_path: Path, disk: Disk) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"sound")
    folder = Folder(tmp_path / "archive")
    folder.put("2025/11/24/16/a.flac", source)
    hour = "archive/2025/11/24/16"
    assert disk.synced[-2:] == [f"{hour}/a.flac.part", hour]
    assert disk.names[-1] == {"a.flac"}
    assert folder.exists("2025/11/24/16/a.flac") and not folder.exists("2025/11/24/16")
    kept = (tmp_path / hour / "a.flac").open("rb")
    assert folder.remove("2025/11/24/16/a.flac") is True
    assert disk.synced[-2:] == [f"{hour}/a.flac", hour] and disk.names[-1] == set()
    assert kept.read() == b"\0" * 5, "what it held is written over"
    kept.close()
    assert folder.remove("2025/11/24/16/a.flac") is False
    folder.put("2025/11/24/16/a.flac", source)
    with (tmp_path / hour / "a.flac").open("rb") as reader:
        folder.let_go("2025/11/24/16/a.flac")
        assert reader.read() == b"sound", "somebody may be reading it"
    assert disk.synced[-1] == hour and disk.names[-1] == set()


def test_empty_folders_of_hours_that_are_over_a_day_old_go_and_no_others(tmp_path: Path) -> None:
    day_ms, now_ms = 24 * 3_600_000, 1_764_000_000_000  # 2025-11-24 16:00 UTC
    for hour in ("2025/11/23/15", "2025/11/23/16", "2025/11/22/03", "2024/01/01/00", "2025/11/21/09"):
        (tmp_path / hour).mkdir(parents=True)
    (tmp_path / "2025/11/21/09/a.flac").touch()
    Folder(tmp_path).prune(now_ms)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*/*/*"))
    assert left == ["2025/11/21/09", "2025/11/23/16"]
    assert not (tmp_path / "2024").exists() and not (tmp_path / "2025/11/22").exists()
    Folder(tmp_path).prune(now_ms + day_ms)
    assert [path.name for path in tmp_path.glob("*/*/*")] == ["21"]
    emptied = tmp_path / "archive"
    (emptied / "2024/01/01/00").mkdir(parents=True)
    Folder(emptied).prune(now_ms)
    assert list(emptied.iterdir()) == []  # the archive's own folder stays


def test_a_secret_is_held_whole_before_it_takes_the_others_place(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sizes = tmp_path / "keys.json", list[int]()
    path.write_text("older")
    noted = disk.fsync

    def fsync(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        noted(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    (tmp_path / "keys.json.0123.new").write_text("left by a kill")
    secret_file.write(path, b"secret")
    assert (sizes[0], path.read_bytes(), path.stat().st_mode & 0o777) == (6, b"secret", 0o600)
    assert [name.startswith("keys.json.") for name in disk.synced] == [True, False] and disk.synced[1] == "."
    assert disk.names[-1] == {"keys.json"}
    with pytest.raises(FileExistsError):
        secret_file.write(path, b"another", must_be_new=True)
    assert path.read_bytes() == b"secret"


def test_a_checkpoint_is_held_when_it_is_told(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "points"
    end = chained(Note("clerk", "demand.registered", "D-2025-0001", {}), 1, None)
    audit_checkpoints.add(path, first_signer(tmp_path / "key"), end, 2)
    assert disk.synced[-2:] == ["points", "."]
    assert path.read_text().count("\n") == 1


def test_a_side_that_runs_into_full_scale_on_one_edge_alone_is_clipped_too() -> None:
    for level in (32_000, -32_000):
        side = np.zeros(480, dtype=np.int16)
        side[170:173] = level
        assert heard(Loudness(), side).clipped_ms == 20
        side[172] = 0
        assert heard(Loudness(), side).clipped_ms == 0
    assert heard(Loudness(), np.zeros(0, dtype=np.int16)) == Loudness()
