"""The disks that recordings are written to, as the watch tells them and as the API and its figures show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DiskCondition = Literal["ok", "filling", "slow", "full", "unwritable"]
"""`filling` from 70 % on; `full` and `unwritable` when it takes no bytes."""


@dataclass(frozen=True, slots=True)
class DiskNow:
    """A disk that recordings are written to, at this moment."""

    name: str
    """`spool` or `archive`."""
    state: DiskCondition
    used_percent: float | None
    """None while it does not tell."""
    free_bytes: int | None
    hours_to_full: float | None
    """At the rate of the last hour; None when it is not filling."""
