"""The FastAGI server: Asterisk brings each caller here for the menu.

panoramisk's `Application.handler` is forty lines of which the reading loop never ends on a closed connection (a health
check's connect-and-close takes the whole CPU), has no limit of size or time, and swallows cancellation. The guard is
therefore a subclass that replaces that one method; routes and requests stay panoramisk's shape.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from panoramisk.fast_agi import Application

from calls.ports import CallerGoneError
from telephony.agi_line import AgiLine
from telephony.agi_reply import parse_header
from telephony.agi_wire import ANSWER_BYTES, GuardedRequest

HEADER_S = 5.0
"""Asterisk writes the whole header at once; whoever is slower is not Asterisk."""

Handler = Callable[[AgiLine], Awaitable[None]]

log = structlog.get_logger(__name__)


class AgiServer(Application):
    """Runs `handler` for each session, many at a time; what happens in one never reaches another.

    When the handler returns or fails the connection is closed and the call goes on in the dialplan, which should go by
    what the session left in channel variables: AGISTATUS is FAILURE as soon as one command failed, a lost sound say.
    To be built inside a running loop, since panoramisk asks for one.
    """

    def __init__(self, host: str, port: int, handler: Handler) -> None:
        super().__init__()
        self._host, self._port = host, port
        self._session = handler
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def port(self) -> int:
        """The port listened on: the system's choice if 0 was asked for."""
        if self._server is None:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen. Raises OSError if the port is in use."""
        self._closing = False
        self._server = await asyncio.start_server(self.handler, self._host, self._port, limit=ANSWER_BYTES)

    async def close(self) -> None:
        """Stop listening and end the sessions; their calls go on in the dialplan."""
        if self._server is None:
            return
        self._closing = True  # for a connection that was accepted but not yet served
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            line = None if self._closing else await self._open(reader, writer)
            if line is not None:
                await self._run(line)
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AgiLine | None:
        """Read the header; None if this is not a session (a health check, noise, a header without an end)."""
        try:
            async with asyncio.timeout(HEADER_S):
                header = parse_header(await reader.readuntil(b"\n\n"))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.debug("not an AGI session", why=type(error).__name__)
            return None
        if not header.get("agi_uniqueid"):
            log.warning("AGI header without a channel", names=len(header))
            return None
        return AgiLine(GuardedRequest(self, header, reader, writer))

    async def _run(self, line: AgiLine) -> None:
        with structlog.contextvars.bound_contextvars(call_id=line.call_id):
            outcome = "ended"
            try:
                await self._session(line)
            except CallerGoneError:
                outcome = "caller gone"
            except (
                Exception
            ):  # the edge of a session: the caller must go on in the dialplan, the others must not notice
                outcome = "failed"
                log.exception("session failed", call_id=line.call_id)
            log.info("session over", call_id=line.call_id, outcome=outcome, keys=line.keys_pressed)
