"""The fields of a fact, decoded once, when its line is read; what a column could not hold is cut or left out here."""

from __future__ import annotations

from config.visible_text import shown

LONGEST_NAME = 64
"""Names of ours (groups, operators, states) and Asterisk's ids are shorter; what is longer is damage."""
LONGEST_TEXT = 10_000
LARGEST_SEQ = 100_000
"""Of segments and offers."""
TOP_MS = 1 << 53
"""No instant or count of ours is larger; a caller's nonsense may be, and would not fit a database's integer."""


class Fields(dict[str, str]):
    """As they were written; every other way of reading is bounded, and None where there is nothing of that kind."""

    def text(self, key: str, longest: int = LONGEST_TEXT) -> str | None:
        """As a database and a terminal can hold it: control and format characters as escapes; empty is None."""
        return stored_text(self.get(key), longest)

    def name(self, key: str) -> str | None:
        """The same of a name of ours, or an id."""
        return stored_text(self.get(key), LONGEST_NAME)

    def whole(self, key: str) -> int | None:
        """A whole number that any of our columns can hold."""
        return whole(self.get(key))

    def number(self, key: str) -> int | None:
        """A segment's or an offer's number."""
        number = whole(self.get(key))
        return number if number is not None and 0 <= number <= LARGEST_SEQ else None


def whole(value: str | None) -> int | None:
    """Text that should be a whole number, or None when it is not one that any of our columns could hold."""
    if value is None or len(value) > 17 or not value.isascii():
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if -TOP_MS < number < TOP_MS else None


def stored_text(value: str | None, limit: int = LONGEST_TEXT) -> str | None:
    """Text as a database and a terminal can hold it: control and format characters as escapes; empty is None."""
    if not value:
        return None
    return shown(value)[:limit]
