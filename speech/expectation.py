"""What a waiting caller is told of the time, in pieces: an expected wait as a range of whole minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speech.numbers import minutes, span, wait

if TYPE_CHECKING:
    from config.settings import Language


def wait_range(low: int, high: int, language: Language) -> tuple[str, ...]:
    """Return "the wait is about two to five minutes"; a low of 0 is "no longer than", and a high of 1 "less than one".

    Minutes, `low` <= `high`. Raises NumberOutOfRangeError.
    """
    if high <= 1:
        return ("wait-under-1",) if low < 1 else wait(1, language)
    if low < 1:
        return ("wait-most", *minutes(high, language))
    if low == high:
        return wait(high, language)
    return ("wait-before", *span(low, high, language))
