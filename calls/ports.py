"""What the core needs of the outside world, as Protocols; the adapters fill them, the tests fake them."""

from __future__ import annotations

from typing import Protocol


class CallerGoneError(Exception):
    """The caller hung up, or the line to Asterisk broke, in the middle of a session: ordinary control flow."""


class CallerLine(Protocol):
    """One caller's line during the menu."""

    async def play(self, sound: str, keys: str) -> str | None:
        """Play a sound in the caller's language; one of `keys` cuts it short and is returned.

        Raises CallerGoneError.
        """

    async def wait_key(self, seconds: float) -> str | None:
        """Wait in silence for any key. Raises CallerGoneError."""

    async def speak_language(self, language: str) -> None:
        """From now on play sounds in this language. Raises CallerGoneError."""

    async def step(self, step: str, detail: str = "") -> None:
        """Log a step of the session with the call id, and keep it in the journal."""
