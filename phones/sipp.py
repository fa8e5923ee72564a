"""SIPp as a child: started in a folder of its own, gone with its context, its trace read as values."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from phones.legs import Leg, Message, legs, read_messages
from phones.load import Load
from phones.own_ports import own_ports

_TRACE, _ERRORS = "messages.log", "errors.log"
_GRACE_S = 3.0


class SippError(Exception):
    """SIPp did not start, or ended otherwise than told; the message ends with its own last words."""


class SippRun:
    """One run of SIPp; `async with SippRun(sipp, load, server_port) as run`.

    `sipp` is the command as `telephony.embedded.find_sipp` gives it.
    """

    def __init__(
        self,
        sipp: Sequence[str],
        load: Load,
        server_port: int,
        *,
        address: str = "127.0.0.1",
        port: int | None = None,
        limit_s: float = 3600.0,
        rtp_first: int = 32000,
        rtp_last: int = 39998,
    ) -> None:
        """Describe a run from `address`, on a free port unless `port` is given; it ends after `limit_s` at the latest.

        Two runs at once need RTP ranges of their own.
        """
        self.address = address
        self.port = port if port is not None else free_port(address)
        self._command = (
            *(*sipp, f"127.0.0.1:{server_port}", "-i", address, "-mi", address, "-p", str(self.port)),
            *("-min_rtp_port", str(rtp_first), "-max_rtp_port", str(rtp_last), *load.arguments),
            *("-cid_str", "%u-%p@%s", "-nostdin", "-skip_rlimit"),
            *("-timer_resol", "1", "-timeout", f"{limit_s:.0f}s"),
            *("-trace_shortmsg", "-shortmessage_file", _TRACE, "-trace_err", "-error_file", _ERRORS),
        )
        self._load = load
        self._folder: Path | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Write the files and start. Raises OSError."""
        self._folder = Path(tempfile.mkdtemp(prefix="sipp-"))
        for name, content in self._load.files.items():
            (self._folder / name).write_bytes(content)
        with (self._folder / "screen.log").open("wb") as screen:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=screen,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "TERM": "dumb"},
                start_new_session=True,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End SIPp if it still runs, by its pid, and remove its folder."""
        await self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)

    @property
    def pid(self) -> int:
        """The pid of SIPp. Raises SippError before the start."""
        return self._started().pid

    async def done(self, timeout_s: float | None = None) -> None:
        """Wait until all calls are made. Raises SippError if any failed, TimeoutError."""
        process = self._started()
        async with asyncio.timeout(timeout_s):
            status = await process.wait()
        if status != 0:
            raise SippError(f"SIPp ended with status {status}: {self._last_words()}")

    async def stop(self) -> None:
        """End SIPp: TERM, then KILL."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_GRACE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def messages(self) -> tuple[Message, ...]:
        """Read what was sent and received so far; empty before the first message."""
        return read_messages(self._text(_TRACE))

    def legs(self) -> tuple[Leg, ...]:
        """Tell the calls so far."""
        return legs(self.messages())

    def errors(self) -> str:
        """Read what SIPp found unexpected, as it put it; empty if nothing."""
        return self._text(_ERRORS)

    def _last_words(self) -> str:
        return (self.errors() or self._text("screen.log"))[-2000:].strip() or "it said nothing"

    def _text(self, name: str) -> str:
        path = None if self._folder is None else self._folder / name
        return path.read_text(errors="replace") if path is not None and path.exists() else ""

    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise SippError("not started: use `async with`")
        return self._process


def free_port(address: str = "127.0.0.1") -> int:
    """Find a UDP port that is free now."""
    return own_ports().server(address)
