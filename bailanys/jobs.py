"""What the controller and its back office do again and again, and how long."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

log = structlog.get_logger(__name__)

AFTER_AN_ERROR_S = 1.0


async def again_and_again(name: str, every_s: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do it every so often; when it fails (the database or the disk is away), say so and go on."""
    while True:
        try:
            await work()
        except Exception as error:  # the calls must not care; the journal and the spool keep everything
            log.error("will be tried again", what=name, error=repr(error)[:300])
            await asyncio.sleep(AFTER_AN_ERROR_S)
        await asyncio.sleep(every_s)


async def told_to_end() -> None:
    """Wait for SIGTERM or SIGINT, or for standard input to end because whoever started us did."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    loop.add_reader(sys.stdin, partial(_parent_gone, loop, end))
    await end.wait()


def _parent_gone(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 64):
        loop.remove_reader(sys.stdin)
        end.set()
