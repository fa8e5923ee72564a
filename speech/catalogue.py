"""The texts of everything that is spoken, per language: `catalogues/<language>.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from speech.errors import UnknownPromptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Language

_FOLDER = Path(__file__).parent / "catalogues"
_LANGUAGE, _VOICE = "language", "voice"
"""Sections of a catalogue that are not spoken."""


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return id -> text of every prompt and fragment of the language, in the order of the file.

    The sections of the file (prompts, waiting, numbers) only order it for its reader: ids are unique in a language.
    """
    texts = (section for name, section in _file(language).items() if name not in (_LANGUAGE, _VOICE))
    return MappingProxyType({key: text for section in texts for key, text in section.items()})


def name_of(language: Language) -> str:
    """Return the language's name in English."""
    return str(_file(language)[_LANGUAGE]["name"])


def voice_of(language: Language) -> Mapping[str, Any]:
    """Return what the catalogue says of the language's voice (`speech.voices`)."""
    return MappingProxyType(_file(language)[_VOICE])


def text(prompt: str, language: Language) -> str:
    """Return what is spoken for the id. Raises UnknownPromptError."""
    try:
        return catalogue(language)[prompt]
    except KeyError:
        raise UnknownPromptError(f'{language}: no prompt called "{prompt}" in the catalogue') from None


def spoken(prompts: tuple[str, ...], language: Language) -> str:
    """Return the words that a row of fragments says, without the punctuation that only guides a synthesiser."""
    return " ".join(text(prompt, language).rstrip(".:!") for prompt in prompts)


@cache
def _file(language: Language) -> dict[str, dict[str, Any]]:
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
