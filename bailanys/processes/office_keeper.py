"""Keeps the back office running beside the controller, and hears from it how far the ledger is (decision 16)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from calls.alarms import AlarmKind

log = structlog.get_logger(__name__)

SILENCE_S = 60.0
"""One that has not said for so long how far it is hangs: it is killed and started again."""
PAUSE_FIRST_S, PAUSE_LAST_S = 0.5, 30.0
LONG_LIFE_S = 60.0
END_PATIENCE_S = 4.0
GO = b"go\n"
"""What it waits for before it begins."""


def command(config: Path) -> list[str]:
    """How it is started."""
    return [sys.executable, "-m", "bailanys", "back-office", "--config", str(config)]


class OfficeKeeper:
    """Starts the back office, and starts it again when it dies; calls never wait for it."""

    def __init__(self, start: Sequence[str], alarm: Callable[[str, str], None]) -> None:
        """`start`: its command line."""
        self._start = tuple(start)
        self._alarm = alarm
        self._process: asyncio.subprocess.Process | None = None
        self._told = False
        self.in_step_ms = time.time_ns() // 1_000_000
        """UTC epoch ms: what the journals told before this instant is in the ledger. At first the start."""
        self.away = ""
        """Why the ledger cannot be written to; empty while it can."""

    async def prepare(self) -> None:
        """Make the process, which waits until `run`: to make one of a process that is at work holds that up."""
        await self._make()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Keep it running until cancelled; then end it in good order."""
        pause_s = PAUSE_FIRST_S
        try:
            while True:
                began_s = time.monotonic()
                status = await self._one_life()
                lived_s = time.monotonic() - began_s
                pause_s = PAUSE_FIRST_S if lived_s > LONG_LIFE_S else min(2 * pause_s, PAUSE_LAST_S)
                self._tell(f"ended with status {status} after {lived_s:.0f} s; it is started again")
                await asyncio.sleep(pause_s)
        finally:
            await self._end()

    async def _make(self) -> str:
        """Why there is none, if so."""
        try:
            # Its standard input tells it that we are gone; its log is ours. Without that setting each of its threads
            # keeps what another one gave back.
            self._process = await asyncio.create_subprocess_exec(
                *self._start, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "MALLOC_ARENA_MAX": "2"},
            )  # fmt: skip
        except OSError as error:  # no memory, no process to be had: the calls go on
            return str(error)
        return ""

    async def _one_life(self) -> int | str:
        if self.pid is None and (why := await self._make()):
            return why
        process = self._process
        assert process is not None and process.stdin is not None
        with contextlib.suppress(OSError):  # it has died already: then there is nothing to hear
            process.stdin.write(GO)
            await process.stdin.drain()
        await self._hear(process)
        return await process.wait()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    said = await process.stdout.readline()
            except TimeoutError:
                log.error("the back office is stuck: it is killed", pid=process.pid)
                process.kill()
                return
            if not said:
                return
            with contextlib.suppress(ValueError, KeyError, TypeError):
                told = json.loads(said)
                self.in_step_ms = max(self.in_step_ms, int(told["in_step_ms"]))  # one that begins anew knows nothing
                self.away = str(told["away"])
                self._told = False

    def _tell(self, what: str) -> None:
        """An alarm for the first of several deaths in a row; each is in the log."""
        log.error("the back office ended", what=what)
        if not self._told:
            self._told = True
            with contextlib.suppress(OSError):  # a full disk: the log has it
                self._alarm(AlarmKind.BACK_OFFICE, what)

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(END_PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
