"""The offer to rate the operator (rule 13), as data: the dialplan asks, whether the controller lives or not.

`[rating]` is rendered from the plan: one question, asked again after silence or a key that is no score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rating.scale import PRESSED

if TYPE_CHECKING:
    from config.settings import Settings


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
    pressed: str = PRESSED

    @property
    def questions(self) -> tuple[str, ...]:
        """The sounds of the tries in their order."""
        return (self.ask, *(self.again,) * (self.tries - 1))


def survey_plan(settings: Settings) -> SurveyPlan:
    """Make the plan from the settings."""
    return SurveyPlan(tries=settings.rating.tries, answer_s=settings.rating.answer_s)
