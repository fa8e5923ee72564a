"""Where the names of the centre stand in its document, and how to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.document import ANY, Document, values

if TYPE_CHECKING:
    from config.problems import KeyPath

GROUP_NAMES = ("groups", ANY, "name")
GROUP_WRAP_UPS = ("groups", ANY, "wrap_up_s")
OPERATOR_NUMBERS = ("operators", ANY, "number")
TRANSFER_NUMBERS = ("groups", ANY, "transfer_number")
TRUNK_NAMES = ("trunks", ANY, "name")
HOTLINE_NUMBERS = ("hotline", "numbers", ANY)
LANGUAGES = ("hotline", "languages", ANY)
PEOPLE = ("people", ANY, "name")
ACCOUNTS = ("people", ANY, "accounts", ANY)
PERSONS_TOKENS = ("people", ANY, "tokens", ANY)
MENU_KEYS = ("menu", "choices", ANY, "key")


def texts(document: Document, pattern: tuple[str, ...]) -> tuple[str, ...]:
    """Return every text the pattern meets."""
    return tuple(value for _, value in values(document, pattern, str))


def holder(path: KeyPath) -> KeyPath:
    """Return the table a value belongs to: `operators[2]`; for an item of a list of values the list's name."""
    return path[:-1]
