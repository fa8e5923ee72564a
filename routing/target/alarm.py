"""When people are told that a target will be missed at the present rate, and when that it will be met (rule 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from routing.target.control import Outlook
from routing.target.ladder import TargetRules


@dataclass(frozen=True, slots=True)
class Warned:
    """A target that will be missed: since when it is seen, and when people were told last (epoch ms)."""

    since_ms: int
    told_ms: int | None = None


class Notice(NamedTuple):
    """What to tell now."""

    name: str
    missed: bool
    """False is the all-clear."""
    outlook: Outlook


def notices(
    before: Mapping[str, Warned], outlooks: Mapping[str, Outlook], now_ms: int, rules: TargetRules
) -> tuple[dict[str, Warned], list[Notice]]:
    """Whom to tell of what: once it has lasted, again after a while, and the all-clear when the danger is over."""
    warned: dict[str, Warned] = {}
    said: list[Notice] = []
    for name, outlook in outlooks.items():
        known = before.get(name) or Warned(now_ms)
        if known.told_ms is None:
            if not outlook.missed:
                continue
            if now_ms - known.since_ms >= rules.stay_s * 1000:
                known = Warned(known.since_ms, now_ms)
                said.append(Notice(name, True, outlook))
        elif now_ms - known.told_ms >= rules.remind_s * 1000:
            if outlook.missed:
                known = Warned(known.since_ms, now_ms)
                said.append(Notice(name, True, outlook))
            elif (outlook.projected_s or 0.0) <= rules.danger * outlook.target_s:
                said.append(Notice(name, False, outlook))
                continue
        warned[name] = known
    return warned, said
