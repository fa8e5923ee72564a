"""The real `bailanys` command, as a person or a service manager runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline import CONFIG, ROOT


@dataclass(frozen=True)
class Finished:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """What `--json` printed."""
        assert self.status == 0, self.err
        return json.loads(self.out)


async def bailanys(*words: str, env: Mapping[str, str], config: Path = CONFIG, timeout_s: float = 20.0) -> Finished:
    """Run a command to its end."""
    process = await _start(*words, "--config", str(config), env=env)
    async with asyncio.timeout(timeout_s):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def running(env: Mapping[str, str], until: str, timeout_s: float = 30.0) -> AsyncIterator[tuple[str, Any]]:
    """`bailanys run`: yields what it said up to the line that holds `until`, and the process."""
    process = await _start("run", "--config", str(CONFIG), env=env)
    said = ""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(timeout_s):
            while until not in said:
                line = await process.stdout.readline()
                assert line, f"it ended: {said}"
                said += line.decode()
        yield said, process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.communicate()


async def _start(*words: str, env: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bailanys", *words),
        cwd=ROOT,
        env={**os.environ, **env, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a terminal's Ctrl-C goes to the whole group: so do ours
    )
