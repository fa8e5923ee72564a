"""An answer that is no JSON: bytes of a known number, read from any offset as they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

SOUND_MEDIA = "audio/ogg, audio/wav, audio/flac"
ZIP_MEDIA = "application/zip"


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent; `close` is awaited whatever comes between."""

    media: str
    name: str
    """As a browser saves it."""
    size: int
    tag: str
    """The same for the same bytes: who goes on after a break asks for that one (If-Range)."""
    read: Callable[[int, int], Awaitable[bytes]]
    """At most so many bytes from an offset; none is a fault."""
    close: Callable[[], Awaitable[None]]
