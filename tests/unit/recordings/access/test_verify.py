"""Every way in which a recording can be other than it was is found: 1,000 of 1,000 mutations (promise 9)."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from calls.recording import Recording
from recordings.access.verify import examine, verified
from recordings.vault.archive import Archive
from recordings.vault.folder import Folder
from recordings.vault.keyring import KeyRing, first_ring
from recordings.vault.sidecar import sidecar_path
from storage.recordings import StoredRecording
from tests.unit.recordings.raw_talk import FILE, ended_talk, two_voices, write_raw


class Shelf:
    """An archive with two recordings in it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.keys = folder / "archive", folder / "keys.json"
        self.ring: KeyRing = first_ring(self.keys)
        archive = Archive(self.root, lambda: self.ring)
        self.rows: list[Recording] = []
        for seq, seconds in ((1, 2.0), (2, 3.0)):
            raw = write_raw(folder / "spool", two_voices(seconds), f"{FILE.rpartition('-')[0][:-2]}-{seq}-{seq}")
            sidecar = archive.enclose(raw, ended_talk(seq, seq), 1_764_000_009_000)
            archive.place(sidecar)
            archive.forget(sidecar.recording.file)
            self.rows.append(sidecar.recording)

    def faults(self, index: int = 0, kept_sha256: str | None = None) -> tuple[str, ...]:
        return examine(Folder(self.root), self.rows[index], self.ring, kept_sha256).faults

    def audio(self, index: int = 0) -> Path:
        return self.root / self.rows[index].path

    def sidecar(self, index: int = 0) -> Path:
        return sidecar_path(self.audio(index))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path)
    assert made.faults(0, made.rows[0].sha256) == made.faults(1) == ()
    return made


def test_a_thousand_changes_of_a_recordings_bytes_are_all_found(shelf: Shelf) -> None:
    chance, whole = random.Random(9), shelf.audio().read_bytes()
    for number in range(1_000):
        data = bytearray(whole)
        match number % 4:
            case 0:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 1:
                del data[chance.randrange(len(data)) :]
            case 2:
                at = chance.randrange(len(data))
                data[at:at] = chance.randbytes(chance.randrange(1, 64))
            case _:
                at = chance.randrange(len(data) - 64)
                data[at : at + 32] = data[at + 32 : at + 64]
        if bytes(data) == whole:
            continue
        shelf.audio().write_bytes(bytes(data))
        assert shelf.faults(), number
    shelf.audio().write_bytes(whole)
    assert shelf.faults() == ()


def test_every_changed_fact_of_a_sidecar_is_found(shelf: Shelf) -> None:
    text = shelf.sidecar().read_text()
    said = json.loads(text)
    for name in said["recording"]:
        changed = json.loads(text)
        value = changed["recording"][name]
        changed["recording"][name] = value + 1 if isinstance(value, int | float) else f"{value}x"
        shelf.sidecar().write_text(json.dumps(changed))
        assert shelf.faults(), name
    for change in ({"sealed": None}, {"sealed": {"by": "k1", "key": "AAAA"}}, {"format": 9}, {"began_ms": 1}):
        shelf.sidecar().write_text(json.dumps(said | change))
        assert shelf.faults(), change
    shelf.sidecar().write_text("")
    assert shelf.faults()


@pytest.mark.parametrize("what", ["audio", "audio and sidecar", "sidecar"])
def test_two_recordings_exchanged_are_found_both(shelf: Shelf, what: str) -> None:
    pairs = [(shelf.audio(0), shelf.audio(1))] * ("audio" in what) + [(shelf.sidecar(0), shelf.sidecar(1))] * (
        "sidecar" in what
    )
    for one, other in pairs:
        spare = one.with_suffix(".spare")
        shutil.move(one, spare)
        shutil.move(other, one)
        shutil.move(spare, other)
    assert shelf.faults(0) and shelf.faults(1)


def test_a_missing_file_or_sidecar_or_key_is_found(shelf: Shelf, tmp_path: Path) -> None:
    assert "no keys" in examine(Folder(shelf.root), shelf.rows[0], None).faults[0]
    assert examine(Folder(shelf.root), shelf.rows[0], first_ring(tmp_path / "other.json")).faults
    shelf.sidecar(0).unlink()
    shelf.audio(1).unlink()
    assert "sidecar is missing" in shelf.faults(0)[0]
    assert "file is missing" in shelf.faults(1)[0]


def test_a_ledger_written_anew_is_found_by_the_audit_log(shelf: Shelf) -> None:
    assert shelf.faults(0, "00" * 32)
    shelf.rows[0] = replace(shelf.rows[0], duration_ms=2500)
    assert any("lasts 2000 ms" in fault for fault in shelf.faults())


def test_many_are_looked_at_on_all_cores(shelf: Shelf) -> None:
    shelf.audio(1).write_bytes(b"BLNSEAL1")
    rows = [StoredRecording(row, row.sha256) for row in shelf.rows] * 10
    verdicts = list(verified(Folder(shelf.root), shelf.keys, rows, processes=2))
    assert len(verdicts) == 20
    assert {verdict.file for verdict in verdicts if verdict.faults} == {shelf.rows[1].file}
