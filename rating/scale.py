"""The scale of rule 13, 1 to 5, and the keys that mean a score: whoever needs either has it from here."""

from __future__ import annotations

from typing import Final

LOWEST: Final = 1
HIGHEST: Final = 5
SCORES: Final = tuple(range(LOWEST, HIGHEST + 1))
WORDS: Final = f"{LOWEST}–{HIGHEST}"
"""The scale as people read it."""
KEYS: Final = "".join(map(str, SCORES))
"""The keys of a telephone that mean a score."""
PRESSED: Final = f"^[{LOWEST}-{HIGHEST}]$"
"""What was pressed and is a score, as a regular expression of POSIX, which Asterisk's REGEX() takes."""


def score_of(pressed: str) -> int | None:
    """Return the score for what was pressed; None for silence, another key or several keys.

    No rating is kept as such, never as a number.
    """
    return int(pressed) if len(pressed) == 1 and pressed in KEYS else None
