"""How loud and how long the prompts are, and what is odd about one.

The level is that of the speech: the RMS of the frames that are heard, in dBFS. Pauses do not count, or a prompt with
a pause would be made louder than its neighbours. It is not LUFS, whose shortest block (400 ms) is longer than "one".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from speech.errors import SpeechError
from speech.files import read
from speech.sound import FRAME, RATE_HZ, Samples, heard_frames, speech_rms
from speech.sources import needed_prompts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from config.settings import Language, Settings
    from speech.sources import Sources

USUAL_DB = -19.0
"""Of the rendered prompts: what counts where a language has no other prompt."""
ODD_DB = 2.0
"""Further than this from the others a caller hears it; an import comes within one."""
_TOP = 1 - 2**-15
_FULL_SCALE, _FLAT_AT_FULL_SCALE_S = 0.999, 0.00002
_LOUD, _FLAT_S = 0.5, 0.0001
"""A wave that stays at its top for so long was cut off there, by the file's own end of scale or by a recorder's before
it. Below half of full scale a step of 16 bits is not small beside the sound, and every top looks flat."""
_STEADY_DB, _STEADY_S, _EDGE_FRAMES = 1.5, 0.3, 5
"""Between its edges the steadiest rendered prompt strays by 2.9 dB from frame to frame, noise by 0.7."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A prompt's sound in figures."""

    level_db: float
    """dBFS RMS of the speech; -inf of silence."""
    seconds: float
    clipped: int
    """How often the wave is cut off at its top."""
    steady: bool
    """Whether it is as loud all the time, as no speech is."""


def measured(samples: Samples, rate_hz: int = RATE_HZ) -> Measured:
    """Return a sound's figures; the level and whether it is steady only make sense at 8 kHz."""
    return Measured(decibels(speech_rms(samples)), len(samples) / rate_hz, flat_tops(samples, rate_hz), steady(samples))


def usual_level(settings: Settings, sources: Sources, language: Language, but: str = "") -> float:
    """Return the level of the language's prompts as they are played now, without one of them, in dBFS."""
    others = (one for one in needed_prompts(settings) if one.language == language and one.id != but)
    return usual(_level_of(path) for one in others if (path := sources.find(one)) is not None)


def usual(levels_db: Iterable[float]) -> float:
    """Return what most of them are near to: one that is far off moves nothing."""
    heard = [one for one in levels_db if one > -math.inf]
    return median(heard) if heard else USUAL_DB


def oddities(sound: Measured, usual_db: float) -> list[str]:
    """Say what a person should hear again."""
    said = []
    if sound.clipped:
        said.append(f"clipped in {sound.clipped} place{'s' * (sound.clipped > 1)}: it was recorded too loud")
    if sound.level_db == -math.inf:
        said.append("silent")
    elif abs(off_db := sound.level_db - usual_db) > ODD_DB:
        said.append(f"{abs(off_db):.1f} dB {'louder' if off_db > 0 else 'softer'} than the others")
    if sound.steady:
        said.append("as loud all the time: a tone or a noise, no speech?")
    return said


def flat_tops(samples: Samples, rate_hz: int) -> int:
    """Count the places where the wave was cut off, at full scale or where a recorder stopped it below."""
    count = 0
    for side in (samples, -samples):  # each with its own top: an offset shifts both
        if (top := float(np.max(side, initial=0.0))) > _LOUD:
            flat_s = _FLAT_AT_FULL_SCALE_S if top > _FULL_SCALE else _FLAT_S
            count += _runs(side > top * _TOP, max(3, math.ceil(flat_s * rate_hz)))
    return count


def steady(samples: Samples) -> bool:
    """Say whether the loudness of what is heard hardly changes."""
    heard = heard_frames(samples)
    frames = samples[: len(heard) * FRAME].reshape(-1, FRAME)[heard][_EDGE_FRAMES:-_EDGE_FRAMES]
    if len(frames) * FRAME < _STEADY_S * RATE_HZ:
        return False
    return bool(np.std(10 * np.log10(np.mean(frames**2, axis=1))) < _STEADY_DB)


def decibels(ratio: float) -> float:
    """Return an amplitude in dB of full scale; -inf of nothing."""
    return 20 * math.log10(ratio) if ratio > 0 else -math.inf


def _runs(at_top: NDArray[np.bool_], shortest: int) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], at_top.astype(np.int8), [0]))))
    return int(np.count_nonzero(edges[1::2] - edges[::2] >= shortest))


def _level_of(path: Path) -> float:
    try:
        return decibels(speech_rms(read(path)))
    except SpeechError:
        return -math.inf  # it is told where it is played
