"""The synthesisers: which voice speaks which language, and how it is started."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from speech.errors import SynthesiserError
from speech.files import read

if TYPE_CHECKING:
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


_RHVOICE = ("RHVoice-test", "-o", "{out}", "-r", "{pace}", "-p")
_ESPEAK = ("espeak-ng", "--stdin", "-z", "-w", "{out}", "-s", "{pace}", "-v")

VOICES: dict[Language, Voice] = {
    # Robotic, but the right phonemes; a placeholder until a speaker records the Kazakh prompts in a studio.
    "kk": Voice("espeak-ng kk", "espeak-ng", (*_ESPEAK, "kk"), pace=195, number_pace=130),
    "ru": Voice(
        "RHVoice aleksandr-hq",
        "rhvoice and rhvoice-russian, in non-free",
        (*_RHVOICE, "aleksandr-hq"),
        pace=125,
        number_pace=105,
    ),
    "en": Voice(
        "RHVoice bdl", "rhvoice and rhvoice-english, in non-free", (*_RHVOICE, "bdl"), pace=120, number_pace=105
    ),
}
