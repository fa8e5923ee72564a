"""The offer to rate the operator (rule 13), as data: the dialplan asks, whether the controller lives or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class SurveyPlan:
    """What the dialplan plays and how long it waits, in seconds after the last word.

    `ask` is the first question; `again` follows silence or a key that is no score; `thanks` ends the call of who gave a
    score, `goodbye` that of who gave none.
    """

    tries: int
    answer_s: float
    ask: str = "rating-ask"
    again: str = "rating-again"
    thanks: str = "rating-thanks"
    goodbye: str = "goodbye"

    @property
    def questions(self) -> tuple[str, ...]:
        """The sounds of the tries in their order."""
        return (self.ask, *(self.again,) * (self.tries - 1))


def survey_plan(settings: Settings) -> SurveyPlan:
    """Make the plan from the settings."""
    return SurveyPlan(tries=settings.rating.tries, answer_s=settings.rating.answer_s)


def score_of(digits: str) -> int | None:
    """Return the score for what was pressed; None for silence, another key or several keys.

    No rating is kept as such, never as a number.
    """
    if len(digits) != 1 or digits not in "12345":
        return None
    return int(digits)
