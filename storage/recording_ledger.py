"""What the ledger knows of recordings, as the rest of the program asks it; each method is one look-up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Engine

from calls.local_day import Span
from calls.recording import EndedTalk, Gap, Recording, SpoolFault
from calls.search import Coverage, Search
from storage import recordings as book
from storage import spool_faults as faults
from storage.readers import Reader, ThreadReader
from storage.record import GapRow
from storage.recording_search import FoundRecording, by_number, coverage, demanded, find, in_order
from storage.transaction import in_transaction
from storage.unrecorded import Silence, unrecorded


class RecordingLedger:
    """Fills `calls.ports.RecordingBook`, finds and lists. Every method may raise LedgerUnavailableError."""

    def __init__(self, engine: Engine, look_ups: Reader | None = None) -> None:
        """`look_ups`: asks the short ones, of few rows; without it they are asked in threads like all others."""
        self._engine = engine
        self._read = ThreadReader(engine).read
        self._look_up = self._read if look_ups is None else look_ups.read

    async def find(self, day: date, phone: str, zone: str) -> list[FoundRecording]:
        """Talks of that local date and phone number, or numbers (rule 14); the sure ones first. See `demanded`."""
        return in_order(await self.search(demanded(day, phone, zone)))

    async def search(self, search: Search) -> list[FoundRecording]:
        """Talks by whatever is known of them, in the order of arrival."""
        now_ms = time.time_ns() // 1_000_000
        ask = self._look_up if by_number(search) else self._read
        return await ask(lambda connection: find(connection, search, now_ms))

    async def coverage(self, from_ms: int, to_ms: int) -> Coverage:
        """How much of the talks of a span of time is recorded, and why the others are not."""
        return await self._read(lambda connection: coverage(connection, Span(from_ms, to_ms)))

    async def unrecorded(self, span: Span) -> list[Silence]:
        """All talks and stretches of talks without a recording, of calls that arrived in the span."""
        return await self._read(lambda connection: unrecorded(connection, span))

    async def segments_to_finalise(self) -> Sequence[EndedTalk]:
        """The answered talks that have ended and have no recording row, whatever its status."""
        return await self._read(book.ended_talks)

    async def kept(self, span: Span | None = None, call: str | None = None) -> list[book.StoredRecording]:
        """Recordings that have a file: of calls that arrived in a span, of one call, or all."""
        return await self._read(lambda connection: book.kept_recordings(connection, span, call))

    async def made(self, since_ms: int, after: str = "") -> list[Recording]:
        """The next portion of the rows of recordings and gaps made since an instant, after a file made at it."""
        return await self._read(lambda connection: book.made_since(connection, since_ms, after))

    async def in_hour(self, hour: str) -> list[Recording]:
        """Rows of recordings in one of the archive's folders, `2026/11/27/04`."""
        return await self._read(lambda connection: book.stored_in(connection, hour))

    async def gaps_of(self, call: str, seq: int) -> list[GapRow]:
        """The stretches of a segment's talk without a recording."""
        return await self._look_up(lambda connection: book.gaps_of(connection, call, seq))

    async def at(self, call: str, seq: int, offer: int) -> Recording | None:
        """The row of one call, segment and offer."""
        return await self._look_up(lambda connection: book.by_key(connection, (call, seq, offer)))

    async def named(self, file: str) -> Recording | None:
        """The recording of that name without suffix, `<call>-...`."""
        return await self._look_up(lambda connection: book.by_file(connection, file))

    async def known(self, calls: Sequence[str]) -> set[tuple[str, int, int]]:
        """Call, segment and offer of every row of these calls."""
        return await self._read(lambda connection: book.known(connection, calls))

    async def spool_faults(self, from_ms: int, to_ms: int) -> Sequence[SpoolFault]:
        """When, in that time, the spool took no bytes, in order."""
        return await self._read(lambda connection: faults.spool_faults(connection, from_ms, to_ms))

    async def add_recording(self, recording: Recording, gaps: Sequence[Gap] = ()) -> None:
        """Write the row, or overwrite that of the same call, seq and offer, with its gaps; durable when it returns."""
        await in_transaction(self._engine, lambda connection: book.write_recording(connection, recording, gaps))
