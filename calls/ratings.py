"""Ratings as the ledger, the projector and the survey exchange them (rule 13); what they mean is `rating`'s to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RatingGiven:
    """What became of one offer to rate (rule 13): `outcome` is given, silence, wrong or hung_up."""

    outcome: str
    score: int | None = None
    operator: str | None = None
    """Who talked last and was rated."""
    others: tuple[str, ...] = ()
    """Who else talked in the same call, in that order: a transferred call is rated for each of them."""


@dataclass(frozen=True, slots=True)
class RatingCount:
    """So many offers to rate that came to the same, of one operator, group, language or day."""

    of: str | None
    """None where that is not known."""
    outcome: str
    score: int | None
    times: int


@dataclass(frozen=True, slots=True)
class RatedTalk:
    """A talk with the score that its caller gave; the caller's number is never beside it. UTC epoch ms."""

    call: str
    seq: int
    arrived_ms: int
    rated_ms: int | None
    score: int
    operator: str
    others: tuple[str, ...]
    """Who else talked in the same call, in that order."""
    group: str | None
    language: str | None
    recorded: bool
    """Whether the archive has a recording of the rated talk."""


@dataclass(frozen=True, slots=True)
class RatingTold:
    """What a fact of the journal says of a rating, beside what is known of its call."""

    seq: int | None
    """Of the segment that was rated; None when the fact does not say, or makes no sense."""
    operator: str | None
    talked: frozenset[str]
    """Operators who talked in the call so far."""
    score: str | None = None
    """As the journal has it; None where only the question is told of."""
    rated_before: bool = False
    """Whether the call has a score already."""


class ImpossibleRatingError(Exception):
    """A rating that no caller can have given. The text says why, without the keys that were pressed."""

    error_id = "rating-impossible"
    retryable = False


TakeRating = Callable[[RatingTold], int | None]
"""Says what was told of a rating: the score, or None of a question alone. Raises ImpossibleRatingError."""
