"""Numbers as people say them, in pieces: ids of fragments that Asterisk plays one after the other.

Asterisk says numbers in many languages but not in Kazakh (`main/say.c` has no `kk`), so all are composed here,
by the same rules as the texts: nothing is read from a table that the tests did not check word by word.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from config.settings import LANGUAGES
from speech.catalogue import catalogue, spoken
from speech.errors import NumberOutOfRangeError
from speech.gender import Gender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Language

HIGHEST = 9999
HIGHEST_SPAN = 60
"""Minutes: in a range the numbers are declined, and more of them are not told apart."""


class Grammar(Protocol):
    """What a language's own file knows; numbers are 0 to 9,999."""

    def cardinal(self, number: int, gender: Gender) -> tuple[str, ...]:
        """Return the pieces of "two" for something of that gender."""

    def ordinal(self, number: int) -> tuple[str, ...]:
        """Return the pieces of "second", said to a caller."""

    def minutes(self, number: int) -> tuple[str, ...]:
        """Return the pieces of "two minutes", in agreement."""

    def span(self, low: int, high: int) -> tuple[str, ...]:
        """Return the pieces of "two to five minutes", in the cases that the language asks for."""

    def digits(self, number: str) -> tuple[str, ...]:
        """Return the pieces of an operator's number, as people say it."""


@cache
def grammars() -> Mapping[Language, Grammar]:
    """Return what each language's own file, `numbers_<code>.py`, knows."""
    files = {language: import_module(f"speech.numbers_{language}") for language in LANGUAGES}
    return MappingProxyType({language: cast("Grammar", file) for language, file in files.items()})


def cardinal(number: int, language: Language, gender: Gender = Gender.MASCULINE) -> tuple[str, ...]:
    """Return "two" in pieces; only Russian has genders. Raises NumberOutOfRangeError."""
    return grammars()[language].cardinal(_sayable(number), gender)


def ordinal(number: int, language: Language) -> tuple[str, ...]:
    """Return "second" in pieces. Raises NumberOutOfRangeError."""
    return grammars()[language].ordinal(_sayable(number))


def minutes(number: int, language: Language) -> tuple[str, ...]:
    """Return "two minutes" in pieces, in agreement. Raises NumberOutOfRangeError."""
    return grammars()[language].minutes(_sayable(number))


def span(low: int, high: int, language: Language) -> tuple[str, ...]:
    """Return "two to five minutes" in pieces; `low` is 1 or more and below `high`. Raises NumberOutOfRangeError."""
    if not 1 <= low < high <= HIGHEST_SPAN:
        raise NumberOutOfRangeError(f"{low} to {high} minutes cannot be spoken: only 1 to {HIGHEST_SPAN}")
    return grammars()[language].span(low, high)


def digits(number: str, language: Language) -> tuple[str, ...]:
    """Return the pieces of an operator's number (digits only) as people say it: "сто один", "one oh one"."""
    return grammars()[language].digits(number)


def position(number: int, language: Language) -> tuple[str, ...]:
    """Return "you are second in line", the small numbers as one whole phrase. Raises NumberOutOfRangeError."""
    whole = f"position-{number}"
    if whole in catalogue(language):
        return (whole,)
    return ("position-before", *ordinal(number, language), "position-after")


def wait(number: int, language: Language) -> tuple[str, ...]:
    """Return "the wait is about two minutes", the small numbers as one whole phrase. Raises NumberOutOfRangeError."""
    whole = f"wait-{number}"
    if whole in catalogue(language):
        return (whole,)
    return ("wait-before", *minutes(number, language))


def key(pressed: str, language: Language) -> tuple[str, ...]:
    """Return the pieces of a telephone key's name: a digit, the star or the hash."""
    named = {"*": "key-star", "#": "key-hash"}.get(pressed)
    return (named,) if named else cardinal(int(pressed), language)


def words(pieces: tuple[str, ...], language: Language) -> str:
    """Return what the pieces say, as a line of text. Raises UnknownPromptError."""
    return spoken(pieces, language)


def _sayable(number: int) -> int:
    if not 0 <= number <= HIGHEST:
        raise NumberOutOfRangeError(f"{number} cannot be spoken: only 0 to {HIGHEST}")
    return number
