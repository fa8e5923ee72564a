"""Kazakh numbers: strictly decimal, nothing agrees, only the last word of an ordinal takes its ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speech.grouping import in_pairs

if TYPE_CHECKING:
    from speech.gender import Gender


def cardinal(number: int, gender: Gender | None = None) -> tuple[str, ...]:
    """Return "екі мың жиырма бір" in pieces; `gender` means nothing in Kazakh."""
    thousands, rest = divmod(number, 1000)
    pieces = (f"n-{thousands}", "n-1000") if thousands else ()
    return pieces + _below_thousand(rest) if rest or not thousands else pieces


def ordinal(number: int) -> tuple[str, ...]:
    """Return "жиырма бірінші" in pieces: cardinals, and the ending on the last word.

    A single thousand goes without its "one": мыңыншы, мың бірінші.
    """
    pieces = cardinal(number)
    if pieces[:2] == ("n-1", "n-1000"):
        pieces = pieces[1:]
    return (*pieces[:-1], pieces[-1].replace("n-", "o-"))


def minutes(number: int) -> tuple[str, ...]:
    """Return "екі минут": after a number the noun stays in the singular."""
    return (*cardinal(number), "minute")


def span(low: int, high: int) -> tuple[str, ...]:
    """Return "екіден бес минутқа дейін" in pieces, up to 60: the first number's last word and the noun take endings."""
    *head, last = cardinal(low)
    return (*head, f"{last}-from", *cardinal(high), "minute-until")


def digits(number: str) -> tuple[str, ...]:
    """Return an operator's number: up to three digits as one number, longer ones in pairs like a telephone number."""
    return in_pairs(number, cardinal)


def _below_thousand(number: int) -> tuple[str, ...]:
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    pieces: tuple[str, ...] = ()
    if hundreds > 1:
        pieces += (f"n-{hundreds}",)
    if hundreds:
        pieces += ("n-100",)
    if tens:
        pieces += (f"n-{tens}0",)
    if units or not pieces:
        pieces += (f"n-{units}",)
    return pieces
