"""Announcements to be heard before a caller hears them: named as a person names them, and put together in the same way.

A prompt's id (`hello`), a composed sound (`menu-first`, `operator-101`), or what is said of the line with its numbers:
`position=12`, `wait=3`, `wait=2-5`.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import TYPE_CHECKING

import soundfile

from speech.catalogue import catalogue
from speech.compose import composed
from speech.errors import UnknownPromptError
from speech.expectation import wait_range
from speech.files import read
from speech.numbers import position
from speech.scripts import Line, Script, scripts
from speech.segments import in_a_row
from speech.sound import RATE_HZ, Samples
from speech.sources import Prompt, meant, needed_prompts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Language, Settings
    from speech.sources import Sources

_NUMBERED = re.compile(r"(?P<what>position|wait)=(?P<low>[0-9]{1,4})(?:-(?P<high>[0-9]{1,4}))?")


def script_of(settings: Settings, language: Language, name: str) -> Script:
    """Return what is said for the name. Raises UnknownPromptError, NumberOutOfRangeError."""
    if match := _NUMBERED.fullmatch(name):
        low, high = int(match["low"]), int(match["high"] or match["low"])
        if match["what"] == "wait" and low <= high:
            return (_pieces(language, wait_range(low, high, language)),)
        if match["what"] == "position" and low and not match["high"]:
            return (_pieces(language, position(low, language)),)
        raise UnknownPromptError(f"{name}: say position=12, wait=3 or wait=2-5")
    made = scripts(settings, language)
    ids = [one.id for one in needed_prompts(settings) if one.language == language]
    if name in made or name in ids:
        return made.get(name, (_pieces(language, (name,)),))
    raise UnknownPromptError(f"{language}: nothing called {name!r} is ever said{meant(name, [*made, *ids])}")


def heard(said: Sequence[Script], sources: Sources) -> Samples:
    """Return the announcements one after the other as they come out of a telephone: through A-law, the line's coding.

    Raises MissingPromptError, UnreadableSoundError.
    """

    @cache
    def sound(prompt: Prompt) -> Samples:
        return read(sources.path(prompt))

    return _over_the_line(in_a_row(composed(script, sound)[0] for script in said))


def words(said: Sequence[Script]) -> str:
    """Return what is said, as far as there is a text of it."""
    prompts = [piece for script in said for line in script for piece in line.pieces if isinstance(piece, Prompt)]
    return " ".join(catalogue(one.language).get(one.id, f"[{one.id}]").rstrip(".:!") for one in prompts)


def _pieces(language: Language, ids: Sequence[str]) -> Line:
    return Line(tuple(Prompt(language, one) for one in ids), inner_gap_s=0.0)


def _over_the_line(samples: Samples) -> Samples:
    line = io.BytesIO()
    soundfile.write(line, samples, RATE_HZ, format="WAV", subtype="ALAW")
    line.seek(0)
    received: Samples = soundfile.read(line, dtype="float64")[0]
    return received
