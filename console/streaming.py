"""Sends a stream, whole or the part that was asked for (RFC 9110, section 14): a player can seek, a download go on."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import hdrs, web

from console.errors import NoSuchRangeError
from console.stream import Stream

log = structlog.get_logger(__name__)

PORTION = 65_536
TAKES_S = 25.0
"""A client that takes no portion for so long is gone."""


async def streamed(request: web.Request, stream: Stream, limit: asyncio.Timeout) -> web.StreamResponse:
    """Send it; `limit`, the request's end, is put off with each portion. Raises NoSuchRangeError."""
    try:
        first, after = part_of(request, stream)
        response = _head(stream, first, after)
        await response.prepare(request)
        try:
            if request.method != hdrs.METH_HEAD:
                await _send(response, stream, first, after, limit)
            await response.write_eof()
        except BaseException as error:  # half is on its way: the one honest end is a broken connection
            log.warning("stream broken off", name=stream.name, error=type(error).__name__)
            if request.transport is not None:
                request.transport.abort()
            raise
        return response
    finally:
        await asyncio.shield(stream.close())


def part_of(request: web.Request, stream: Stream) -> tuple[int, int]:
    """First byte and the one after the last. What is no range of ours is answered whole. Raises NoSuchRangeError."""
    if request.headers.get(hdrs.IF_RANGE, _quoted(stream)) != _quoted(stream):
        return 0, stream.size
    try:
        asked = request.http_range
    except ValueError:
        return 0, stream.size
    first, after = asked.start or 0, stream.size if asked.stop is None else min(asked.stop, stream.size)
    if first < 0:
        first = max(0, stream.size + first)
    if hdrs.RANGE in request.headers and first >= after:
        raise NoSuchRangeError(f"there are {stream.size} bytes")
    return first, after


async def _send(response: web.StreamResponse, stream: Stream, first: int, after: int, limit: asyncio.Timeout) -> None:
    at = first
    while at < after:
        portion = await stream.read(at, min(PORTION, after - at))
        if not portion:
            raise EOFError(stream.name)
        await response.write(portion)
        at += len(portion)
        limit.reschedule(asyncio.get_running_loop().time() + TAKES_S)


def _head(stream: Stream, first: int, after: int) -> web.StreamResponse:
    whole = (first, after) == (0, stream.size)
    response = web.StreamResponse(status=200 if whole else 206)
    response.content_type = stream.media
    response.content_length = after - first
    response.headers[hdrs.ACCEPT_RANGES] = "bytes"
    response.headers[hdrs.ETAG] = _quoted(stream)
    response.headers[hdrs.CONTENT_DISPOSITION] = f'inline; filename="{stream.name}"'
    if not whole:
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {first}-{after - 1}/{stream.size}"
    return response


def _quoted(stream: Stream) -> str:
    return f'"{stream.tag}"'
