"""What the ledger knows, as the HTTP API tells it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from datetime import date

from bailanys.api.cache import TimedCache
from bailanys.api.errors import translated
from bailanys.api.figures_process import figures_apart, ratings_apart
from bailanys.ratings import BadDaysError, Days
from calls.local_day import local_date, local_day
from calls.portions import in_portions
from calls.search import PAGE, ends_of, hours_of
from console.errors import BusyError, UnfitError, UnknownCallError
from console.operations.figures import DaysQuery, LowRatingsQuery, LowTalk, LowTalks, RatingsQuery, RatingsTold, Stats
from console.operations.health import DayWait
from console.operations.recordings import Covered, FoundTalk, FoundTalks, TalksQuery
from console.story import (
    CallFacts,
    GapFacts,
    IdentityFacts,
    OfferFacts,
    RatingFacts,
    RecordingFacts,
    SegmentFacts,
    StepFacts,
    Story,
)
from rating.report import By
from recordings.access.hits import facts
from recordings.access.search import Asked, look
from storage.ledger import Ledger
from storage.ratings import RatingBook
from storage.record import CallRecord, RatingRow, talked
from storage.recording_search import counts

KEPT_S = 5.0
"""How old a day's figures may be: each look reads the whole day."""
DAY_WAIT_PATIENCE_S = 2.0
STATS_PATIENCE_S = 9.0
MOST_DAYS = 31
"""Of ratings, over the API; the command line has more time."""


class LedgerBooks:
    """The ledger's side of `console.ports.Books`."""

    def __init__(self, ledger: Ledger, database_url: str, zone: str, low: int) -> None:
        """`zone`: of local dates, as the time-zone database names it; `low`: the highest score that counts as low."""
        self._ledger = ledger
        self._database_url = database_url
        self._zone = zone
        self._days = TimedCache(self._stats, KEPT_S)
        self._low = low
        self._ratings = TimedCache(self._rated, KEPT_S)
        self._day_waits = TimedCache(self._day_wait, KEPT_S, most=1)

    async def story(self, call: str) -> Story:
        """Everything on one call. Raises UnknownCallError, UnavailableError."""
        story = await translated(self._ledger.call_story(call))
        if story is None:
            raise UnknownCallError(f"no call {call} in the ledger")
        record = story.record
        return Story(
            call=CallFacts.model_validate(record.call),
            segments=tuple(map(SegmentFacts.model_validate, record.segments.values())),
            offers=tuple(map(OfferFacts.model_validate, record.offers.values())),
            ratings=tuple(_rating(record, rating) for rating in record.ratings.values()),
            steps=tuple(map(StepFacts.model_validate, story.steps)),
            recordings=tuple(map(RecordingFacts.model_validate, story.recordings)),
            gaps=tuple(map(GapFacts.model_validate, record.gaps.values())),
            identities=tuple(map(IdentityFacts.model_validate, record.identities.values())),
        )

    async def stats(self, day: date | None) -> Stats:
        """The figures of a local date, of today if none is given (rule 7); a few seconds old at most.

        Raises UnavailableError.
        """
        return await self._days.get(day or self._today())

    async def ratings(self, asked: RatingsQuery) -> RatingsTold:
        """What callers rated (rule 13), a few seconds old at most. Raises UnfitError, UnavailableError."""
        return await self._ratings.get((self._asked_days(asked), asked.by))

    async def rated_low(self, asked: LowRatingsQuery) -> LowTalks:
        """The talks that were rated low, as they came. Raises UnfitError, UnavailableError."""
        days = self._asked_days(asked)
        book = RatingBook(self._ledger.engine)
        talks = await translated(book.rated_low(days.span, self._low, PAGE, (asked.page - 1) * PAGE))
        return LowTalks(
            from_day=days.first,
            to_day=days.last,
            time_zone=days.zone,
            at_most=self._low,
            more=len(talks) == PAGE,
            talks=tuple(map(LowTalk.model_validate, talks)),
        )

    async def talks(self, asked: TalksQuery) -> FoundTalks:
        """Talks by all that is asked for (rule 14), the sure ones first. Raises UnfitError, UnavailableError."""
        try:
            rating, length_s, hours = ends_of(asked.rating), ends_of(asked.length_s), hours_of(asked.hours)
        except ValueError as error:
            raise UnfitError(f"{str(error)!r} is no range: write 3, 1-2, 60- or 14:00-15:30") from error
        wanted = Asked(
            zone=self._zone,
            first=asked.date,
            last=asked.to_date,
            phone=asked.phone,
            anonymous=asked.anonymous,
            call=asked.call,
            operator=asked.operator,
            group=asked.group,
            language=asked.language,
            rating=rating,
            length_s=length_s,
            hours=hours,
            after=(asked.page - 1) * PAGE,
        )
        found, covered = await translated(look(self._ledger, wanted))
        numbers = counts(found)
        return FoundTalks(
            exact=numbers["exact"],
            possible=numbers["possible"],
            adjacent=numbers["adjacent"],
            more=len(found) == PAGE,
            coverage=None if covered is None else Covered(**asdict(covered)),
            talks=tuple([FoundTalk.model_validate(facts(hit) | {"seq": hit.seq}) async for hit in in_portions(found)]),
        )

    async def day_wait(self) -> DayWait:
        """The law's figure of today so far (rule 7), a few seconds old at most. Raises UnavailableError, BusyError."""
        try:
            async with asyncio.timeout(DAY_WAIT_PATIENCE_S):
                return await self._day_waits.get(self._today())
        except TimeoutError as error:
            raise BusyError("the ledger does not answer") from error

    async def _stats(self, day: date) -> Stats:
        span = local_day(day, self._zone)
        figures = await translated(figures_apart(self._database_url, span, STATS_PATIENCE_S))
        return Stats.model_validate({"day": day, "time_zone": self._zone, **figures})

    async def _rated(self, key: tuple[Days, By]) -> RatingsTold:
        days, by = key
        try:
            told = await translated(ratings_apart(self._database_url, days, by, STATS_PATIENCE_S))
        except TimeoutError as error:
            raise BusyError(f"these days take longer than {STATS_PATIENCE_S:g} s: ask for fewer at once") from error
        about = {"from_day": days.first, "to_day": days.last, "time_zone": days.zone}
        return RatingsTold.model_validate(about | told)

    def _asked_days(self, asked: DaysQuery) -> Days:
        first = asked.first or self._today()
        try:
            return Days(first, asked.last or first, self._zone, MOST_DAYS)
        except BadDaysError as error:
            raise UnfitError(str(error)) from error

    async def _day_wait(self, day: date) -> DayWait:
        span = local_day(day, self._zone)
        answered, mean_s = await translated(self._ledger.answered_between(span.from_ms, span.to_ms))
        return DayWait(answered, mean_s, await translated(self._ledger.alarms_counted(span.from_ms, span.to_ms)))

    def _today(self) -> date:
        return local_date(time.time_ns() // 1_000_000, self._zone)


def _rating(record: CallRecord, rating: RatingRow) -> RatingFacts:
    return RatingFacts(
        seq=rating.seq,
        operator_id=rating.operator_id,
        offered_ms=rating.offered_ms,
        outcome=rating.outcome,
        others=tuple(other for other in talked(record) if other != rating.operator_id),
    )
