"""The link to Asterisk's manager interface: logs in, watches, reconnects, and never sends anything twice."""

from __future__ import annotations

import asyncio
import contextlib
from typing import cast

import structlog

from telephony.ami_event import AmiEvent, LinkDown, LinkItem
from telephony.ami_wire import Connection
from telephony.errors import AmiDownError, AmiRefusedError, AmiTimeoutError
from telephony.quoting import ActionFields

BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 2.0
REFUSED_PAUSE_S = 5.0
"""After a refused log-in: a wrong secret does not heal by itself, and each try is a warning in Asterisk's log."""

log = structlog.get_logger(__name__)


class AmiLink:
    """A link that keeps itself up. Everything heard goes to `inbox`, in the order of the wire.

    `silence_s`: a peer that is silent for so long, though pinged every `ping_every_s`, is gone. The inbox must be
    unbounded: an event that is lost would make everything known about the calls wrong.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        inbox: asyncio.Queue[LinkItem],
        ping_every_s: float = 1.0,
        silence_s: float = 3.0,
    ) -> None:
        if inbox.maxsize > 0:
            raise ValueError("the inbox of the AMI link must be unbounded")
        if not 0 < ping_every_s < silence_s:
            raise ValueError("ping_every_s must be shorter than silence_s")
        self._host, self._port = host, port
        self._username, self._secret = username, secret
        self._inbox = inbox
        self._ping_every_s, self._silence_s = ping_every_s, silence_s
        self._connection: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._told = ""

    async def start(self) -> None:
        """Begin to connect; `LinkUp` or `LinkDown` on the inbox tells the outcome."""
        if self._keeper is None:
            self._told = ""
            self._keeper = asyncio.create_task(self._keep_up(), name="ami link")

    async def close(self) -> None:
        """End the link for good, also in the middle of a back-off. Waiting senders get AmiDownError."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeper
        self._keeper = None

    async def send(self, action: ActionFields, timeout_s: float = 2.0) -> AmiEvent:
        """Send an action, once, and return Asterisk's answer.

        Raises ValueError (a header that cannot be sent), AmiRefusedError, AmiTimeoutError, AmiDownError.
        """
        return cast("AmiEvent", await self._ask(action, timeout_s, wants_list=False))

    async def collect(self, action: ActionFields, timeout_s: float = 5.0) -> list[AmiEvent]:
        """Send an action whose answer is a list of events (`Status`, `CoreShowChannels`); return the list's items.

        Raises as `send`; a part of a list is never returned.
        """
        return cast("list[AmiEvent]", await self._ask(action, timeout_s, wants_list=True))

    async def _ask(self, action: ActionFields, timeout_s: float, *, wants_list: bool) -> AmiEvent | list[AmiEvent]:
        connection = self._connection
        if connection is None or not connection.authenticated:
            raise AmiDownError("the link to Asterisk is down")
        try:
            async with asyncio.timeout(timeout_s):
                return cast("AmiEvent | list[AmiEvent]", await connection.ask(action, wants_list=wants_list))
        except TimeoutError:
            raise AmiTimeoutError(f"no answer to {action.get('Action')} in {timeout_s:g} s") from None

    async def _keep_up(self) -> None:
        pause_s = BACKOFF_FIRST_S
        while True:
            self._connection = connection = Connection(self._inbox)
            refused = False
            try:
                reason = await self._live(connection)
            except AmiRefusedError as error:
                refused, reason = True, f"login refused: {error}"
            except TimeoutError:
                reason = f"cannot connect: no answer within {self._silence_s:g} s"
            except (OSError, AmiDownError) as error:
                reason = f"cannot connect: {error}"
            except asyncio.CancelledError:
                if connection.announced:
                    self._tell_down("closed")
                raise
            finally:
                connection.close()
            if connection.announced:
                pause_s, self._told = BACKOFF_FIRST_S, ""
            self._tell_down(reason)
            await asyncio.sleep(REFUSED_PAUSE_S if refused else pause_s)
            pause_s = min(2 * pause_s, BACKOFF_LAST_S)

    async def _live(self, connection: Connection) -> str:
        """Make the connection and watch it; return why it ended. Raises what `_keep_up` tells apart."""
        await self._log_in(connection)
        log.info("ami link up", host=self._host, port=self._port)
        return await self._watch(connection)

    async def _log_in(self, connection: Connection) -> None:
        async with asyncio.timeout(self._silence_s):
            await connection.open(self._host, self._port)
            await connection.log_in(self._username, self._secret)

    async def _watch(self, connection: Connection) -> str:
        """Ping until the connection is lost; return why. Nobody may be silent for longer than `silence_s`."""
        while not connection.lost.done():
            left_s = connection.heard_at + self._silence_s - connection.loop.time()
            if left_s <= 0:
                return f"no sign of life for {self._silence_s:g} s"
            connection.ping()
            await asyncio.wait([connection.lost], timeout=min(self._ping_every_s, left_s))
        return connection.lost.result()

    def _tell_down(self, reason: str) -> None:
        """Put `LinkDown` on the inbox, once for each reason: not for each attempt."""
        if reason == self._told:
            return
        self._told = reason
        self._inbox.put_nowait(LinkDown(reason))
        log.warning("ami link down", host=self._host, port=self._port, reason=reason)
