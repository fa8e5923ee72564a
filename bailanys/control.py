"""The controller's door for the command line: one JSON line in, one out, over a socket in the state folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from calls.json_text import json_text

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

LIMIT_BYTES = 1 << 20
LONGEST_ANSWER = 64 << 20
"""Bytes: tens of thousands of calls."""


class ControlError(Exception):
    """The request cannot be fulfilled; the message is for the person."""

    error_id = "control"
    retryable = False


class ControlServer:
    """Listens on a unix socket that only our own user may open."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen; a socket left by a killed controller is replaced."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LIMIT_BYTES)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                request = json.loads(await reader.readline())
            answer = await self._handler(request)
        except ControlError as error:
            answer = {"error": str(error)}
        except (ValueError, TypeError, KeyError, TimeoutError) as error:
            answer = {"error": f"not a request: {error!r}"}
        writer.write(json_text(answer).encode() + b"\n")
        await writer.drain()
        writer.close()


async def ask(
    path: Path,
    operation: str,
    part: str = "",
    body: Mapping[str, Any] | None = None,
    *,
    by: str = "",
    timeout_s: float = 10.0,
) -> dict[str, Any]:
    """Ask the running controller for an operation by its name, `POST /calls/{id}/transfer`, of a part, the call's id.

    `by`: who asks, where that is kept. Raises ControlError when it is not there or says no.
    """
    request = {"do": operation, "part": part, "body": body or {}, "by": by}
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_ANSWER)
            writer.write(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await reader.readline())
            writer.close()
    except (OSError, ValueError, TimeoutError) as error:
        raise ControlError(f"the controller does not answer at {path}: is `bailanys run` running?") from error
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer
