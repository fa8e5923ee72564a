"""Grammatical gender of what is counted."""

from __future__ import annotations

from enum import StrEnum


class Gender(StrEnum):
    """Gender, as Russian numerals agree with it: один звонок, одна минута, одно место."""

    MASCULINE = "m"
    FEMININE = "f"
    NEUTER = "n"
