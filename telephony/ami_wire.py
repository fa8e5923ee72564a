"""One guarded AMI connection: panoramisk's Manager and protocol with their traps taken out.

A `Connection` lives for one TCP connection and is thrown away with it, so nothing can be sent again after a reconnect.
What is kept of panoramisk: writing and numbering an action (`Action`), and the shape of its objects. What is replaced,
and why, is said where it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from telephony.ami_action import GuardedAction
from telephony.ami_event import LinkItem, LinkUp, event_of
from telephony.ami_message import WireMessage
from telephony.errors import AmiDownError
from telephony.quoting import ActionFields, checked_action

MESSAGE_BYTES = 4 * 1024 * 1024
"""A message longer than this is not AMI (the longest known are outputs of `Command`)."""

_END = b"\r\n\r\n"

PORTION_S = 0.002
"""A list of all channels is thousands of messages at once: after so long the loop may do something else."""
MOST_UNREAD = 500
"""Messages that wait to be read; with more Asterisk waits."""


class GuardedProtocol(AMIProtocol):
    """Bytes to messages. Decodes whole messages only, and no message can hurt the next one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tail = b""
        self._unread: deque[bytes] = deque()
        self._goes_on = False
        """Whether the loop will come back to what is unread."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know the owner from the start: panoramisk sets it in a callback, after the first segment may have come.

        asyncio sets TCP_NODELAY itself, so an action leaves at once.
        """
        super().connection_made(transport)
        self.factory = self._connection
        self._connection.protocol = self

    def data_received(self, data: bytes) -> None:
        """Read all whole messages, in portions; keep the rest for the next segment."""
        self._connection.heard_at = self._connection.loop.time()
        *blocks, self._tail = (self._tail + data).split(_END)
        self._unread.extend(blocks)
        if len(self._tail) > MESSAGE_BYTES:
            self._connection.drop("not an AMI server: a message without an end")
        elif not self._goes_on:
            self._read_on()

    def _read_on(self) -> None:
        loop, self._goes_on = self._connection.loop, False
        until_s = loop.time() + PORTION_S
        while self._unread and not self._connection.lost.done():
            self._read(self._unread.popleft())
            if self._unread and loop.time() > until_s:
                self._goes_on = True
                loop.call_soon(self._read_on)
                break
        if len(self._unread) > MOST_UNREAD:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _read(self, block: bytes) -> None:
        message = WireMessage.read(block)
        if message is not None:
            self.handle_message(message)

    def handle_message(self, message: WireMessage) -> None:
        """Give the message to the action that waits for it, else to the inbox."""
        action = self.responses.get(message.first("ActionID"))
        if action is not None and action.takes(message):
            if action.future.done():
                del self.responses[action.id]
                self._connection.answered(action, message)
        elif message.is_event:
            self._connection.dispatch(message)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Read what came before the end, then tell the connection why."""
        while self._unread and not self._connection.lost.done():
            self._read(self._unread.popleft())
        self._connection.drop(f"connection lost: {exc}" if exc else "closed by Asterisk")

    def close(self) -> None:
        """Close the socket at once; unlike panoramisk's, keeps no action to send it later."""
        self.closed = True
        self.transport.abort()


class Connection(Manager):
    """One connection, from the TCP handshake to its end. `lost` is done, with the reason, when it is over."""

    def __init__(self, inbox: asyncio.Queue[LinkItem]) -> None:
        self.loop = asyncio.get_running_loop()
        super().__init__(loop=self.loop, encoding="utf-8")
        self.heard_at = self.loop.time()
        self.lost: asyncio.Future[str] = self.loop.create_future()
        self._inbox = inbox
        self.announced = False
        self._log_in: GuardedAction | None = None

    async def open(self, host: str, port: int) -> None:
        """Connect. Raises OSError."""
        await self.loop.create_connection(lambda: GuardedProtocol(self), host, port)

    async def log_in(self, username: str, secret: str) -> None:
        """Log in. Raises AmiRefusedError or AmiDownError.

        panoramisk does it by itself and tells nobody of a refusal, and keeps the secret in what it logs.
        """
        self._log_in = self._write({"Action": "Login", "Username": username, "Secret": secret, "Events": "on"})
        await self._log_in.future

    async def ask(self, fields: ActionFields, *, wants_list: bool) -> Any:
        """Send an action and wait for its answer or its list, with no limit of time: the caller sets one."""
        action = self._write(fields, wants_list=wants_list)
        try:
            return await action.future
        finally:
            if self.protocol is not None:
                self.protocol.responses.pop(action.id, None)

    def ping(self) -> None:
        """Ask for a sign of life; any byte is one, so nobody waits for this answer."""
        self._write({"Action": "Ping"}, answered=False)

    def _write(self, fields: ActionFields, *, wants_list: bool = False, answered: bool = True) -> GuardedAction:
        checked_action(fields)
        if self.protocol is None or self.lost.done():
            raise AmiDownError("the link to Asterisk is down")
        action = GuardedAction(fields, wants_list=wants_list)
        if answered:
            self.protocol.responses[action.id] = action
        self.protocol.transport.write(str(action).encode())
        return action

    def answered(self, action: GuardedAction, answer: WireMessage) -> None:
        """Announce the link at the very answer to the log-in, before the next message is read."""
        if action is self._log_in and answer.success:
            self.authenticated = self.announced = True
            self._inbox.put_nowait(LinkUp())

    def dispatch(self, event: WireMessage) -> None:
        """Put an event on the inbox: nobody's code runs here, so nobody's error can break the link."""
        self._inbox.put_nowait(event_of(event.headers))

    def drop(self, reason: str) -> None:
        """End the connection, once; whoever still waits for an answer is told that it will not come."""
        if self.lost.done():
            return
        self.lost.set_result(reason)
        self.authenticated = False
        if self.protocol is None:
            return
        for action in self.protocol.responses.values():
            if not action.future.done():
                action.future.set_exception(AmiDownError(reason, sent=True))
        self.protocol.responses.clear()
        self.protocol.close()

    def close(self) -> None:
        """End the connection from our side."""
        self.drop("closed")
