"""A controller that is stuck is killed; one that only takes long to begin is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bailanys.processes.watchdog import Supervisor

SILENCE_S = 0.4


def controller(folder: Path, does: str) -> str:
    """What stands in for Python: whatever it is asked to run, it does this."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    return str(program)


async def test_it_ends_in_the_very_moment_of_a_sign_of_life(tmp_path: Path) -> None:
    """Whoever is told of a sign and of the end at once must not forget the end: `bailanys run` would never end."""
    supervisor = Supervisor(tmp_path / "hotline.toml", tmp_path / "log", {}, lambda _: None)
    says = asyncio.StreamReader()
    process = await asyncio.create_subprocess_exec("sleep", "60")
    process.stdout = says
    try:
        watch = asyncio.create_task(supervisor._watch(process))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        says.feed_data(b".\n")
        watch.cancel()
        _, waits = await asyncio.wait([watch], timeout=2)
        assert not waits
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("does", "begins"),
    [("sleep 1.2; echo .; exec sleep 60", True), ("exec sleep 60", False)],
    ids=["begins slowly", "never begins"],
)
async def test_silence_is_counted_from_the_first_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, begins: bool
) -> None:
    monkeypatch.setattr("bailanys.processes.watchdog.SILENCE_S", SILENCE_S)
    monkeypatch.setattr("bailanys.processes.watchdog.BEGIN_S", 5.0 if begins else SILENCE_S)
    monkeypatch.setattr("bailanys.processes.watchdog.COMMAND", (controller(tmp_path, does),))
    told: asyncio.Queue[str] = asyncio.Queue()
    supervisor = Supervisor(tmp_path / "hotline.toml", tmp_path / "log", {}, told.put_nowait)
    began_s = asyncio.get_running_loop().time()
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(10):
            assert "is stuck: it is killed" in await told.get()
        lived_s = asyncio.get_running_loop().time() - began_s
        assert lived_s >= (1.2 if begins else 0) + SILENCE_S
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
