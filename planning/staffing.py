"""How many operators each half-hour needs for an average wait of thirty seconds from the arrival (rule 7).

The menu and the ringing are part of those seconds, so that the line itself may take only what they leave. Operators
are kept by the ringing and by the wrap-up, too. Who is on the roster is not at the telephone all the time: breaks,
training and illness are the shrinkage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from calls.ids import GroupId
from calls.statistics import TARGET_S
from planning.forecast import HALF_HOUR_S, Demand, pooled
from routing.erlang import MOST_ABANDONED, Line, erlang_a, erlang_c, fewest

NEW_CALLERS_MENU_S = 12.0
"""What `bench.answer` allows the menu for a caller who is not known."""


class TargetOutOfReachError(Exception):
    """Before anybody waits, the target is used up."""

    error_id = "target-out-of-reach"
    retryable = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned for. `patience_s` None: nobody gives up (Erlang C), which is the safe side."""

    target_s: float = TARGET_S
    menu_s: float = NEW_CALLERS_MENU_S
    ring_s: float = 3.0
    wrap_up_s: float = 5.0
    wrap_ups_s: Mapping[GroupId, float] = field(default_factory=dict)
    """Of groups with a wrap-up of their own."""
    shrinkage: float = 0.3
    patience_s: float | None = None

    def wrap_up_of(self, group: GroupId | None) -> float:
        """Seconds of wrap-up after a talk of this group; None: of any."""
        return self.wrap_up_s if group is None else self.wrap_ups_s.get(group, self.wrap_up_s)

    def for_all(self, parts: Iterable[Demand]) -> Plan:
        """The same plan for these groups' calls together: the wrap-up of the average call."""
        of = [(one.calls, self.wrap_up_of(one.group)) for one in parts]
        calls = sum(count for count, _ in of)
        return replace(self, wrap_up_s=sum(count * each for count, each in of) / calls) if calls else self

    @property
    def before_s(self) -> float:
        """Seconds of a caller's wait that no operator can shorten."""
        return self.menu_s + self.ring_s

    @property
    def line_target_s(self) -> float:
        """What is left for the line. Raises TargetOutOfReachError when that is nothing."""
        if self.target_s <= self.before_s:
            raise TargetOutOfReachError(
                f"menu ({self.menu_s:g} s) and ringing ({self.ring_s:g} s) use up the target of {self.target_s:g} s"
            )
        return self.target_s - self.before_s


@dataclass(frozen=True, slots=True)
class Need:
    """Operators for some calls of a half-hour: at the telephone (`line.operators`), and on the roster."""

    demand: Demand
    line: Line
    rostered: int
    asa_s: float
    """From the arrival (rule 7)."""


@dataclass(frozen=True, slots=True)
class HalfHourNeed:
    """The needs of a half-hour: of each group with operators of its own, and of all if everybody serves everything."""

    pooled: Need
    groups: tuple[Need, ...]

    @property
    def minute(self) -> int:
        """Of the local day."""
        return self.pooled.demand.minute

    @property
    def separate(self) -> int:
        """Operators at the telephone if no operator helps another group."""
        return sum(need.line.operators for need in self.groups)


def need(demand: Demand, plan: Plan) -> Need:
    """The fewest operators for these calls; one at least, since the hotline never closes (rule 4).

    Raises TargetOutOfReachError, and ValueError for a shrinkage that leaves nobody.
    """
    if not 0 <= plan.shrinkage < 1:
        raise ValueError("shrinkage is a share from 0 to below 1")
    busy_s = demand.talk_s + plan.ring_s + plan.wrap_up_of(demand.group)
    load = demand.calls / HALF_HOUR_S * busy_s
    target_s, patience_s = plan.line_target_s, plan.patience_s
    within_s = max(0.0, TARGET_S - plan.before_s)

    def line(operators: int) -> Line:
        if patience_s is None:
            return erlang_c(operators, load, busy_s, within_s)
        return erlang_a(operators, load, busy_s, patience_s, within_s)

    found = fewest(line, lambda one: one.asa_s <= target_s and one.abandoned <= MOST_ABANDONED, at_least=1)
    return Need(demand, found, rostered(found.operators, plan.shrinkage), found.asa_s + plan.before_s)


def rostered(operators: int, shrinkage: float) -> int:
    """How many must be on the roster for so many at the telephone."""
    return math.ceil(operators / (1 - shrinkage) - 1e-9)


def day_needs(demands: Iterable[Demand], plan: Plan) -> tuple[HalfHourNeed, ...]:
    """The needs of each half-hour. Raises as `need` does."""
    given = tuple(demands)
    return tuple(
        HalfHourNeed(
            need(together, plan.for_all(one for one in given if one.minute == together.minute)),
            tuple(need(one, plan) for one in given if one.minute == together.minute and one.group is not None),
        )
        for together in pooled(given)
    )


def load_shares(demands: Iterable[Demand], plan: Plan) -> dict[GroupId, tuple[float, float]]:
    """Of each group over the day, its share of the calls and the mean seconds that one keeps an operator."""
    calls: dict[GroupId, float] = {}
    busy_s: dict[GroupId, float] = {}
    for one in demands:
        if one.group is not None and one.calls > 0:
            calls[one.group] = calls.get(one.group, 0.0) + one.calls
            each_s = one.talk_s + plan.ring_s + plan.wrap_up_of(one.group)
            busy_s[one.group] = busy_s.get(one.group, 0.0) + one.calls * each_s
    total = sum(calls.values())
    return {group: (calls[group] / total, busy_s[group] / calls[group]) for group in calls}
