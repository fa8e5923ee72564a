"""Listens for the API: tried again quietly when the port is taken, and never more than so many connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from calls.alarms import AlarmKind

log = structlog.get_logger(__name__)

AGAIN_S = 15.0
CONNECTIONS = 64
"""A connection costs a file descriptor, and the calls need theirs."""
KEEP_ALIVE_S = 15.0


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _ours(record: logging.LogRecord) -> bool:
    """Whether it is no client's fault: what is no HTTP is answered by 400, and would fill the log with tracebacks."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


async def serve(app: web.Application, bind: str, port: int, alarm: Callable[[str, str], None]) -> None:
    """Serve until cancelled. A port that cannot be had is one log line and an alarm, and then waited for."""
    server_logger.addFilter(_ours)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEP_ALIVE_S, shutdown_timeout=1.0)
    await runner.setup()
    try:
        server = await _listen(runner, bind, port, alarm)
        try:
            log.info("api listens", address=f"http://{bind}:{port}")
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _listen(
    runner: web.AppRunner, bind: str, port: int, alarm: Callable[[str, str], None]
) -> asyncio.AbstractServer:
    factory = runner.server
    assert factory is not None

    def protocol() -> asyncio.BaseProtocol:
        return factory() if len(factory.connections) < CONNECTIONS else _Full()

    told = False
    while True:
        try:
            return await asyncio.get_running_loop().create_server(protocol, bind, port, backlog=CONNECTIONS)
        except OSError as error:
            if not told:
                alarm(AlarmKind.API, f"{bind}:{port}: {error.strerror or error}")
                told = True
            await asyncio.sleep(AGAIN_S)
