"""`kill -9` of an uploading process before each thing that it does to disk, store or log; then a second run."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_uploader import Site

from calls.recording import Recording
from recordings.vault.sidecar import beside
from tests.unit.storage.object_server import ObjectServer

pytestmark = pytest.mark.process

CHILD = """
import asyncio, os, pathlib, pickle, signal, sys
sys.path.insert(0, sys.argv[1])
from recordings.vault import uploader
from recordings.vault.folder import Folder
from recordings.vault.keyring import first_ring
from recordings.vault.uploader import Uploader
from storage.objects import ObjectStore

folder, last = pathlib.Path(sys.argv[2]), int(sys.argv[3])
deeds = []

def deadly(owner, name):
    real = getattr(owner, name)
    def deed(*args, **kwargs):
        deeds.append(name)
        if len(deeds) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(owner, name, deed)

async def no_alarm():
    return ""

class Log:
    async def note(self, sidecar):
        self.write(sidecar.recording.file)
    def write(self, file):
        with (folder / "noted").open("a") as log:
            log.write(file + "\\n")

for owner, names in (
    (os, ("fsync",)),
    (pathlib.Path, ("unlink",)),
    (ObjectStore, ("exists", "put", "open")),
    (Log, ("write",)),
):
    for name in names:
        deadly(owner, name)
ring = first_ring(folder / "keys.json")
far = ObjectStore(pickle.loads((folder / "address").read_bytes()))
uploader = Uploader(Folder(folder / "archive"), far, lambda: ring, Log().note, print, no_alarm)
asyncio.run(uploader.look())
print(" ".join(deeds))
"""


def test_a_kill_before_any_step_loses_and_doubles_nothing(tmp_path: Path, objects: ObjectServer) -> None:
    killed = 0
    while True:
        folder = tmp_path / str(killed)
        folder.mkdir()
        site = Site(folder, objects)
        made = site.finished()
        (folder / "address").write_bytes(pickle.dumps(site.address))
        child = run_child(folder, killed + 1)
        assert site.whole(made)  # at every moment
        if child.returncode == -signal.SIGKILL:
            assert run_child(folder, 0).returncode == 0
        assert_moved_once(site, made, folder / "noted")
        if child.returncode != -signal.SIGKILL:
            break
        killed += 1
    deeds = child.stdout.splitlines()[-1].split()
    assert (child.returncode, child.stderr, len(deeds)) == (0, "", killed)
    assert deeds == [*("exists", "exists", "put", "put", "open", "open", "write"), *("unlink", "fsync") * 2]


def assert_moved_once(site: Site, made: Recording, noted: Path) -> None:
    assert site.here() == []
    assert site.there() == [made.path, beside(made.path)]
    assert site.whole(made)
    assert set(noted.read_text().split()) == {made.file}


def run_child(folder: Path, last: int) -> subprocess.CompletedProcess[str]:
    root, here = Path(__file__).parents[4], Path(__file__).parent
    command = [sys.executable, "-c", CHILD, str(here), str(folder), str(last)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
