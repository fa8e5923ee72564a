"""Cutting, fading and joining by pydub: the only module that knows it, since it complains while it is imported.

Sounds go in and out as arrays of 8 kHz, so that none of pydub's ways to files, which need ffmpeg, is ever taken.
Its change of rate is not used either: it interpolates without a filter, and what a telephone cannot carry folds back
(a tone of 7 kHz at 48 kHz comes out as one of 1 kHz, as loud as it was; `speech.sound.resample` leaves nothing of it).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from speech.sound import AUDIBLE_DB, RATE_HZ, Samples

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Couldn't find ffmpeg", RuntimeWarning)
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)  # audioop-lts from 3.13 on
    warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
    warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning)  # what Python 3.12 calls it
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence
    from pydub.utils import make_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK_MS = 10
_PER_MS = RATE_HZ // 1000
_WIDTH = 4
"""Bytes of a sample: with two a quiet recording would be coarse before it is made louder."""
_FULL = 2**31 - 1


def cut(samples: Samples, margin_s: float = 0.03) -> Samples:
    """Return the samples without the silence at both ends, with a margin before and after that is not cut into.

    Silence is what stays 40 dB below the loudest 10 ms; nothing is left where there is nothing else.
    """
    sound, margin = _segment(samples), round(margin_s * 1000)
    loudest = max((chunk.dBFS for chunk in make_chunks(sound, _CHUNK_MS)), default=-np.inf)
    if loudest == -np.inf:
        return samples[:0]
    before = detect_leading_silence(sound, loudest + AUDIBLE_DB, _CHUNK_MS)
    after = detect_leading_silence(sound.reverse(), loudest + AUDIBLE_DB, _CHUNK_MS)
    rest = AudioSegment.silent(margin, RATE_HZ)
    padded = rest + sound + rest
    return _samples(padded[before : len(padded) - after])


def fade(samples: Samples, in_s: float, out_s: float) -> Samples:
    """Return the samples softened at their beginning and end, so that nothing clicks where sounds meet."""
    sound = _segment(samples)
    return _samples(sound.fade_in(round(in_s * 1000)).fade_out(round(out_s * 1000)))


def in_a_row(sounds: Iterable[Samples]) -> Samples:
    """Return the sounds one right after the other, as Asterisk plays a list of files."""
    whole = AudioSegment.empty()  # takes on rate and width of what is appended
    for sound in sounds:
        whole = whole.append(_segment(sound), crossfade=0)
    return _samples(whole)


def _segment(samples: Samples) -> AudioSegment:
    """Whole milliseconds, by which pydub cuts: what is left of the last one is filled with silence."""
    whole = np.pad(np.clip(samples, -1.0, 1.0), (0, -len(samples) % _PER_MS))
    data = np.round(whole * _FULL).astype("<i4").tobytes()
    return AudioSegment(data=data, sample_width=_WIDTH, frame_rate=RATE_HZ, channels=1)


def _samples(sound: AudioSegment) -> Samples:
    return np.frombuffer(sound.raw_data, dtype="<i4").astype(np.float64) / _FULL
