"""The caller asks to be called back: the number is said back and confirmed, or entered. Reads as the call goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from calls.phone import caller_key
from speech.numbers import cardinal

if TYPE_CHECKING:
    from calls.ports import CallerLine
    from config.settings import Language

TRIES = 3
LONGEST = 16
OWN_KEY = 12
"""A plus and the eleven digits of a number that begins with 7."""
KEY_S = 5.0
DIGITS = "0123456789"


def dialable(raw: str, prefixes: Iterable[str]) -> str | None:
    """The digits to dial for a number in any usual spelling; None when it is none that may be called.

    A number of our own has eleven digits: an exchange passes over more, so that many numbers would ring one phone, and
    each be called as often as one number may be.
    """
    key = caller_key(raw)
    if key.startswith("+7") and len(key) != OWN_KEY:
        return None
    return key[1:] if key.startswith(tuple(prefixes)) else None


async def ask_number(
    line: CallerLine, presented: str, language: Language, prefixes: Sequence[str], refused: Callable[[str], bool]
) -> str | None:
    """The number to call, digits only; None when the caller confirmed none. Raises CallerGoneError.

    `refused`: tells which numbers are not to be called at present, though they could be.
    """
    number = dialable(presented, prefixes)
    if number is not None and refused(number):
        await line.play("callback-wrong", "")
        number = None
    for _ in range(TRIES):
        if number is None:
            number = dialable(await _entered(line), prefixes)
            if number is None or refused(number):
                await line.play("callback-wrong", "")
                number = None
                continue
        key = await _said_back(line, number, language)
        if key == "1":
            await line.step("callback-confirmed")
            return number
        if key == "2":
            number = None
    await line.step("callback-not-confirmed")
    return None


async def _said_back(line: CallerLine, number: str, language: Language) -> str | None:
    digits = (piece for digit in number for piece in cardinal(int(digit), language))
    for sound in ("callback-number", *digits, "callback-confirm"):
        if key := await line.play(sound, "12"):
            return key
    return await line.wait_key(KEY_S)


async def _entered(line: CallerLine) -> str:
    typed = await line.play("callback-enter", f"{DIGITS}#") or ""
    while not typed.endswith("#") and len(typed) < LONGEST:
        key = await line.wait_key(KEY_S)
        if key is None:
            break
        typed += key if key in DIGITS or key == "#" else ""
    return typed.rstrip("#")
