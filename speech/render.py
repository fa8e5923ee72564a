"""`bailanys prompts build`: renders the catalogues to `sounds/<language>/<id>.wav`, only what changed.

The rendered sounds are part of the source, so that a new machine needs no synthesiser. `sounds/manifest.json` holds
for every sound the digest of the text and voice it was made from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import LANGUAGES
from speech.catalogue import catalogue
from speech.errors import SynthesiserError
from speech.files import write
from speech.sound import level, tighten, trim, without_rumble
from speech.voices import voices as all_voices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from config.settings import Language
    from speech.sound import Samples
    from speech.voices import Voice

_NUMBERS = ("n-", "o-", "key-")
SOUNDS = Path(__file__).parent / "sounds"
_FINISH = (
    "no rumble, trim 30 ms, tighten 100 ms, level -19 dBFS, peak -3 dBFS"  # part of every digest: a change renders anew
)


@dataclass(frozen=True, slots=True)
class Sound:
    """A prompt as it is to be rendered; `digest` names text, voice, pace and finish."""

    language: Language
    prompt: str
    text: str
    pace: int
    digest: str

    @property
    def name(self) -> str:
        """Where it lies in the folder of sounds, e.g. `kk/hello.wav`."""
        return f"{self.language}/{self.prompt}.wav"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One step of the work: the sound just made, and how far it brings us."""

    sound: Sound
    done: int
    of: int

    def __str__(self) -> str:
        """As a progress bar shows it: `kk/hello.wav`."""
        return self.sound.name


def wanted(voices: Mapping[Language, Voice] | None = None) -> tuple[Sound, ...]:
    """Return every sound of every catalogue."""
    spoken_by = voices or all_voices()
    return tuple(
        _sound(language, prompt, text, spoken_by[language])
        for language in LANGUAGES
        for prompt, text in catalogue(language).items()
    )


def changed(folder: Path = SOUNDS, voices: Mapping[Language, Voice] | None = None) -> tuple[Sound, ...]:
    """Return the sounds that have no file yet, or whose text or voice is no longer the one they were made from."""
    made = _manifest(folder)
    return tuple(
        sound for sound in wanted(voices) if made.get(sound.name) != sound.digest or not (folder / sound.name).is_file()
    )


def stale(folder: Path = SOUNDS) -> tuple[Path, ...]:
    """Return rendered files that no catalogue names any more."""
    known = {folder / sound.name for sound in wanted()}
    return tuple(
        sorted(path for language in LANGUAGES for path in (folder / language).glob("*.wav") if path not in known)
    )


def render(folder: Path = SOUNDS, voices: Mapping[Language, Voice] | None = None) -> Iterator[Rendered]:
    """Render what changed, one sound at each step, and drop what is stale. Raises SynthesiserError.

    Stopped half-way it goes on from there the next time.
    """
    todo, spoken_by = changed(folder, voices), voices or all_voices()
    made = _manifest(folder)
    try:
        for done, sound in enumerate(todo, start=1):
            write(folder / sound.name, finished(spoken_by[sound.language].say(sound.text, sound.pace), sound))
            made[sound.name] = sound.digest
            yield Rendered(sound, done, len(todo))
    finally:
        if todo:
            _remember(folder, made)
    for path in stale(folder):
        path.unlink()
    if made.keys() - {sound.name for sound in wanted(voices)}:
        _remember(folder, made)


def finished(samples: Samples, sound: Sound) -> Samples:
    """Return a synthesiser's output as callers are to hear it. Raises SynthesiserError if it holds no speech."""
    speech = level(trim(tighten(without_rumble(samples))))
    if not len(speech):
        raise SynthesiserError(f"{sound.language}: the voice says nothing for {sound.prompt} ({sound.text!r})")
    return speech


def _sound(language: Language, prompt: str, text: str, voice: Voice) -> Sound:
    pace = voice.number_pace if prompt.startswith(_NUMBERS) else voice.pace
    digest = hashlib.sha256("\n".join((text, *voice.command, str(pace), _FINISH)).encode()).hexdigest()[:16]
    return Sound(language, prompt, text, pace, digest)


def _manifest(folder: Path) -> dict[str, str]:
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    made: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return made


def _remember(folder: Path, made: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {sound.name: made[sound.name] for sound in wanted() if sound.name in made}
    (folder / "manifest.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
