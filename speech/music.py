"""The hold music: a quiet waltz of our own, computed, so that no licence stands between a caller and a melody.

Every note rings out past the end of the piece into its beginning: it loops without a seam. The notes stay between
200 and 1,100 Hz, which a telephone carries whole, and nothing in it is sudden: a voice that interrupts stands out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from speech.files import write
from speech.sound import RATE_HZ, Samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEAT_S = 0.66
LEVEL_DB = -22.0  # softer than speech (-19 dBFS), so that an announcement needs no effort to hear

# A bar each: three beats, `-` holds the note, `.` rests.
MELODY = """
D5 - B4 | G4 - A4 | B4 - - | A4 - . | D5 - B4 | E5 - D5 | B4 - - | - . .
G4 - A4 | B4 - D5 | E5 - - | D5 - B4 | A4 - B4 | G4 - E4 | G4 - - | - . .
E5 - G5 | D5 - B4 | C5 - E5 | B4 - - | A4 - C5 | B4 - G4 | A4 - - | - . D5
"""
CHORDS = "G Em C D G C Em D  G Em C G Am Em G D  C G Am Em Am G D D"

_CHORD_NOTES = {
    "G": ("G3", "B3", "D4"),
    "C": ("G3", "C4", "E4"),
    "D": ("A3", "D4", "F#4"),
    "Em": ("G3", "B3", "E4"),
    "Am": ("A3", "C4", "E4"),
}
_SEMITONES = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}
_OVERTONES = (1.0, 0.32, 0.12, 0.05)  # of a mallet on wood: mostly the note itself


def hold_music() -> Samples:
    """Return the piece, 8 kHz: the same samples every time."""
    beat = round(BEAT_S * RATE_HZ)
    bars = CHORDS.split()
    piece = np.zeros(3 * len(bars) * beat)
    for at, note, beats in _melody():
        _ring(piece, at * beat, _struck(_hertz(note), BEAT_S * beats + 1.2, decay_s=0.9))
    for bar, chord in enumerate(bars):
        for number, note in enumerate(_CHORD_NOTES[chord]):
            # One note on each beat: the waltz's accompaniment, softer than the melody above it.
            _ring(piece, (3 * bar + number) * beat, 0.3 * _struck(_hertz(note), 2.4, decay_s=0.7))
    loudness = np.sqrt(np.mean(piece**2))
    levelled: Samples = piece * (10 ** (LEVEL_DB / 20) / loudness)
    return levelled


def write_hold_music(path: Path) -> None:
    """Write the piece as 8 kHz WAV."""
    write(path, hold_music())


def _melody() -> Iterator[tuple[int, str, int]]:
    """Yield each note with its first beat and its length in beats."""
    beats = MELODY.replace("|", " ").split()
    for at, name in enumerate(beats):
        if name in "-.":
            continue
        held = 1
        while at + held < len(beats) and beats[at + held] == "-":
            held += 1
        yield at, name, held


def _hertz(note: str) -> float:
    """Return the pitch of e.g. `F#4`, with A4 at 440 Hz."""
    semitones = _SEMITONES[note[0]] + ("#" in note) + 12 * (int(note[-1]) - 4)
    return float(440.0 * 2 ** (semitones / 12))


def _struck(hertz: float, seconds: float, decay_s: float) -> Samples:
    """Return a softly struck note that dies away; its overtones die sooner."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    note = np.zeros(len(at_s))
    for number, share in enumerate(_OVERTONES, start=1):
        note += share * np.sin(2 * np.pi * hertz * number * at_s) * np.exp(-at_s * number / decay_s)
    struck: Samples = note * np.minimum(1.0, at_s / 0.02) * np.minimum(1.0, (seconds - at_s) / 0.2)
    return struck


def _ring(piece: Samples, start: int, note: Samples) -> None:
    """Add the note to the piece; what lasts beyond the end sounds at the beginning."""
    at = (start + np.arange(len(note))) % len(piece)
    np.add.at(piece, at, note)
