"""Recordings: talks that are looked for (rule 14), and their sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import AfterValidator, Field

from calls.phone_field import numbers_of
from calls.search import PAGE, Why
from config.settings import Language
from console.answers import WHY_IT_MAY_BE, Answer
from console.day import AskedFlag, Day, Hours, Spelt
from console.errors import NoSoundError, NoSuchRangeError, RefusedError, UnfitError, UnknownRecordingError
from console.queries import NoBody, Query
from console.route import Asked, Asks, Part, Route
from console.scopes import Scope
from console.stream import SOUND_MEDIA, Stream
from rating.scale import HIGHEST, SCORES, WORDS

if TYPE_CHECKING:
    from console.ports import Office

_RECORDING = Part(
    "file",
    r"[a-z][a-z0-9]{0,15}-[0-9.]{3,23}-[0-9]{1,6}-[0-9]{1,9}(?:-[0-9]{6,24})?",
    "The recording's name, as a search shows it.",
    UnknownRecordingError,
    "hl1-1764000000.12-1-1",
)
ONE_NUMBER = 64
"""Characters: what is longer holds several numbers, or none."""
_SECONDS = r"[0-9]{1,9}(\.[0-9]{1,3})?"
Scores = Annotated[
    str,
    Spelt(
        "^(" + "|".join(f"{one}(-[{one}-{HIGHEST}]?)?" for one in SCORES) + f"|-[{SCORES[0]}-{HIGHEST}])?$",
        f"must be ratings, {WORDS}: 3, 1-2, 4- or -2",
    ),
]
Lengths = Annotated[
    str, Spelt(f"^({_SECONDS}(-({_SECONDS})?)?|-{_SECONDS})?$", "must be seconds: 60, 60-300, 600- or -30")
]
Named = Annotated[str, Spelt(r"^[A-Za-z0-9._-]{1,64}$", "must be an id: Latin letters, digits, dots and hyphens")]


class FoundTalk(Answer):
    """A talk that a demand may mean, with its recording (rule 14)."""

    call: str
    seq: int
    match: Literal["exact", "possible"] = Field(description="Whether the number is the one asked for or only may be.")
    why: Why = Field(default=Why.NUMBER, description=WHY_IT_MAY_BE)
    number: str | None = Field(default=None, description="The number it was found for, as written; of several which.")
    day: Literal["on", "adjacent"] = Field(description="On the date, or within an hour of it.")
    phone: Annotated[str, AfterValidator(_understood)] | None = Field(
        description="The caller's key; null when nobody knows who called."
    )
    arrived_ms: int
    operator: str | None
    group: str | None
    answered_ms: int | None = Field(description="null: a recording whose answer the journal does not tell.")
    ended_ms: int | None
    language: str | None
    file: str | None = Field(description="The recording's name, to listen to it; null: not finished yet.")
    status: str | None = Field(description="Of the recording; `disposed`, `missing` and `empty` have no sound.")
    on_hold: bool = Field(description="Whether it is kept whatever its age.")
    duration_ms: int | None
    path: str | None = Field(description="Of the FLAC, relative to the archive.")
    sha256: str | None


class Covered(Answer):
    """How much of the talks of those dates is recorded, whoever called."""

    talks: int
    recorded: int
    unfinished: int
    gaps: dict[str, int] = Field(description="Talks without a recording, by the status that explains them.")


class FoundTalks(Answer):
    """Talks that were looked for: the sure ones first, then other readings of the number, then adjacent ones."""

    exact: int
    possible: int
    adjacent: int
    more: bool = Field(description="Whether there may be hits on the next page.")
    coverage: Covered | None = Field(description="null: no date was named.")
    talks: tuple[FoundTalk, ...]


def _understood(field: str) -> str:
    """A field longer than any number is of several. Raises UnfitError."""
    if len(field) > ONE_NUMBER:
        try:
            numbers_of(field)
        except ValueError as error:
            raise UnfitError(f"phone: {error}") from None
    return field


class TalksQuery(Query):
    """Which talks: what a demand names (rule 14), and whatever else is known of them; all of it must hold.

    A date, a call or a number is needed; what contradicts itself (`to_date` before `date`) does not fit (422).
    """

    date: Day | None = Field(default=None, description="Local date of the call; needed unless phone or call is given.")
    to_date: Day | None = Field(default=None, description="Last local date, to search several.")
    hours: Hours = Field(
        default="", max_length=11, description="Local times, `14:00-15:30`: on the first date from, on the last until."
    )
    phone: Annotated[str, AfterValidator(_understood)] | None = Field(
        default=None, min_length=1, max_length=500, description="The caller's number in any usual spelling, or several."
    )
    anonymous: AskedFlag = Field(default=False, description="Callers who withheld their number.")
    call: Named | None = Field(default=None, description="The call's id.")
    operator: Named | None = Field(default=None, description="The operator's number.")
    group: Named | None = Field(default=None, description="The skill group.")
    language: Language | None = Field(default=None, description="That the talk was asked for in.")
    rating: Scores = Field(default="", max_length=16, description=f"Given by the caller, {WORDS}, or a range: `1-2`.")
    length_s: Lengths = Field(default="", max_length=32, description="Of the recording, a range: `60-300` or `600-`.")
    page: int = Field(default=1, ge=1, le=100_000, description=f"Which {PAGE} of the hits.")


class ListenQuery(Query):
    """In which form a recording is heard, and why."""

    reason: str = Field(
        min_length=1,
        max_length=500,
        description="Why; kept in the audit log with the token's name.",
        examples=["is it the talk meant"],
    )
    format: Literal["opus", "wav", "flac"] = Field(
        default="opus", description="`wav` and `flac` hold every sample; Opus is a fifth of FLAC's size, for the ear."
    )
    demand: str | None = Field(
        default=None,
        pattern=r"^D-[0-9]{4}-[0-9]{4,8}$",
        description="The demand it was found for, if it is.",
    )


class RecordingsBooks(Protocol):
    """What the ledger knows of recordings."""

    async def talks(self, asked: TalksQuery) -> FoundTalks:
        """Talks by local date and number, in any usual spelling (rule 14), and by all else; the sure ones first.

        Raises UnfitError for what cannot be looked for.
        """


class Listening(Protocol):
    """Recordings to be heard."""

    async def recording(self, file: str, asked: ListenQuery, by: str) -> Stream:
        """A recording's sound, once the audit log holds who hears it and why (rule 14).

        Raises UnknownRecordingError, NoSoundError, RefusedError, UnfitError.
        """


async def talks(office: Office, asked: Asked[TalksQuery, NoBody]) -> FoundTalks:
    """Talks of a date and a number."""
    return await office.books.talks(asked.query)


async def listen(office: Office, asked: Asked[ListenQuery, NoBody]) -> Stream:
    """A recording's sound."""
    return await office.listening.recording(asked.part, asked.query, asked.by)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/recordings", "Talks by local date and caller's number (rule 14), and by all else",
        (Scope.RECORDINGS_READ,), talks, FoundTalks, Asks.LEDGER, query=TalksQuery, personal=True,
        errors=(UnfitError,),
    ),
    Route(
        "GET", "/recordings/{file}/audio", "Hear a recording: left the caller, right the operator; takes `Range`",
        (Scope.RECORDINGS_LISTEN,), listen, None, Asks.ARCHIVE, part=_RECORDING, query=ListenQuery, media=SOUND_MEDIA,
        errors=(NoSoundError, RefusedError, NoSuchRangeError, UnfitError),
        personal=True,
    ),
)  # fmt: skip
