"""`kill -9` of the projector's process, again and again, in the middle of its work (SQLite)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import storage
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from tests.unit.storage import scene
from tests.unit.storage.journal.test_projector import everything
from tests.unit.storage.scene import projector_of

pytestmark = pytest.mark.process

ROOT = Path(storage.__file__).parents[1]
SCRIPT = """
import sys
from pathlib import Path
from storage.journal import projector, reader
from storage.engine import open_engine
from tests.unit.storage.scene import projector_of
read_portion = reader.read_portion
projector.read_portion = lambda source, path, positions: read_portion(source, path, positions, limit=2000)
taker = projector_of(open_engine(sys.argv[1]), [Path(sys.argv[2])])
while taken := taker.project_now():
    print(taken, flush=True)
"""


def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(2)
    url, journal = sqlite_url(tmp_path / "ledger.db"), tmp_path / "journal.csv"
    upgrade(url)
    lines = scene.journal(400)
    journal.write_bytes(b"".join(lines))
    kills, taken = 0, 0
    while taken < len(lines) and kills < 20:
        worker = subprocess.Popen([sys.executable, "-c", SCRIPT, url, journal], stdout=subprocess.PIPE, cwd=ROOT)
        assert worker.stdout is not None
        for _ in range(chance.randint(1, 12)):
            if not (told := worker.stdout.readline()):
                break
            taken += int(told)
        # Killed at any point of the next portion: reading, writing, committing.
        try:
            worker.wait(chance.random() * 0.004)
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGKILL)
            kills += 1
        taken += sum(int(told) for told in worker.stdout if told.endswith(b"\n"))
        worker.stdout.close()
        worker.wait()
    engine = open_engine(url)
    last = projector_of(engine, [journal])
    rest = 0
    while count := last.project_now():
        rest += count
    assert kills >= 10
    assert taken > kills  # they were at work
    # A kill between the commit and the telling hides at most that portion from our count, never from the ledger.
    assert len(lines) - kills * 25 <= taken + rest <= len(lines)
    straight_url = sqlite_url(tmp_path / "straight.db")
    upgrade(straight_url)
    straight = open_engine(straight_url)
    copy = tmp_path / "straight.csv"
    copy.write_bytes(journal.read_bytes())
    taker = projector_of(straight, [copy])
    while taker.project_now():
        pass
    assert everything(engine) == everything(straight)
    assert last.skipped == 0
    engine.dispose()
    straight.dispose()
