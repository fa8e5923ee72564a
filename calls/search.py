"""What somebody looks for among the talks: by when and who called (rule 14), and by what else is known of a talk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from calls.local_day import Span
from calls.phone import Candidates

ADJACENT_MS = 3600_000
LONGEST_CALL_MS = 24 * 3600_000
"""How far before a day a call that lasted into it is looked for."""
PAGE = 200
"""Hits that people and programs are shown at once."""
_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})?-([0-9]{2}:[0-9]{2})?")
LARGEST = 1e9
"""End of a range: no talk lasts so many seconds."""


class Why(StrEnum):
    """What ties a talk to the number that was named; the surest first. Only `NUMBER` can be an exact hit."""

    NUMBER = "number"  # it is the caller's
    IDENTITY = "identity"  # it came with the call, beside the caller's
    CALLBACK = "callback"  # a callback was asked for from it, or to it
    READING = "reading"  # another reading of what was typed
    ENDING = "ending"  # the last digits are the same
    UNATTRIBUTED = "unattributed"  # nobody knows who called: the journal of that call is lost


@dataclass(frozen=True, slots=True)
class Search:
    """Every condition that is given must hold; those that are None are not asked for."""

    span: Span | None = None
    """The local dates; needed unless a call or a caller is named."""
    wanted: Candidates | tuple[Candidates, ...] | None = None
    """The caller's number, or each of several; of anonymous callers `("anonymous",)`."""
    unattributed: bool = False
    """Only talks of which nobody knows who called."""
    call: str | None = None
    operator: str | None = None
    group: str | None = None
    language: str | None = None
    score_from: int | None = None
    score_to: int | None = None
    length_from_ms: int | None = None
    length_to_ms: int | None = None
    limit: int | None = None
    """Longest page of hits; None: all there are."""
    after: int = 0
    """Hits to leave out: those of the pages before."""

    @property
    def numbers(self) -> tuple[Candidates, ...] | None:
        """The numbers that are named; None when none was asked for."""
        return (self.wanted,) if isinstance(self.wanted, Candidates) else self.wanted


def ends_of(typed: str) -> tuple[float | None, float | None]:
    """Both ends of a range typed as `1-2`, `3`, `60-` or `-30`; None for an open one. Raises ValueError."""
    if not (text := typed.strip()):
        return None, None
    first, dash, last = text.partition("-")
    ends = (float(first) if first else None, float(last) if last else None)
    if not dash:
        ends = (ends[0], ends[0])
    known = [end for end in ends if end is not None]
    if not known or not all(0 <= end < LARGEST for end in known) or known != sorted(known):
        raise ValueError(typed)
    return ends


def hours_of(typed: str) -> tuple[time | None, time | None]:
    """Both ends of `14:00-15:30`, `14:00-` or `-09:00`; None for an open one. Raises ValueError."""
    if not (text := typed.strip()):
        return None, None
    if not _HOURS.fullmatch(text) or text == "-":
        raise ValueError(typed)
    first, _, last = text.partition("-")
    return time.fromisoformat(first) if first else None, time.fromisoformat(last) if last else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the talks of a span is recorded, whatever was looked for: `gaps` by the status that explains them."""

    talks: int
    recorded: int
    unfinished: int
    gaps: dict[str, int]
