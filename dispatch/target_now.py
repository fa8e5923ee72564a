"""What the last look at the day decided, as the command line and the HTTP API tell it."""

from __future__ import annotations

import math

from calls.ids import GroupId
from config.settings import Settings
from console.answers import TargetNow, TargetOfGroup
from console.errors import UnavailableError
from dispatch.target_watch import TargetWatch
from routing.target.control import Control, Outlook
from routing.target.ladder import Condition, Standing


def target_now(watch: TargetWatch, settings: Settings) -> TargetNow:
    """Each group against its target. Raises UnavailableError until the first look."""
    decided = watch.decided
    if decided.total is None:
        raise UnavailableError("the day has not been looked at yet")
    worst = max(decided.standings.values(), key=lambda standing: standing.rung, default=Standing())
    return TargetNow(
        at_ms=watch.looked_ms,
        ledger_at_ms=watch.told_ms,
        time_zone=settings.hotline.time_zone,
        total=_row("", decided.total, worst.condition),
        groups=tuple(_group(decided, group) for group in decided.outlooks),
    )


def _group(decided: Control, group: GroupId) -> TargetOfGroup:
    width = decided.widths.get(group)
    return _row(
        group,
        decided.outlooks[group],
        decided.standings[group].condition,
        width.name.lower() if width else "",
        tuple(decided.helpers(group)),
    )


def _row(
    group: str, outlook: Outlook, condition: Condition, width: str = "", helpers: tuple[str, ...] = ()
) -> TargetOfGroup:
    projected_s = outlook.projected_s
    return TargetOfGroup(
        group=group,
        target_s=outlook.target_s,
        answered=outlook.answered,
        abandoned=outlook.abandoned,
        waiting=outlook.waiting,
        asa_s=outlook.asa_s,
        projected_s=projected_s if projected_s is not None and math.isfinite(projected_s) else None,
        state=condition.value,
        width=width,
        helpers=helpers,
        missed=outlook.missed,
        operators_missing=outlook.missing,
        until_ms=outlook.until_ms or None,
    )
