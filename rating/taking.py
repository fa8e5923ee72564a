"""What the journal tells of a rating, taken as one that a caller can have given, or refused (rule 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calls.ratings import ImpossibleRatingError
from rating.scale import WORDS, score_of

if TYPE_CHECKING:
    from calls.ratings import RatingTold


def take_rating(told: RatingTold) -> int | None:
    """Return the score; None where only the question is told of.

    Raises ImpossibleRatingError: nobody asks but after a talk, and then about an operator who talked; the dialplan
    writes no key down but those of the scale, and one alone. What was pressed is in no message.
    """
    if told.seq is None or told.operator is None:
        raise ImpossibleRatingError("it names no talk, or no operator")
    if not told.talked:
        raise ImpossibleRatingError("nobody talked in that call")
    if told.operator not in told.talked:
        raise ImpossibleRatingError(f"operator {told.operator} did not talk in that call")
    if told.score is None:
        return None
    score = score_of(told.score)
    if score is None:
        raise ImpossibleRatingError(f"the score is none of {WORDS}")
    if told.rated_before:
        raise ImpossibleRatingError("the call had been rated before")
    return score
