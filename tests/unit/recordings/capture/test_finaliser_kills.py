"""`kill -9` of a finalising process before each thing that it does to a disk or to the ledger; then a second run."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest
import soundfile

from phones.tones import hears
from recordings.capture.finaliser import Finaliser
from recordings.vault.folder import Folder
from recordings.vault.keyring import first_ring
from recordings.vault.opening import open_recording, sidecar_of
from tests.unit.dying import tries
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

pytestmark = pytest.mark.process

NOW_MS = BEGAN_MS + 120_000

STEPS = (
    (os, ("fsync",)),
    (Path, ("mkdir", "write_text", "replace", "rename", "unlink")),
    (soundfile.SoundFile, ("write", "read", "close")),
    (FileBook, ("segments_to_finalise", "add_recording")),
)


def tried(folder: Path, how: str) -> None:
    ring = first_ring(folder / "keys.json") if how == "sealed" else None
    book = FileBook(folder / "ledger.db", [ended_talk()])
    finaliser = Finaliser(folder / "spool", folder / "archive", book, keys=lambda: ring, now_ms=lambda: NOW_MS)
    asyncio.run(finaliser.finish_ready())


def assert_finished_once(folder: Path, how: str) -> None:
    ring = first_ring(folder / "keys.json") if how == "sealed" else None
    book = FileBook(folder / "ledger.db", [ended_talk()])
    asyncio.run(
        Finaliser(folder / "spool", folder / "archive", book, keys=lambda: ring, now_ms=lambda: NOW_MS).finish_ready()
    )
    left = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    hour = Path("archive/2025/11/24/16")
    flac = hour / f"{FILE}.flac{'.enc' if ring else ''}"
    assert left == [
        flac,
        hour / f"{FILE}.json",
        *([Path("keys.json"), Path("keys.json.lock")] if ring else []),
        Path("ledger.db"),
    ]
    (row,) = book.rows()
    store = Folder(folder / "archive")
    sidecar = sidecar_of(store, row.path)
    assert (row.status, sidecar.recording) == ("ok", row)
    with open_recording(store, sidecar, ring) as opened:
        assert hashlib.sha256(opened.read()).hexdigest() == row.sha256
        assert hears(opened, CALLER_HZ, channel=0) and hears(opened, OPERATOR_HZ, channel=1)


@pytest.mark.parametrize("how", ["plain", "sealed"])
def test_a_kill_before_any_step_loses_and_doubles_nothing(tmp_path: Path, how: str) -> None:
    killed, steps = 0, None
    with tries(__file__) as until:
        while steps is None:
            folder = tmp_path / str(killed)
            folder.mkdir()
            write_raw(folder / "spool", two_voices(2.0))
            if how == "sealed":
                first_ring(folder / "keys.json")
            steps = until(folder, killed + 1, how)
            assert_finished_once(folder, how)
            killed += steps is None
    assert len(steps) == killed
    assert {"write", "read", "fsync", "replace", "add_recording", "unlink", "mkdir"} <= set(steps)


@pytest.mark.parametrize("again", range(2))
def test_a_second_run_over_a_finished_talk_changes_nothing(tmp_path: Path, again: int) -> None:
    write_raw(tmp_path / "spool", two_voices(2.0))
    for _ in range(again + 1):
        assert_finished_once(tmp_path, "sealed")
