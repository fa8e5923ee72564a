"""How Kazakh and Russian group the digits of a number that is a name, not a quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_pairs(number: str, cardinal: Callable[[int], tuple[str, ...]]) -> tuple[str, ...]:
    """Return the pieces of the digits: up to three as one number, longer ones in pairs from the right.

    A nought in front is said by itself: 07 is "нөл жеті", 00 "нөл нөл".
    """
    if len(number) <= 3:
        groups = [number]
    else:
        odd = len(number) % 2
        groups = [number[:odd]] if odd else []
        groups += [number[at : at + 2] for at in range(odd, len(number), 2)]
    pieces: tuple[str, ...] = ()
    for group in groups:
        significant = group.lstrip("0")
        pieces += cardinal(0) * (len(group) - len(significant))
        if significant:
            pieces += cardinal(int(significant))
    return pieces
