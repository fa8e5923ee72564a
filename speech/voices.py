"""The synthesisers: which voice speaks which language, and how it is started."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from config.settings import LANGUAGES
from speech.catalogue import voice_of
from speech.errors import SynthesiserError
from speech.files import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Language
    from speech.sound import Samples

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthesiser's voice: its command reads the text from standard input and writes the WAV named `{out}`.

    The paces are in the synthesiser's own unit. Numbers are spoken slower than sentences: the key or the operator's
    number is what the caller has to catch.
    """

    name: str
    package: str
    command: tuple[str, ...]
    pace: int
    number_pace: int

    def say(self, words: str, pace: int) -> Samples:
        """Return the words spoken, 8 kHz. Raises SynthesiserError."""
        if shutil.which(self.command[0]) is None:
            raise SynthesiserError(f"{self.command[0]} is not installed (Debian packages: {self.package})")
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "speech.wav"
            command = [part.format(out=out, pace=pace) for part in self.command]
            done = subprocess.run(command, input=words.encode(), capture_output=True, timeout=_PATIENCE_S, check=False)
            if done.returncode or not out.exists():
                reason = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
                raise SynthesiserError(f"{self.name} could not speak {words!r}: {reason}")
            return read(out)


_SYNTHESISERS = {
    "RHVoice": ("RHVoice-test", "-o", "{out}", "-r", "{pace}", "-p"),
    "espeak-ng": ("espeak-ng", "--stdin", "-z", "-w", "{out}", "-s", "{pace}", "-v"),
}
"""How each is started; the voice's own name comes last."""


@cache
def voices() -> Mapping[Language, Voice]:
    """Return the voice of each language, as its catalogue names it."""
    return MappingProxyType({language: _voice(**voice_of(language)) for language in LANGUAGES})


def _voice(synthesiser: str, voice: str, package: str, pace: int, number_pace: int) -> Voice:
    return Voice(f"{synthesiser} {voice}", package, (*_SYNTHESISERS[synthesiser], voice), pace, number_pace)
