"""How long the composed sounds are, and when each option has been said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Language


@dataclass(frozen=True, slots=True)
class Timing:
    """The composed sounds of one language.

    `seconds` is the length of each by name; `option_ends_s[name][key]` the instant after its start at which the option
    of that key has been said.
    """

    seconds: Mapping[str, float]
    option_ends_s: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Spoken:
    """The timings of all languages; `seconds` and `option_ends_s` are those of the default language."""

    default_language: Language
    languages: Mapping[Language, Timing]

    @property
    def seconds(self) -> Mapping[str, float]:
        """Length of each composed sound, seconds."""
        return self.languages[self.default_language].seconds

    @property
    def option_ends_s(self) -> Mapping[str, Mapping[str, float]]:
        """When each option has been said, seconds from the start of its sound."""
        return self.languages[self.default_language].option_ends_s

    def to_json(self) -> dict[str, Any]:
        """Return a form that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Spoken:
        """Return what `to_json` gave."""
        languages = {language: Timing(**timing) for language, timing in document["languages"].items()}
        return cls(document["default_language"], languages)
