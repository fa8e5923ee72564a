"""`bailanys run` as a service manager runs it: what its unit says, READY awaited, its main process alone signalled."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline import ROOT


@dataclass
class Service:
    """The main process, and what it said to the service manager."""

    process: asyncio.subprocess.Process
    told: list[str]
    said: str = ""

    async def ends(self, number: signal.Signals, timeout_s: float = 20.0) -> tuple[int, str]:
        """Signal the main process; its status, and all that it said."""
        self.process.send_signal(number)
        return await self.ended(timeout_s)

    async def ended(self, timeout_s: float = 20.0) -> tuple[int, str]:
        """Wait for its end; its status, and all that it said."""
        async with asyncio.timeout(timeout_s):
            said, _ = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, said.decode()


def directives(unit: str) -> dict[tuple[str, str], list[str]]:
    """What a unit says: the values of each key of each section, in their order."""
    found: dict[tuple[str, str], list[str]] = {}
    section = ""
    for line in unit.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault((section, key), []).append(value)
    return found


@asynccontextmanager
async def service(command: str, env: Mapping[str, str], folder: Path) -> AsyncIterator[Service]:
    """Start what `ExecStart` says, and yield once it has said that it is ready."""
    way = folder / "notify"
    way.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(way))
        ear.setblocking(False)
        os.chmod(way, 0o777)  # the hotline may run as a user of its own  # noqa: PTH101
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command),
            cwd=ROOT,
            env={**os.environ, **env, "NOTIFY_SOCKET": str(way), "WATCHDOG_USEC": "2000000", "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_heed_hangup,
        )
        up = Service(process, [])
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(40):
                while not any(line.startswith("READY=1") for line in up.told):
                    heard = asyncio.create_task(loop.sock_recv(ear, 4096))
                    ended = asyncio.create_task(process.wait())
                    await asyncio.wait((heard, ended), return_when=asyncio.FIRST_COMPLETED)
                    ended.cancel()
                    if not heard.done():
                        heard.cancel()
                        raise AssertionError((await process.communicate())[0].decode())
                    up.told.append(heard.result().decode())
            yield up
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await process.communicate()


def _heed_hangup() -> None:
    """As a service manager starts it, though the tests themselves may run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def bailanys_command(*words: str) -> str:
    """A command line of ours, as a unit names it."""
    return shlex.join([sys.executable, "-m", "bailanys", *words])
