"""Logs are bounded, and whoever writes them goes on in the new one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bailanys.processes import log_keeper
from bailanys.processes.log_keeper import KEPT, LogKeeper
from telephony.process import AsteriskSilentError

WRITES = """
import sys, bailanys.logging, structlog
bailanys.logging.FOLLOW_EVERY_S = 0.0
bailanys.logging.set_up_logging()
for line in sys.stdin:
    structlog.get_logger().warning(line.strip())
    print("said", flush=True)
print("at the end", file=sys.stderr)
"""

FLOODS = """
import sys, bailanys.logging, structlog
bailanys.logging.FOLLOW_EVERY_S = 0.01
bailanys.logging.set_up_logging()
for number in range(int(sys.argv[1])):
    structlog.get_logger().warning("flood", number=number)
"""


class Told:
    def __init__(self, error: Exception | None = None) -> None:
        self.times = 0
        self.error = error

    async def __call__(self) -> None:
        self.times += 1
        if self.error is not None:
            raise self.error


async def test_a_large_log_is_put_aside_and_asterisk_told(tmp_path: Path) -> None:
    told = Told()
    keeper = LogKeeper(tmp_path, told, largest=100)
    (tmp_path / "messages.log").write_text("x" * 101)
    (tmp_path / "controller.log").write_text("x" * 99)
    await keeper.look()
    assert not (tmp_path / "messages.log").exists()
    assert (tmp_path / "messages.log.1").stat().st_size == 101
    assert (tmp_path / "controller.log").stat().st_size == 99
    assert told.times == 1
    await keeper.look()
    assert told.times == 1


async def test_so_many_are_kept_and_no_more(tmp_path: Path) -> None:
    keeper = LogKeeper(tmp_path, Told(), largest=1)
    for number in range(10):
        (tmp_path / "messages.log").write_text(f"log {number}")
        await keeper.look()
    left = _left(tmp_path)
    assert left == {f"messages.log.{number}": f"log {10 - number}" for number in range(1, KEPT + 1)}


async def test_an_asterisk_that_does_not_answer_is_told_again(tmp_path: Path) -> None:
    told = Told(AsteriskSilentError("no answer"))
    keeper = LogKeeper(tmp_path, told, largest=1)
    (tmp_path / "messages.log").write_text("much")
    await keeper.look()
    told.error = None
    await keeper.look()
    await keeper.look()
    assert told.times == 2


async def test_what_nobody_can_be_told_of_is_copied(tmp_path: Path) -> None:
    told = Told()
    path = tmp_path / "asterisk.out"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"first" * 10)
        await LogKeeper(tmp_path, told, largest=10).look()
        writer.write(b"second")
    assert path.read_bytes() == b"second"
    assert (tmp_path / "asterisk.out.1").read_bytes() == b"first" * 10
    assert told.times == 0


async def test_a_folder_that_is_away_ends_nothing(tmp_path: Path) -> None:
    told = Told()
    await LogKeeper(tmp_path / "nowhere", told).look()
    assert told.times == 0


def test_the_controller_follows_its_name_whoever_renames_it(tmp_path: Path) -> None:
    path, aside = tmp_path / "controller.log", tmp_path / "controller.log-20261128"
    with path.open("ab") as errors:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert writer.stdin is not None
    assert writer.stdout is not None

    def say(line: str) -> None:
        assert writer.stdin is not None and writer.stdout is not None
        writer.stdin.write(f"{line}\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "said\n"

    say("one")
    path.rename(aside)
    say("two")
    path.unlink()
    say("three")
    writer.communicate(timeout=10)
    assert "one" in aside.read_text()
    assert "two" not in aside.read_text()
    assert '"three"' in path.read_text()
    assert "at the end" in path.read_text()


def test_a_hundred_megabytes_for_each_log() -> None:
    assert log_keeper.LARGEST_BYTES * (KEPT + 1) <= 101 * 1024 * 1024


def _left(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


async def test_no_line_is_lost_under_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller writes as fast as it can while its log is put aside again and again."""
    monkeypatch.setattr(log_keeper, "KEPT", 1000)
    lines = 20_000
    with (tmp_path / "controller.log").open("ab") as errors:
        writer = await asyncio.create_subprocess_exec(sys.executable, "-c", FLOODS, str(lines), stderr=errors)
    keeper = LogKeeper(tmp_path, Told(), largest=50_000)
    while writer.returncode is None:
        await keeper.look()
        await asyncio.sleep(0.01)
    assert await writer.wait() == 0
    written = [json.loads(line)["number"] for text in _left(tmp_path).values() for line in text.splitlines()]
    assert sorted(written) == list(range(lines))
    assert all(text.endswith("\n") for text in _left(tmp_path).values())
    assert len(_left(tmp_path)) > 3
