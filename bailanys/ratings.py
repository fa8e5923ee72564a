"""What callers rated, whoever asks: the command line and the API (rule 13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from calls.local_day import Span, local_day
from rating.report import By, RatingReport, rating_report
from storage.ratings import RatingBook

MOST_DAYS = 366
"""So many are told at once: every call of them is read."""


class BadDaysError(Exception):
    """Dates that cannot be told of; the text says why."""

    error_id = "bad-days"
    retryable = False


@dataclass(frozen=True, slots=True)
class Days:
    """Local dates, both ends included. Raises BadDaysError when there are none, or too many."""

    first: date
    last: date
    zone: str
    most: int = MOST_DAYS

    def __post_init__(self) -> None:
        """See that there are some, and not too many."""
        if self.last < self.first:
            raise BadDaysError(f"the last date {self.last} is before the first, {self.first}")
        if (self.last - self.first).days >= self.most:
            raise BadDaysError(f"{self.first} to {self.last} are over {self.most} days: ask for fewer at once")

    @property
    def span(self) -> Span:
        """From the first midnight there to the one after the last day."""
        return Span(local_day(self.first, self.zone).from_ms, local_day(self.last, self.zone).to_ms)

    def each(self) -> dict[str, Span]:
        """Every day by its date."""
        days = (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))
        return {day.isoformat(): local_day(day, self.zone) for day in days}


async def report(book: RatingBook, days: Days, by: By) -> RatingReport:
    """The ratings of calls that arrived on these days. Raises LedgerUnavailableError."""
    each = days.each()
    if by == "day":
        return rating_report(by, await book.counted_by_day(each), days=each)
    shared = await book.shared(each.values()) if by == "operator" else ()
    return rating_report(by, await book.counted(each.values(), by), shared)
