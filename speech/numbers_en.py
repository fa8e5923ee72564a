"""English numbers, with the British "and" before the last two digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speech.gender import Gender


def cardinal(number: int, gender: Gender | None = None) -> tuple[str, ...]:
    """Return "two thousand and twenty-one" in pieces; `gender` means nothing in English."""
    thousands, below = divmod(number, 1000)
    hundreds, rest = divmod(below, 100)
    pieces: tuple[str, ...] = ()
    if thousands:
        pieces += (f"n-{thousands}", "n-1000")
    if hundreds:
        pieces += (f"n-{hundreds}", "n-100")
    if pieces and rest:
        pieces += ("n-and",)
    return pieces + _below_hundred(rest) if rest or not pieces else pieces


def ordinal(number: int) -> tuple[str, ...]:
    """Return "twenty-first" in pieces: the last word is the ordinal."""
    pieces = cardinal(number)
    return (*pieces[:-1], pieces[-1].replace("n-", "o-"))


def minutes(number: int) -> tuple[str, ...]:
    """Return "one minute", "two minutes" in pieces."""
    return (*cardinal(number), "minute" if number == 1 else "minute-many")


def span(low: int, high: int) -> tuple[str, ...]:
    """Return "two to five minutes" in pieces."""
    return (*cardinal(low), "n-to", *minutes(high))


def digits(number: str) -> tuple[str, ...]:
    """Return an operator's number digit by digit with "oh" for nought; a round hundred is said as such."""
    if len(number) == 3 and number.endswith("00") and number[0] != "0":
        return cardinal(int(number))
    return tuple("n-oh" if digit == "0" else f"n-{digit}" for digit in number)


def _below_hundred(number: int) -> tuple[str, ...]:
    if number < 20:
        return (f"n-{number}",)
    tens, units = divmod(number, 10)
    return (f"n-{tens}0", f"n-{units}") if units else (f"n-{tens}0",)
