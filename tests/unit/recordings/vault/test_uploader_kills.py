"""`kill -9` of an uploading process before each thing that it does to disk, store or log; then a second run."""

from __future__ import annotations

import asyncio
import os
import pickle
from pathlib import Path

import pytest
from test_uploader import Site

from calls.recording import Recording
from recordings.vault.folder import Folder
from recordings.vault.keyring import first_ring
from recordings.vault.sidecar import Sidecar, beside
from recordings.vault.uploader import Uploader
from storage.objects import ObjectStore
from tests.unit.dying import tries
from tests.unit.storage.object_server import ObjectServer

pytestmark = pytest.mark.process


class Log:
    """Of what was told to be moved."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "noted"

    async def note(self, sidecar: Sidecar) -> None:
        self.write(sidecar.recording.file)

    def write(self, file: str) -> None:
        with self._path.open("a") as log:
            log.write(file + "\n")


async def no_alarm() -> str:
    return ""


STEPS = (
    (os, ("fsync",)),
    (Path, ("unlink",)),
    (ObjectStore, ("exists", "put", "open")),
    (Log, ("write",)),
)


def tried(folder: Path, how: str) -> None:
    ring = first_ring(folder / "keys.json")
    far = ObjectStore(pickle.loads((folder / "address").read_bytes()))
    uploader = Uploader(Folder(folder / "archive"), far, lambda: ring, Log(folder).note, print, no_alarm)
    asyncio.run(uploader.look())


def test_a_kill_before_any_step_loses_and_doubles_nothing(tmp_path: Path, objects: ObjectServer) -> None:
    killed, steps = 0, None
    with tries(__file__) as until:
        while steps is None:
            folder = tmp_path / str(killed)
            folder.mkdir()
            site = Site(folder, objects)
            made = site.finished()
            (folder / "address").write_bytes(pickle.dumps(site.address))
            steps = until(folder, killed + 1)
            assert site.whole(made)  # at every moment
            if steps is None:
                assert until(folder, 0) is not None
            assert_moved_once(site, made, folder / "noted")
            killed += steps is None
    assert len(steps) == killed
    assert steps == [*("exists", "exists", "put", "put", "open", "open", "write"), *("unlink", "fsync") * 2]


def assert_moved_once(site: Site, made: Recording, noted: Path) -> None:
    assert site.here() == []
    assert site.there() == [made.path, beside(made.path)]
    assert site.whole(made)
    assert set(noted.read_text().split()) == {made.file}
