"""Lays out the sounds that Asterisk reads at run time.

`<out>/<language>/bailanys/<id>.wav` are all prompts and fragments, and the composed sounds of `scripts.py`, put
together here once so that no call waits for it; `<out>/music/hold.wav` is the hold music.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

from speech.files import is_telephone_wav, read, write
from speech.scripts import GAP_S, Tone, scripts
from speech.sound import RATE_HZ, Samples, joined, silence, tone
from speech.sources import Prompt, Sources, needed_prompts, sources_of
from speech.timing import Spoken, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from config.settings import Language, Settings
    from speech.scripts import Script

SUBFOLDER = "bailanys"  # sounds are played as `bailanys/<id>`, so that ours never hide Asterisk's own
MUSIC_SUBFOLDER = "music"
_MUSIC = f"{MUSIC_SUBFOLDER}/hold.wav"
RECEIPT = "spoken.json"
"""Tells that sounds were laid out in the folder, and of what."""
_FORM = 1  # of the composed sounds: raise it when they change with the same inputs


def install_sounds(settings: Settings, out: Path, sources: Sources | None = None) -> Spoken:
    """Lay out the sounds under `out` and return the timings of the composed ones.

    Does nothing when no input changed. Raises MissingPromptError and UnreadableSoundError, which name the prompt or
    file; then the sounds that were there before still are.
    """
    there = sources or sources_of(settings)
    inputs = {_file(prompt.language, prompt.id): there.path(prompt) for prompt in needed_prompts(settings)}
    inputs[_MUSIC] = there.music()
    by_language = {language: scripts(settings, language) for language in settings.hotline.languages}
    digest = _digest(inputs, settings.hotline.default_language, by_language)
    files = inputs.keys() | {_file(language, name) for language, named in by_language.items() for name in named}
    before = _receipt(out)
    if before is not None and before["inputs"] == digest and all((out / name).is_file() for name in files):
        return Spoken.from_json(before["spoken"])
    # All that can fail for the sounds' own sake comes first: nothing is laid out from half a set.
    foreign = {name: read(path) for name, path in inputs.items() if not is_telephone_wav(path)}
    made, spoken = _composed_sounds(by_language, inputs, settings.hotline.default_language)
    for name, path in inputs.items():
        if name not in foreign:
            _share(path, out / name)
    for name, samples in {**foreign, **made}.items():
        write(out / name, samples)
    for path in out.glob(f"*/{SUBFOLDER}/*.wav"):
        if path.relative_to(out).as_posix() not in files:
            path.unlink()  # of an operator or a prompt that is no more
    (out / RECEIPT).write_text(json.dumps({"inputs": digest, "spoken": spoken.to_json()}), encoding="utf-8")
    return spoken


def composed(script: Script, sound: Callable[[Prompt], Samples]) -> tuple[Samples, dict[str, float]]:
    """Return the script's audio, and at which second each of its options has been said."""
    parts: list[Samples] = []
    ends_s: dict[str, float] = {}
    for line in script:
        for number, piece in enumerate(line.pieces):
            if parts:
                parts.append(silence(line.inner_gap_s if number else GAP_S))
            parts.append(tone(piece.hertz, piece.seconds, piece.level_db) if isinstance(piece, Tone) else sound(piece))
        if line.option is not None:
            ends_s[line.option] = _seconds(sum(map(len, parts)))
    return joined(parts), ends_s


def _composed_sounds(
    by_language: Mapping[Language, Mapping[str, Script]], inputs: Mapping[str, Path], default: Language
) -> tuple[dict[str, Samples], Spoken]:
    @cache
    def sound(prompt: Prompt) -> Samples:
        return read(inputs[_file(prompt.language, prompt.id)])

    files: dict[str, Samples] = {}
    timings: dict[Language, Timing] = {}
    for language, named in by_language.items():
        made = {name: composed(script, sound) for name, script in named.items()}
        files |= {_file(language, name): samples for name, (samples, _) in made.items()}
        timings[language] = Timing(
            seconds={name: _seconds(len(samples)) for name, (samples, _) in made.items()},
            option_ends_s={name: ends_s for name, (_, ends_s) in made.items() if ends_s},
        )
    return files, Spoken(default, timings)


def _file(language: Language, name: str) -> str:
    return f"{language}/{SUBFOLDER}/{name}.wav"


def _share(source: Path, target: Path) -> None:
    """Put the file there by a hard link; copy it where the file system or its owner does not allow that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        draft.hardlink_to(source.resolve())
    except OSError:
        shutil.copyfile(source, draft)
    draft.replace(target)
    draft.unlink(missing_ok=True)  # renaming a link onto another link of the same file leaves both


def _digest(inputs: Mapping[str, Path], default: Language, by_language: Mapping[Language, Mapping[str, Script]]) -> str:
    stats = [(name, str(path), path.stat().st_size, path.stat().st_mtime_ns) for name, path in inputs.items()]
    return hashlib.sha256(repr((_FORM, default, by_language, stats)).encode()).hexdigest()


def _receipt(out: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((out / RECEIPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # never installed, or cut short: lay out anew
    return found if found.keys() >= {"inputs", "spoken"} else None


def _seconds(samples: int) -> float:
    return round(samples / RATE_HZ, 3)
