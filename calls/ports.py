"""What the core needs of the outside world, as Protocols; the adapters fill them, the tests fake them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from calls.recording import EndedTalk, Gap, Recording, SpoolFault


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


class RecordingBook(Protocol):
    """Where the ledger tells which recordings are to be finished, and is told that they are (rule 14).

    Any error that its methods raise means "not now": the finaliser keeps all it has and tries again.
    """

    async def segments_to_finalise(self) -> Sequence[EndedTalk]:
        """The answered talks that have ended and have no recording row, whatever its status."""

    async def spool_faults(self, from_ms: int, to_ms: int) -> Sequence[SpoolFault]:
        """When, in that time, the spool took no bytes, in order."""

    async def add_recording(self, recording: Recording, gaps: Sequence[Gap] = ()) -> None:
        """Write the row with its gaps, or overwrite the one of the same call, seq and offer; durable when it returns.

        An orphan's call may be unknown to the ledger.
        """
