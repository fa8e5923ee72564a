"""What the menu asks a line to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speak:
    """From now on the line speaks this language."""

    language: str


@dataclass(frozen=True, slots=True)
class Play:
    """Play a sound; any key ends it, and with it all that was still to be played."""

    sound: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Log a step; `detail` never holds the key that was pressed."""

    step: str
    detail: str = ""


Effect = Speak | Play | Tell
