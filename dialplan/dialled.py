"""What an operator's phone may dial, literally, and patterns of operators' numbers that take no digit more."""

from __future__ import annotations

from config.settings import Settings
from dialplan import names

LONGEST = 79
"""Bytes that Asterisk keeps of what was dialled (`AST_MAX_EXTENSION`)."""
OPEN_BRACKETS = "(" * (LONGEST + 1)
"""Before what was dialled in a function: with fewer, `):0:4` in it would be an offset and a length of the function."""


def dialled_by_operators(settings: Settings) -> tuple[str, ...]:
    """Every number that `[operators]` answers: codes, groups, colleagues by name, the hotline itself."""
    return (
        names.READY_CODE,
        names.BREAK_CODE,
        *(f"{names.BREAK_CODE}{digit}" for digit in range(10)),
        names.LONGER_CODE,
        *(group.transfer_number for group in settings.groups),
        *(names.transfer_number(operator.number) for operator in settings.operators),
        *settings.hotline.numbers,
    )


def operator_patterns(settings: Settings) -> tuple[str, ...]:
    """Patterns that take an operator's number and nothing longer: `_XXX`, one for each length there is."""
    return tuple("_" + "X" * length for length in sorted({len(operator.number) for operator in settings.operators}))
