"""The texts of everything that is spoken, per language: `catalogues/<language>.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from config.settings import Language
from speech.errors import UnknownPromptError

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: tuple[Language, ...] = get_args(Language)
_FOLDER = Path(__file__).parent / "catalogues"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return id -> text of every prompt and fragment of the language, in the order of the file.

    The sections of the file (prompts, waiting, numbers) only order it for its reader: ids are unique in a language.
    """
    sections: dict[str, dict[str, str]] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return MappingProxyType({key: text for section in sections.values() for key, text in section.items()})


def text(prompt: str, language: Language) -> str:
    """Return what is spoken for the id. Raises UnknownPromptError."""
    try:
        return catalogue(language)[prompt]
    except KeyError:
        raise UnknownPromptError(f'{language}: no prompt called "{prompt}" in the catalogue') from None


def spoken(prompts: tuple[str, ...], language: Language) -> str:
    """Return the words that a row of fragments says, without the punctuation that only guides a synthesiser."""
    return " ".join(text(prompt, language).rstrip(".:!") for prompt in prompts)
