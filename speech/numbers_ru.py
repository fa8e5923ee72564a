"""Russian numbers: one and two agree in gender, what is counted agrees with the number."""

from __future__ import annotations

from speech.gender import Gender
from speech.grouping import in_pairs


def cardinal(number: int, gender: Gender = Gender.MASCULINE) -> tuple[str, ...]:
    """Return "двадцать одна" in pieces, the last word agreeing with the gender."""
    thousands, rest = divmod(number, 1000)
    pieces: tuple[str, ...] = ()
    if thousands:
        pieces = (*_below_thousand(thousands, Gender.FEMININE), agreeing("n-1000", thousands))
    return pieces + _below_thousand(rest, gender) if rest or not thousands else pieces


def ordinal(number: int) -> tuple[str, ...]:
    """Return "двадцать первый" in pieces: only the last word is an ordinal, in the masculine.

    Round hundreds and thousands are one word (двухсотый, пятитысячный); a single thousand before other words goes
    without its "one": тысяча первый.
    """
    thousands, rest = divmod(number, 1000)
    if not rest and thousands:
        return (f"o-{number}",)
    if thousands == 1:
        return ("n-1000", *_ordinal_below_thousand(rest))
    return (*(cardinal(thousands * 1000) if thousands else ()), *_ordinal_below_thousand(rest))


def minutes(number: int) -> tuple[str, ...]:
    """Return "двадцать одна минута", "две минуты", "одиннадцать минут" in pieces."""
    return (*cardinal(number, Gender.FEMININE), agreeing("minute", number))


def span(low: int, high: int) -> tuple[str, ...]:
    """Return "от двух до двадцати одной минуты" in pieces, up to 60: both numbers and the noun are genitives."""
    noun = "minute-few" if high % 10 == 1 and high % 100 != 11 else "minute-many"
    return ("n-from", *_genitive(low), "n-until", *_genitive(high), noun)


def digits(number: str) -> tuple[str, ...]:
    """Return an operator's number: up to three digits as one number, longer ones in pairs like a telephone number."""
    return in_pairs(number, cardinal)


def agreeing(noun: str, number: int) -> str:
    """Return the noun's fragment in the form that follows the number: минута, минуты, минут.

    The rule of Unicode CLDR for Russian: one is 1, 21, 101 but not 11; few is 2 to 4, 22 to 24 but not 12 to 14.
    """
    if number % 10 == 1 and number % 100 != 11:
        return noun
    if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14):
        return f"{noun}-few"
    return f"{noun}-many"


def _below_thousand(number: int, gender: Gender) -> tuple[str, ...]:
    hundreds, rest = divmod(number, 100)
    tens = rest // 10 * 10 if rest >= 20 else 0
    units = rest - tens
    pieces: tuple[str, ...] = ()
    if hundreds:
        pieces += (f"n-{hundreds}00",)
    if tens:
        pieces += (f"n-{tens}",)
    if units or not pieces:
        pieces += (_unit(units, gender),)
    return pieces


def _unit(number: int, gender: Gender) -> str:
    if number == 1 and gender is not Gender.MASCULINE:
        return f"n-1-{gender}"
    if number == 2 and gender is Gender.FEMININE:
        return "n-2-f"
    return f"n-{number}"


def _genitive(number: int) -> tuple[str, ...]:
    return tuple(f"{piece}-g" for piece in _below_thousand(number, Gender.MASCULINE))


def _ordinal_below_thousand(number: int) -> tuple[str, ...]:
    pieces = _below_thousand(number, Gender.MASCULINE)
    return (*pieces[:-1], pieces[-1].replace("n-", "o-"))
