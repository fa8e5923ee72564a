"""One way to look for recordings, whoever asks: the command line, the API, the auditor's page (rule 14)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date, time
from time import time_ns

from calls.local_day import Span, clock_ms, local_date, local_day
from calls.phone import ANONYMOUS, Candidates
from calls.phone_field import NotUnderstoodError, numbers_of
from calls.search import PAGE, Coverage, Search
from rating.scale import HIGHEST, LOWEST
from storage.ledger import Ledger
from storage.recording_search import FoundRecording, in_order, kinds_of

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
EARLIEST, LATEST = 2000, 2199
"""Years."""


class BadSearchError(Exception):
    """What is looked for cannot be; the text says why."""

    error_id = "bad-search"
    retryable = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed, by its parts; None and empty ranges are not asked for."""

    zone: str
    first: date | None
    last: date | None = None
    _: KW_ONLY
    phone: str | None = None
    anonymous: bool = False
    call: str | None = None
    operator: str | None = None
    group: str | None = None
    language: str | None = None
    rating: tuple[float | None, float | None] = (None, None)
    length_s: tuple[float | None, float | None] = (None, None)
    hours: tuple[time | None, time | None] = (None, None)
    """From which local time on the first date, until which on the last."""
    limit: int = PAGE
    after: int = 0
    """Hits to leave out: those of the pages before."""


async def look(ledger: Ledger, asked: Asked) -> tuple[list[FoundRecording], Coverage | None]:
    """The hits, the sure ones first, and how much of those dates' talks is recorded (None without dates).

    Raises BadSearchError, LedgerUnavailableError.
    """
    search = search_of(asked, time_ns() // 1_000_000)
    found = in_order(await ledger.recordings.search(search))
    return found, None if search.span is None else await ledger.recordings.coverage(
        search.span.from_ms, search.span.to_ms
    )


def by_number(found: Sequence[FoundRecording], phone: str) -> list[dict[str, str | int]]:
    """Of each number that a field holds, how many hits there are: a number without any is told, too."""
    try:
        numbers = [one.number for one in numbers_of(phone)]
    except NotUnderstoodError:
        return []
    return [{"number": number, **kinds_of([hit for hit in found if hit.number == number])} for number in numbers]


def search_of(asked: Asked, now_ms: int) -> Search:
    """What is asked, as the ledger looks for it. Raises BadSearchError."""
    for what, value in (("call", asked.call), ("operator", asked.operator), ("group", asked.group)):
        if value is not None and not _ID.fullmatch(value):
            raise BadSearchError(f"{value!r} is no {what}'s id")
    if asked.first is None and asked.call is None and (asked.anonymous or not (asked.phone or "").strip()):
        raise BadSearchError("name a date, a call's id or the caller's number")
    if asked.anonymous and asked.phone is not None:
        raise BadSearchError("a caller is anonymous or has a number, not both")
    if not all(end is None or LOWEST <= end <= HIGHEST for end in asked.rating):
        raise BadSearchError(f"ratings are from {LOWEST} to {HIGHEST}")
    return Search(
        span=_span(asked, now_ms),
        wanted=_wanted(asked),
        call=asked.call,
        operator=asked.operator,
        group=asked.group,
        language=asked.language,
        score_from=_whole(asked.rating[0]),
        score_to=_whole(asked.rating[1]),
        length_from_ms=_whole(asked.length_s[0], 1000),
        length_to_ms=_whole(asked.length_s[1], 1000),
        limit=asked.limit,
        after=asked.after,
    )


def _span(asked: Asked, now_ms: int) -> Span | None:
    if asked.first is None:
        if asked.last is not None or asked.hours != (None, None):
            raise BadSearchError("a last date, or times, need a first date")
        return None
    last = asked.last or asked.first
    for day in (asked.first, last):
        if not EARLIEST <= day.year <= LATEST:
            raise BadSearchError(f"{day} is no date that can be searched")
    if last < asked.first:
        raise BadSearchError(f"the last date {last} is before the first, {asked.first}")
    if asked.first > local_date(now_ms, asked.zone):
        raise BadSearchError(f"{asked.first} is not yet: nothing can have been recorded")
    since, until = asked.hours
    span = Span(
        clock_ms(asked.first, since or time(), asked.zone),
        local_day(last, asked.zone).to_ms if until is None else clock_ms(last, until, asked.zone, last=True),
    )
    if span.from_ms >= span.to_ms:
        raise BadSearchError(f"{until:%H:%M} is not after {since or time():%H:%M}: name the later date as the last")
    return span


def _wanted(asked: Asked) -> Candidates | tuple[Candidates, ...] | None:
    if asked.anonymous:
        return Candidates((ANONYMOUS,), ())
    if asked.phone is None:
        return None
    try:
        return numbers_of(asked.phone)
    except NotUnderstoodError as error:
        raise BadSearchError(str(error)) from error


def _whole(value: float | None, scale: int = 1) -> int | None:
    return None if value is None else round(value * scale)
