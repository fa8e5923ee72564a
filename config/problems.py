"""What is wrong with the configuration, in words for the person who has to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from config.visible_text import looks, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEANT = "did you mean"

KeyPath = tuple[str | int, ...]
"""Where a value stands, e.g. `("operators", 2, "groups", 0)`; lists count from 0."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, before it is known which line of which file says it."""

    path: KeyPath
    message: str
    beside: KeyPath | None = None
    """What it does not go together with, if that has a line of its own to be told."""

    def __post_init__(self) -> None:
        """Keep to one line, whatever the quoted value holds."""
        object.__setattr__(self, "message", shown(self.message))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` counts from 1, None where no line says it; `key` is empty for a whole file."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        """One line: `config/hotline.toml:23: operators[2].groups: no group called "portl"`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


def together(misfits: list[Finding], found: list[Finding]) -> list[Finding]:
    """Put what types and what checks say together: of one value one thing, and rather what was meant instead.

    What is said of a list because something in it does not fit is left out, too.
    """
    meant = {one.path for one in found if _MEANT in one.message}
    kept = [one for one in misfits if one.path not in meant]
    paths = [one.path for one in kept]
    return [*kept, *(one for one in found if not any(path[: len(one.path)] == one.path for path in paths))]


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds all that is wrong with it, in the order of the file."""

    error_id = "configuration"
    retryable = False

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def spelled(path: KeyPath) -> str:
    """Return the path as a person writes it: `operators[2].groups`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant: the same in another case or alphabet, or a similar one."""
    words = tuple(known)
    alike = next((one for one in words if looks(one) == looks(word)), None)
    return alike or next(iter(get_close_matches(word, words, n=1, cutoff=0.6)), None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "portal"?)` where a known word is close, else nothing."""
    meant = nearest(word, known)
    return f' ({_MEANT} "{meant}"?)' if meant else ""
