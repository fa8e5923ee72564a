"""Two people on the telephone, as a raw recording holds them: the prompts' own voices, taking turns, after A-law."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Sides = npt.NDArray[np.int16]

RATE = 8000
_SOUNDS = Path(__file__).parents[1] / "speech" / "sounds"
_PAUSE = RATE // 2
_LINE_NOISE = 8.0  # an idle line reads about -66 dBFS once it went through A-law
_BLOCK_FRAMES = 60 * RATE


def speak(raw: Path, seconds: float, seed: int) -> None:
    """Write so long a raw recording, caller left and operator right; another seed begins elsewhere in the talk."""
    talk = _all_that_is_said()
    at = int(np.random.default_rng(seed).integers(len(talk)))
    left = round(seconds * RATE)
    with raw.open("wb") as file:
        while left > 0:
            portion = talk[at : at + min(left, _BLOCK_FRAMES)]
            file.write(portion.tobytes())
            left -= len(portion)
            at = (at + len(portion)) % len(talk)


@cache
def _all_that_is_said() -> Sides:
    """Every prompt in every language, about nine minutes: one side says one, then the other side the next."""
    chance, turns = np.random.default_rng(1414), []
    for number, path in enumerate(sorted(_SOUNDS.glob("*/*.wav"))):
        said, _ = soundfile.read(path, dtype="int16")
        turn = np.zeros((len(said) + _PAUSE, 2))
        turn[: len(said), number % 2] = said
        turns.append(_telephoned(turn + chance.normal(scale=_LINE_NOISE, size=turn.shape)))
    return np.concatenate(turns)


def _telephoned(sides: npt.NDArray[np.float64]) -> Sides:
    coded = io.BytesIO()
    soundfile.write(coded, np.clip(sides, -32768, 32767).astype(np.int16), RATE, format="RAW", subtype="ALAW")
    coded.seek(0)
    heard, _ = soundfile.read(coded, dtype="int16", samplerate=RATE, channels=2, format="RAW", subtype="ALAW")
    telephoned: Sides = heard.astype("<i2")
    return telephoned
