"""What somebody looks for among the talks: by when and who called (rule 14), and by what else is known of a talk."""

from __future__ import annotations

from dataclasses import dataclass

from calls.local_day import Span
from calls.phone import Candidates

MOST = 1_000
"""Longest page of hits."""


@dataclass(frozen=True, slots=True)
class Search:
    """Every condition that is given must hold; those that are None are not asked for."""

    span: Span | None = None
    """The local dates; needed unless a call or a caller is named."""
    wanted: Candidates | None = None
    """The caller's number; of anonymous callers `("anonymous",)`."""
    call: str | None = None
    operator: str | None = None
    group: str | None = None
    language: str | None = None
    score_from: int | None = None
    score_to: int | None = None
    length_from_ms: int | None = None
    length_to_ms: int | None = None
    limit: int = MOST
    after: int = 0
    """Hits to leave out: those of the pages before."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the talks of a span is recorded, whatever was looked for: `gaps` by the status that explains them."""

    talks: int
    recorded: int
    unfinished: int
    gaps: dict[str, int]
