"""What the composed sounds say, as lines of pieces: the greeting, the menu, the operators' numbers, the whispers.

Each is one file, so that one STREAM FILE plays it and a key cuts it short at any point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from speech.numbers import digits, key
from speech.sources import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Language, Settings

GAP_S = 0.06  # between two things said; with the margins of both the ear hears 120 ms
KEY_GAP_S = 0.02  # between an option and its key, which belong together


@dataclass(frozen=True, slots=True)
class Tone:
    """A soft sign for the operator's ear that a call is about to start."""

    hertz: float = 660.0
    seconds: float = 0.12
    level_db: float = -26.0


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces said in one breath after a gap; with `option`, it offers that key and the caller may press it now."""

    pieces: tuple[Prompt | Tone, ...]
    option: str | None = None
    inner_gap_s: float = GAP_S


Script = tuple[Line, ...]


def scripts(settings: Settings, language: Language) -> dict[str, Script]:
    """Return the script of every composed sound for callers of that language, by its name."""
    hello = _say(settings.hotline.default_language, "hello")
    recorded = _say(language, "recorded")
    languages = tuple(_languages(settings))
    choices = tuple(_choices(settings, language))
    change = _option(language, "change-language", settings.menu.change_language_key)
    return {
        "welcome": (hello, *languages),
        "choose-language": languages,
        "menu-first": (recorded, *choices),
        "menu": choices,
        "menu-known": (_say(language, "hello-again"), recorded, *choices, change),
        **{f"operator-{each.number}": _operator(language, each.number) for each in settings.operators},
        **{f"whisper-{each.name}": _whisper(settings, language, each.name) for each in settings.groups},
    }


def _languages(settings: Settings) -> Iterator[Line]:
    """Each language names itself, since who waits for one may not know the others."""
    for number, language in enumerate(settings.hotline.languages, start=1):
        yield _option(language, "language", str(number))


def _choices(settings: Settings, language: Language) -> Iterator[Line]:
    for choice in settings.menu.choices:
        yield _option(language, choice.prompt, choice.key)


def _operator(language: Language, number: str) -> Script:
    named = tuple(Prompt(language, piece) for piece in digits(number, language))
    return (_say(language, "operator"), Line(named, inner_gap_s=0.0))


def _whisper(settings: Settings, language: Language, group: str) -> Script:
    named = next((choice.prompt for choice in settings.menu.choices if choice.group == group), None)
    return (Line((Tone(),)), _say(language, named)) if named else (Line((Tone(),)),)


def _say(language: Language, prompt: str) -> Line:
    return Line((Prompt(language, prompt),))


def _option(language: Language, prompt: str, pressed: str) -> Line:
    named = (Prompt(language, piece) for piece in key(pressed, language))
    return Line((Prompt(language, prompt), *named), option=pressed, inner_gap_s=KEY_GAP_S)
