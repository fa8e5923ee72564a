"""What a request's query may say; nothing else is taken."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from calls.phone_field import numbers_of
from calls.search import PAGE
from console.day import Day
from rating.report import By
from rating.scale import WORDS

ONE_NUMBER = 64
"""Characters: what is longer holds several numbers, or none."""


def _understood(field: str) -> str:
    """A field longer than any number is of several. Raises ValueError."""
    if len(field) > ONE_NUMBER:
        numbers_of(field)
    return field


class Query(BaseModel):
    """No query."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoBody(BaseModel):
    """No body; an empty object will do."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DayQuery(Query):
    """Which day."""

    day: Day | None = Field(default=None, description="Local date; today if not given.")


class DaysQuery(Query):
    """From which day to which."""

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


class TalksQuery(Query):
    """Which talks: what a demand names (rule 14), and whatever else is known of them; all of it must hold."""

    date: Day | None = Field(default=None, description="Local date of the call; needed unless phone or call is given.")
    to_date: Day | None = Field(default=None, description="Last local date, to search several.")
    hours: str = Field(
        default="", max_length=11, description="Local times, `14:00-15:30`: on the first date from, on the last until."
    )
    phone: Annotated[str, AfterValidator(_understood)] | None = Field(
        default=None, min_length=1, max_length=500, description="The caller's number in any usual spelling, or several."
    )
    anonymous: bool = Field(default=False, description="Callers who withheld their number.")
    call: str | None = Field(default=None, min_length=1, max_length=64, description="The call's id.")
    operator: str | None = Field(default=None, min_length=1, max_length=64, description="The operator's number.")
    group: str | None = Field(default=None, min_length=1, max_length=64, description="The skill group.")
    language: Literal["kk", "ru", "en"] | None = Field(default=None, description="That the talk was asked for in.")
    rating: str = Field(default="", max_length=16, description=f"Given by the caller, {WORDS}, or a range: `1-2`.")
    length_s: str = Field(default="", max_length=32, description="Of the recording, a range: `60-300` or `600-`.")
    page: int = Field(default=1, ge=1, le=100_000, description=f"Which {PAGE} of the hits.")


class ListenQuery(Query):
    """In which form a recording is heard, and why."""

    reason: str = Field(min_length=1, max_length=500, description="Why; kept in the audit log with the token's name.")
    format: Literal["opus", "wav", "flac"] = Field(
        default="opus", description="`wav` and `flac` hold every sample; Opus is a fifth of FLAC's size, for the ear."
    )
    demand: str | None = Field(
        default=None,
        pattern=r"^D-[0-9]{4}-[0-9]{4,8}$",
        description="The demand it was found for, if it is.",
    )
