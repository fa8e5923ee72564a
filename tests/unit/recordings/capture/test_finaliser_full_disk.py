"""A disk that takes no more bytes: a process whose files may not grow over 20 kB meets the very same failing writes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from recordings.capture.finaliser import Finaliser
from tests.unit.recordings.raw_talk import BEGAN_MS, FILE, FileBook, ended_talk, two_voices, write_raw

CHILD = """
import asyncio, pathlib, resource, sys
sys.path.insert(0, sys.argv[1])
from tests.unit.recordings.raw_talk import BEGAN_MS, FileBook, ended_talk
from recordings.capture.finaliser import Finaliser

folder = pathlib.Path(sys.argv[2])
book = FileBook(folder / "ledger.db", [ended_talk()])
clock = iter(range(BEGAN_MS + 60_000, BEGAN_MS + 600_000, 1_000))
finaliser = Finaliser(folder / "spool", folder / "archive", book, now_ms=lambda: next(clock))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for _ in range(4):
    assert asyncio.run(finaliser.finish_ready()) == []
"""


def test_a_full_disk_is_said_once_and_the_talk_is_finished_when_there_is_room(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "spool", two_voices(30.0))
    before = raw.read_bytes()
    FileBook(tmp_path / "ledger.db")
    command = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(tmp_path)]
    root = Path(__file__).parents[4]
    child = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.count("ArchiveUnwritableError") == child.stdout.count("\n") == 1
    assert raw.read_bytes() == before
    assert [path for path in (tmp_path / "archive").rglob("*") if path.is_file()] == []  # no half of a FLAC eats room
    site = Finaliser(
        tmp_path / "spool",
        tmp_path / "archive",
        FileBook(tmp_path / "ledger.db", [ended_talk()]),
        now_ms=lambda: BEGAN_MS + 700_000,
    )
    assert len(asyncio.run(site.finish_ready())) == 1
    assert (tmp_path / "archive" / "2025/11/24/16" / f"{FILE}.flac").exists()
