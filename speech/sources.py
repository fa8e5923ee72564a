"""Where the sound of each prompt comes from: a studio recording wins over the rendered one."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from speech.catalogue import catalogue
from speech.errors import MissingPromptError, UnknownLanguageError, UnknownPromptError
from speech.render import SOUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Language, Settings

_HOLD_MUSIC = Path("music", "hold.wav")
_PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, order=True)
class Prompt:
    """A prompt or fragment in one language."""

    language: Language
    id: str

    def __str__(self) -> str:
        """As it is named to a person: `kk/hello`."""
        return f"{self.language}/{self.id}"


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder of studio recordings and the folder of rendered sounds, both `<language>/<id>.wav`."""

    studio: Path
    rendered: Path = SOUNDS

    def find(self, prompt: Prompt) -> Path | None:
        """Return the file to play for the prompt, or None if there is none."""
        return next((path for path in (self.studio_path(prompt), self._rendered(prompt)) if path.is_file()), None)

    def path(self, prompt: Prompt) -> Path:
        """Return the file to play for the prompt. Raises MissingPromptError."""
        found = self.find(prompt)
        if found is None:
            raise MissingPromptError(
                f"{prompt.language}: no sound for the prompt {prompt.id!r}: neither {self.studio_path(prompt)} "
                f"nor {self._rendered(prompt)} (`bailanys prompts build` renders what is in the catalogue)"
            )
        return found

    def music(self) -> Path:
        """Return the hold music: the centre's own `music/hold.wav` in the studio folder, or ours.

        Raises MissingPromptError.
        """
        for path in (self.studio / _HOLD_MUSIC, self.rendered / _HOLD_MUSIC):
            if path.is_file():
                return path
        raise MissingPromptError(f"no hold music: {self.rendered / _HOLD_MUSIC} is gone")

    def is_studio(self, prompt: Prompt) -> bool:
        """Say whether a studio recording is played for the prompt."""
        return self.studio_path(prompt).is_file()

    def studio_path(self, prompt: Prompt) -> Path:
        """Return where a studio recording of the prompt lies, or would."""
        return self.studio / prompt.language / f"{prompt.id}.wav"

    def _rendered(self, prompt: Prompt) -> Path:
        return self.rendered / prompt.language / f"{prompt.id}.wav"


def sources_of(settings: Settings) -> Sources:
    """Return the settings' sources; a relative override folder is under the project's, wherever a command is given."""
    return Sources(studio=_PROJECT / settings.speech.override_dir)


def needed_prompts(settings: Settings) -> tuple[Prompt, ...]:
    """Return every prompt the configured languages need: the whole catalogue and what the menu names."""
    named = [choice.prompt for choice in settings.menu.choices]
    return tuple(
        Prompt(language, key)
        for language in settings.hotline.languages
        for key in dict.fromkeys([*catalogue(language), *named])
    )


def missing_prompts(settings: Settings, sources: Sources | None = None) -> tuple[Prompt, ...]:
    """Return the prompts that are needed and have no sound at all: for `bailanys check`."""
    there = sources or sources_of(settings)
    return tuple(prompt for prompt in needed_prompts(settings) if there.find(prompt) is None)


def synthetic_prompts(settings: Settings, sources: Sources | None = None) -> tuple[Prompt, ...]:
    """Return the prompts that a synthesiser still speaks, for want of a studio recording."""
    there = sources or sources_of(settings)
    return tuple(
        prompt for prompt in needed_prompts(settings) if there.find(prompt) is not None and not there.is_studio(prompt)
    )


def spoken_language(settings: Settings, language: str) -> Language:
    """Return the language if callers can choose it. Raises UnknownLanguageError."""
    for one in settings.hotline.languages:
        if one == language:
            return one
    raise UnknownLanguageError(f"{language}: callers are spoken to in {', '.join(settings.hotline.languages)}")


def known_prompt(settings: Settings, language: Language, prompt: str) -> Prompt:
    """Return the prompt if a caller can ever hear it. Raises UnknownPromptError."""
    ids = [one.id for one in needed_prompts(settings) if one.language == language]
    if prompt not in ids:
        raise UnknownPromptError(f"{language}: no prompt called {prompt!r}{meant(prompt, ids)}")
    return Prompt(language, prompt)


def meant(name: str, known: Sequence[str]) -> str:
    """Return the rest of a line that says that there is nothing of that name."""
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else "; `bailanys prompts list` shows them all"
