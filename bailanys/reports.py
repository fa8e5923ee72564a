"""What the ledger knows, as the HTTP API tells it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import date
from typing import TypeVar

from calls.local_day import local_date, local_day
from calls.recording import Recording
from calls.statistics import day_figures
from console.answers import FoundTalk, Stats
from console.errors import BusyError, UnavailableError, UnknownCallError
from console.ports import DayWait
from console.story import CallFacts, OfferFacts, RatingFacts, RecordingFacts, SegmentFacts, StepFacts, Story
from storage.errors import LedgerError
from storage.find import FoundRecording
from storage.ledger import Ledger

T = TypeVar("T")

DAY_WAIT_KEPT_S = 5.0
DAY_WAIT_PATIENCE_S = 2.0


class LedgerBooks:
    """The ledger's side of `console.ports.Books`."""

    def __init__(self, ledger: Ledger, zone: str) -> None:
        self._ledger = ledger
        self._zone = zone
        self._asking: asyncio.Task[DayWait] | None = None
        self._asked_s = 0.0

    async def story(self, call: str) -> Story:
        """Everything on one call. Raises UnknownCallError, UnavailableError."""
        story = await _read(self._ledger.call_story(call))
        if story is None:
            raise UnknownCallError(f"no call {call} in the ledger")
        record = story.record
        return Story(
            call=CallFacts.model_validate(record.call),
            segments=tuple(map(SegmentFacts.model_validate, record.segments.values())),
            offers=tuple(map(OfferFacts.model_validate, record.offers.values())),
            ratings=tuple(map(RatingFacts.model_validate, record.ratings.values())),
            steps=tuple(map(StepFacts.model_validate, story.steps)),
            recordings=tuple(map(RecordingFacts.model_validate, story.recordings)),
        )

    async def stats(self, day: date | None) -> Stats:
        """The figures of a local date, of today if none is given (rule 7). Raises UnavailableError."""
        wanted = day or self._today()
        span = local_day(wanted, self._zone)
        calls = await _read(self._ledger.calls_between(span.from_ms, span.to_ms))
        figures = await asyncio.to_thread(day_figures, calls)  # a day of 100,000 calls would hold up the dispatcher
        return Stats(day=wanted, time_zone=self._zone, total=figures.total, groups=figures.groups)

    async def talks(self, day: date, phone: str) -> list[FoundTalk]:
        """Talks of that local date and number (rule 14), the sure ones first. Raises UnavailableError."""
        found = await _read(self._ledger.find_recordings(day, phone, self._zone))
        return [_talk(hit, hit.recording) for hit in found]

    async def day_wait(self) -> DayWait:
        """The law's figure of today so far (rule 7), at most 5 s old. Raises UnavailableError, BusyError.

        One look-up at a time, however many ask: a database that hangs holds one thread, not all of them.
        """
        now_s = time.monotonic()
        if self._asking is None or (self._asking.done() and now_s - self._asked_s > DAY_WAIT_KEPT_S):
            self._asked_s = now_s
            self._asking = asyncio.create_task(self._day_wait())
            self._asking.add_done_callback(_heard)
        try:
            return await asyncio.wait_for(asyncio.shield(self._asking), DAY_WAIT_PATIENCE_S)
        except TimeoutError as error:
            raise BusyError("the ledger does not answer") from error

    async def _day_wait(self) -> DayWait:
        span = local_day(self._today(), self._zone)
        answered, mean_s = await _read(self._ledger.answered_between(span.from_ms, span.to_ms))
        return DayWait(answered, mean_s)

    def _today(self) -> date:
        return local_date(time.time_ns() // 1_000_000, self._zone)


def _talk(hit: FoundRecording, recording: Recording | None) -> FoundTalk:
    return FoundTalk(
        call=hit.call_id,
        seq=hit.seq,
        match=hit.match,
        day=hit.day,
        phone=hit.caller_key,
        arrived_ms=hit.arrived_ms,
        operator=hit.operator_id,
        group=hit.group_id,
        answered_ms=hit.answered_ms,
        ended_ms=hit.ended_ms,
        status=recording.status.value if recording else None,
        duration_ms=recording.duration_ms if recording else None,
        path=recording.path or None if recording else None,
        sha256=recording.sha256 or None if recording else None,
    )


async def _read(look_up: Awaitable[T]) -> T:
    try:
        return await look_up
    except LedgerError as error:  # its own text may quote the database's
        raise UnavailableError("the ledger does not answer", error.error_id, retryable=error.retryable) from error


def _heard(task: asyncio.Task[DayWait]) -> None:
    if not task.cancelled():
        task.exception()
