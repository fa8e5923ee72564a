"""What alarms of some time mean together: which stand, and which are over. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

_DISK_ENDS = {"full": "writable", "unwritable": "writable", "filling": "eased", "slow": "quick"}
ENDS: dict[str, str] = {
    **{f"{disk}-{kind}": f"{disk}-{end}" for disk in ("spool", "archive") for kind, end in _DISK_ENDS.items()},
    "store-away": "store-caught-up",
    "store-behind": "store-caught-up",
    "target-missed": "target-met",
    "keys-away": "keys-back",
}
"""By the kind of an alarm that lasts: the kind that says that it is over. All others are of an instant."""
OVER = frozenset(ENDS.values())


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm as it was raised; UTC epoch ms."""

    at_ms: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm with what became of it."""

    kind: str
    detail: str
    from_ms: int
    to_ms: int | None = None
    """When it was over; None for one that stands, and for one of an instant."""
    lasts: bool = False
    """Whether anything will say that it is over."""
    times: int = 1
    """How often in a row it was told in the same words."""
    last_ms: int = 0
    """When it was told last."""

    @property
    def open(self) -> bool:
        """Whether it stands still."""
        return self.lasts and self.to_ms is None


def standing(told: Iterable[Told]) -> list[Standing]:
    """Alarms in the order of time, their ends taken to them; the same said again in a row is one."""
    found: list[Standing] = []
    last: dict[str, int] = {}
    for one in told:
        if one.kind in OVER:
            for at, known in enumerate(found):
                if known.open and ENDS[known.kind] == one.kind and _same(known, one):
                    found[at] = replace(known, to_ms=one.at_ms)
            continue
        at = last.get(one.kind, -1)
        if at >= 0 and found[at].detail == one.detail and (not found[at].lasts or found[at].open):
            found[at] = replace(found[at], times=found[at].times + 1, last_ms=one.at_ms)
            continue
        last[one.kind] = len(found)
        found.append(Standing(one.kind, one.detail, one.at_ms, lasts=one.kind in ENDS, last_ms=one.at_ms))
    return found


def _same(known: Standing, over: Told) -> bool:
    """Of targets each group has its own: what both begin with, up to the colon."""
    if known.kind != "target-missed":
        return True
    return known.detail.partition(":")[0] == over.detail.partition(":")[0]
