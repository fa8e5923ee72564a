"""Figures: of a day (rule 7), of ratings (rule 13), and of each group against its target."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from calls.search import PAGE
from console.answers import Answer
from console.day import Day
from console.errors import UnfitError
from console.queries import NoBody, Query
from console.route import Asked, Asks, Route
from console.scopes import Scope
from rating.day import RatedFigures
from rating.figures import OperatorRatings, Ratings
from rating.report import By
from rating.scale import HIGHEST, LOWEST

if TYPE_CHECKING:
    from console.ports import Live, Office


class Stats(Answer):
    """A day's figures: the average wait from the arrival (rule 7), and what an average hides."""

    day: date
    time_zone: str
    total: RatedFigures
    groups: dict[str, RatedFigures]
    operators: dict[str, OperatorRatings] = Field(description="Ratings by operator's number (rule 13).")


class RatingsOf(Answer):
    """The ratings of one operator, group, language or day."""

    of: str | None = Field(description="null where the ledger does not know.")
    rated: Ratings = Field(description="`mean` and `deviation` are null when nobody answered.")
    same_call: Ratings | None = Field(
        description="What callers gave to another operator of a call in which this one had talked; only by operator."
    )


class RatingsTold(Answer):
    """What callers rated (rule 13) in calls that arrived on these local dates."""

    from_day: date
    to_day: date
    time_zone: str
    by: By
    total: Ratings
    lines: tuple[RatingsOf, ...] = Field(description="Each offer to rate is in `rated` of one line.")


class LowTalk(Answer):
    """A talk that its caller rated low; never with the caller's number."""

    call: str
    seq: int
    arrived_ms: int
    rated_ms: int | None
    score: int = Field(ge=LOWEST, le=HIGHEST)
    operator: str = Field(description="Who talked last and was rated.")
    others: tuple[str, ...] = Field(description="Operators who talked in the same call, too, in that order.")
    group: str | None
    language: str | None
    recorded: bool = Field(description="Whether the archive has a recording of this talk.")


class LowTalks(Answer):
    """Talks that were rated low, as they came."""

    from_day: date
    to_day: date
    time_zone: str
    at_most: int = Field(description="The score that counts as low: `[rating] low`.")
    more: bool = Field(description="Whether there may be talks on the next page.")
    talks: tuple[LowTalk, ...]


class TargetOfGroup(Answer):
    """A group's day against its target, or that of all groups together (rule 7); waits are from the arrival."""

    group: str = Field(description="Empty for all together.")
    target_s: float
    answered: int
    abandoned: int = Field(description="Callers who hung up waiting.")
    waiting: int
    asa_s: float | None = Field(description="Average wait of the day so far; null before the first answer.")
    projected_s: float | None = Field(
        description="Average wait at the day's end at the present rate; null without calls, or when nobody is on duty."
    )
    state: str = Field(description="calm, in danger or widened; of all together that of the worst group.")
    width: str = Field(description="How wide a widened group is served: levels, languages or helpers.")
    helpers: tuple[str, ...] = Field(description="Operators who are lent to the group now.")
    missed: bool = Field(description="Whether the target will be missed at the present rate.")
    operators_missing: int | None = Field(description="Who would mend that; null: none, or no number would.")
    until_ms: int | None = Field(description="Until when they would have to be there.")


class TargetNow(Answer):
    """Every group's day against its target, as last looked at."""

    at_ms: int
    ledger_at_ms: int = Field(description="When the ledger told its figures; older than the look when it is away.")
    time_zone: str
    total: TargetOfGroup
    groups: tuple[TargetOfGroup, ...]


class DayQuery(Query):
    """Which day."""

    day: Day | None = Field(default=None, description="Local date; today if not given.")


class DaysQuery(Query):
    """From which day to which; a last day before the first, or over 31 days, do not fit (422)."""

    first: Day | None = Field(default=None, alias="from", description="First local date; today if not given.")
    last: Day | None = Field(default=None, alias="to", description="Last local date; the first if not given.")


class RatingsQuery(DaysQuery):
    """What callers rated on those days, told apart."""

    by: By = Field(
        default="operator",
        description="A line for each: the operator who was rated, the group or language of that talk, the local day of "
        "the arrival.",
    )


class LowRatingsQuery(DaysQuery):
    """Talks that were rated low on those days."""

    page: int = Field(default=1, ge=1, le=100_000, description=f"Which {PAGE} of the talks.")


class FiguresState(Protocol):
    """What the controller knows of targets."""

    def target(self) -> TargetNow:
        """Each group against its target (rule 7). Raises UnavailableError until the first look."""


class FiguresBooks(Protocol):
    """What the ledger knows of a day."""

    async def stats(self, day: date | None) -> Stats:
        """The figures of a local date, of today if none is given (rule 7)."""

    async def ratings(self, asked: RatingsQuery) -> RatingsTold:
        """What callers rated on some local dates (rule 13). Raises UnfitError for dates that cannot be told of."""

    async def rated_low(self, asked: LowRatingsQuery) -> LowTalks:
        """The talks of those dates that were rated low. Raises UnfitError."""


async def stats(office: Office, asked: Asked[DayQuery, NoBody]) -> Stats:
    """A day's figures."""
    return await office.books.stats(asked.query.day)


async def ratings(office: Office, asked: Asked[RatingsQuery, NoBody]) -> RatingsTold:
    """What callers rated."""
    return await office.books.ratings(asked.query)


async def low_ratings(office: Office, asked: Asked[LowRatingsQuery, NoBody]) -> LowTalks:
    """Talks that were rated low."""
    return await office.books.rated_low(asked.query)


async def target(office: Live, _: Asked[Query, NoBody]) -> TargetNow:
    """Each group against its target."""
    return office.state.target()


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/stats", "A day's figures (rule 7)", (Scope.STATS_READ,), stats, Stats, Asks.LEDGER,
        query=DayQuery,
    ),
    Route(
        "GET", "/ratings", "What callers rated, by operator, group, language or day (rule 13)",
        (Scope.STATS_READ, Scope.RATINGS_READ), ratings, RatingsTold, Asks.LEDGER, query=RatingsQuery,
        errors=(UnfitError,),
    ),
    Route(
        "GET", "/ratings/low", "Talks that were rated low, with everybody who talked in them; no caller's number",
        (Scope.RATINGS_READ, Scope.RECORDINGS_READ), low_ratings, LowTalks, Asks.LEDGER, query=LowRatingsQuery,
        personal=True, errors=(UnfitError,),
    ),
    Route(
        "GET", "/target", "Each group's average wait today against its target, and who helps whom (rule 7)",
        (Scope.STATS_READ,), target, TargetNow, Asks.LEDGER, live=True,
    ),
)  # fmt: skip
