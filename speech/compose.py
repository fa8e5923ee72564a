"""Lays out the sounds that Asterisk reads at run time: `<out>/<language>/bailanys/<id>.wav`.

All prompts and fragments, and the composed sounds of `scripts.py`, put together here once so that no call waits for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
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
_FORM = 1  # of the composed sounds: raise it when they change with the same inputs


def install_sounds(settings: Settings, out: Path, sources: Sources | None = None) -> Spoken:
    """Lay out the sounds under `out` and return the timings of the composed ones.

    Does nothing when no input changed. Raises MissingPromptError and UnreadableSoundError, which name the prompt or
    file; then the sounds that were there before still are.
    """
    there = sources or sources_of(settings)
    inputs = {prompt: there.path(prompt) for prompt in needed_prompts(settings)}
    receipt = out / "spoken.json"
    names = {language: scripts(settings, language) for language in settings.hotline.languages}
    files = {f"{p.language}/{SUBFOLDER}/{p.id}.wav" for p in inputs} | {
        f"{language}/{SUBFOLDER}/{name}.wav" for language, named in names.items() for name in named
    }
    digest = _digest(names, inputs, settings.hotline.default_language)
    before = _receipt(receipt)
    if before is not None and before["inputs"] == digest and all((out / name).is_file() for name in files):
        return Spoken.from_json(before["spoken"])
    spoken = _lay_out(names, inputs, out, settings.hotline.default_language)
    _install_music(there.rendered / "music" / "hold.wav", out / MUSIC_SUBFOLDER / "hold.wav")
    _drop_others(out, files)
    receipt.write_text(json.dumps({"inputs": digest, "spoken": spoken.to_json()}), encoding="utf-8")
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


def _lay_out(
    names: Mapping[Language, Mapping[str, Script]], inputs: Mapping[Prompt, Path], out: Path, default: Language
) -> Spoken:
    read_already: dict[Prompt, Samples] = {}

    def sound(prompt: Prompt) -> Samples:
        if prompt not in read_already:
            read_already[prompt] = read(inputs[prompt])
        return read_already[prompt]

    for prompt, path in inputs.items():
        target = out / prompt.language / SUBFOLDER / f"{prompt.id}.wav"
        if is_telephone_wav(path):
            _place(path, target)
        else:
            write(target, sound(prompt))
    timings: dict[Language, Timing] = {}
    for language, named in names.items():
        made = {name: composed(script, sound) for name, script in named.items()}
        for name, (samples, _) in made.items():
            write(out / language / SUBFOLDER / f"{name}.wav", samples)
        timings[language] = Timing(
            seconds={name: _seconds(len(samples)) for name, (samples, _) in made.items()},
            option_ends_s={name: ends_s for name, (_, ends_s) in made.items() if ends_s},
        )
    return Spoken(default, timings)


def _place(source: Path, target: Path) -> None:
    """Share the file by a hard link; copy it where the file system or its owner does not allow that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        draft.hardlink_to(source.resolve())
    except OSError:
        shutil.copyfile(source, draft)
    draft.replace(target)
    draft.unlink(missing_ok=True)  # renaming a link onto another link of the same file leaves both


def _install_music(source: Path, target: Path) -> None:
    if source.is_file():
        _place(source, target)


def _drop_others(out: Path, files: set[str]) -> None:
    """Remove the sounds of operators and prompts that are no more."""
    for path in out.glob(f"*/{SUBFOLDER}/*.wav"):
        if path.relative_to(out).as_posix() not in files:
            path.unlink()


def _digest(names: Mapping[Language, Mapping[str, Script]], inputs: Mapping[Prompt, Path], default: Language) -> str:
    stats = [(str(prompt), str(path), path.stat().st_size, path.stat().st_mtime_ns) for prompt, path in inputs.items()]
    return hashlib.sha256(repr((_FORM, default, names, stats)).encode()).hexdigest()


def _receipt(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # never installed, or cut short: lay out anew
    return found if found.keys() >= {"inputs", "spoken"} else None


def _seconds(samples: int) -> float:
    return round(samples / RATE_HZ, 3)
