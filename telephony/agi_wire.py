"""One guarded AGI session on the wire: panoramisk's Request with its traps taken out.

panoramisk takes an asynchronous `HANGUP` line for an answer and gives every later command the answer before its own;
a close in the middle of a command is a `ValueError` there. Both are the end of the call here.
"""

from __future__ import annotations

import asyncio

from panoramisk.fast_agi import Request

from calls.ports import CallerGoneError
from telephony.agi_reply import DEAD_CHANNEL, AgiReply, parse_reply
from telephony.errors import AgiRefusedError

ANSWER_BYTES = 64 * 1024
"""Longest answer we read (a variable's value is at most 4 kB in Asterisk)."""

UNKNOWN_APPLICATION = "-2"
"""What `EXEC` answers for an application that is not there."""

NOISE_LINES = 100
"""So many lines that are no answer, and this is not Asterisk."""


class GuardedRequest(Request):
    """Commands one after the other; once the caller is gone, every further one says so without a word on the wire."""

    gone = False

    async def send_command(self, command: str) -> AgiReply:
        """Send a command and return its answer. Raises CallerGoneError, AgiRefusedError."""
        reply = await self.ask(command)
        if reply.is_hangup:
            self.gone = True
            raise CallerGoneError("the caller hung up")
        return reply

    async def ask(self, command: str) -> AgiReply:
        """Send a command and return its answer, even one that says -1. Raises CallerGoneError, AgiRefusedError.

        If it is cancelled half-way the answer is still to come, so the session cannot be used any more.
        """
        if self.gone:
            raise CallerGoneError("the caller is gone")
        self.gone = True  # until the answer has been read whole
        try:
            self.writer.write(command.encode() + b"\n")
            await self.writer.drain()
            reply = await self._answer()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise CallerGoneError("the line to Asterisk broke") from None
        if reply.code == DEAD_CHANNEL:
            raise CallerGoneError("the caller hung up")
        self.gone = False
        if reply.code != 200 or reply.result == UNKNOWN_APPLICATION:
            raise AgiRefusedError(reply.text)
        return reply

    async def _answer(self) -> AgiReply:
        reply = await self._line()
        while reply.code == 100:  # "Trying..."
            reply = await self._line()
        text = reply.text
        while reply.is_open:
            text = f"{text}\n{await self._text()}"
            if len(text) > ANSWER_BYTES:
                raise asyncio.LimitOverrunError("an answer without an end", len(text))
            reply = parse_reply(text) or reply
        if reply.goes_on:
            while not (await self._text()).startswith("520 "):
                pass
        return reply

    async def _line(self) -> AgiReply:
        """Read up to the next answer; a few lines that are none (the rest of a value with line breaks) are passed."""
        for _ in range(NOISE_LINES):
            text = await self._text()
            if text == "HANGUP":
                break
            reply = parse_reply(text)
            if reply is not None:
                return reply
        raise CallerGoneError("the caller hung up")

    async def _text(self) -> str:
        line = await self.reader.readuntil(b"\n")
        return line.decode("utf-8", "backslashreplace").removesuffix("\n").removesuffix("\r")
