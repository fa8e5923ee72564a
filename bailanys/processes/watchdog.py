"""Keeps the controller alive beside Asterisk. Asterisk carries the calls; the controller may die at any time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

SILENCE_S = 6.0
"""A controller that has not said that it is alive for so long is stuck: it is killed and started again."""

BEGIN_S = 30.0
"""So long it may take to begin: on a machine that is very busy Python alone takes many seconds to load, and to kill a
controller in the midst of that is to begin anew, for ever. Asterisk serves the callers meanwhile."""

COMMAND = (sys.executable, "-m", "bailanys", "controller")
"""The controller's command line, to which `--config FILE` is added."""

PAUSE_FIRST_S = 0.2
PAUSE_LAST_S = 5.0


class Supervisor:
    """Starts the controller, watches its sign of life, starts it again when it dies."""

    def __init__(self, config: Path, log_file: Path, env: Mapping[str, str], tell: Callable[[str], None]) -> None:
        """`env`: settings over those of the file, handed on to the controller; `tell`: where a death is told."""
        self._config = config
        self._env = env
        self._tell = tell
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self.may_start = asyncio.Event()
        """Cleared by whoever wants to see the calls go on without a controller."""
        self.may_start.set()

    @property
    def pid(self) -> int | None:
        """The controller's process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Keep the controller running until cancelled; then end it in good order."""
        pause_s = PAUSE_FIRST_S
        try:
            while True:
                await self.may_start.wait()
                started_s = time.monotonic()
                status = await self._one_life()
                lived_s = time.monotonic() - started_s
                pause_s = PAUSE_FIRST_S if lived_s > 10 else min(2 * pause_s, PAUSE_LAST_S)
                self.restarts += 1
                self._tell(f"The controller ended with status {status} after {lived_s:.1f} s; it is started again")
                await asyncio.sleep(pause_s)
        finally:
            await self._end()

    async def _one_life(self) -> int | str:
        # Its standard input tells the controller that we are gone; its own session keeps the terminal's Ctrl-C away.
        try:
            with self._log_file.open("ab") as errors:
                self._process = await asyncio.create_subprocess_exec(
                    *COMMAND, "--config", str(self._config),
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
                    start_new_session=True, env={**os.environ, **self._env},
                )  # fmt: skip
        except OSError as error:  # no memory, no process, no log to be had: perhaps in a while
            return str(error)
        watch = asyncio.create_task(self._watch(self._process))
        try:
            return await self._process.wait()
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        patience_s = BEGIN_S
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    said = await process.stdout.readline()
            except TimeoutError:
                self._tell(f"The controller (pid {process.pid}) is stuck: it is killed")
                process.kill()
                return
            if not said:
                return
            patience_s = SILENCE_S

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
