"""The operators who are on duty, as target control counts them: with their own groups, not those they are lent to."""

from __future__ import annotations

from collections.abc import Iterable

from routing.presence import Operator
from routing.skills import BEST_LEVEL
from routing.target.day import OnDuty


def operators_on_duty(operators: Iterable[Operator]) -> tuple[OnDuty, ...]:
    """Those who are ready, and there or on a call; talking or in wrap-up makes no difference."""
    return tuple(
        OnDuty(one.id, {group: one.levels.get(group, BEST_LEVEL) for group in sorted(one.groups)}, one.languages)
        for one in operators
        if one.ready and (one.reachable or one.call is not None)
    )
