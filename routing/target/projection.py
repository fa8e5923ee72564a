"""How the day's average wait will end if calls go on coming as in the last minutes (rule 7).

The average at the day's end is (W + B + n·w) / (A + b + n): W seconds waited by the A answered so far, B by the b who
wait now, and n calls still to be answered that wait w each. n is the rate of the last minutes times the rest of the
day, less those who give up. w is what Erlang A (`routing/erlang.py`) says of the operators on duty, half by two views
that the truth lies between (`routing/waits/estimate.py`): the group's *own* part of its operators, each split as the
loads of the groups they serve, and the *pool* of all groups that operators tie together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from calls.ids import GroupId
from routing.erlang import MOST_ABANDONED, Line, erlang_a
from routing.target.day import DaySoFar, GroupSoFar, Lent
from routing.waits.estimate import Staff, tied_lines

MOST_MISSING = 1000
"""More operators than these mend nothing that operators can mend."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How each call to come will fare."""

    wait_s: float
    """In the line, before anybody is offered the call; infinite when nobody is on duty."""
    abandoned: float
    """The share that gives up."""
    next_s: float
    """How long until one caller leaves the line, when somebody waits."""


NOBODY = Rest(math.inf, 1.0, math.inf)


def staff_of(day: DaySoFar, lent: Lent) -> dict[frozenset[GroupId], int]:
    """Count the operators on duty by what they serve: their own groups and those that they are lent to."""
    staff: dict[frozenset[GroupId], int] = {}
    for operator in day.operators:
        serves = frozenset(operator.levels) | frozenset(lent.get(operator.id, {}))
        staff[serves] = staff.get(serves, 0) + 1
    return staff


def rest_of(group: GroupId, day: DaySoFar, staff: Staff[GroupId], more: int = 0) -> Rest:
    """How the group's calls will fare with this staff and so many `more` operators (less, if below zero)."""
    facts = day.groups[group]
    tied = tied_lines(group, staff) & day.groups.keys()
    number = sum(count for serves, count in staff.items() if serves & tied) + more
    own = _part(group, day, staff) + more
    calls_s = {one: day.groups[one].recent / day.recent_s for one in tied}
    load = {one: rate * day.groups[one].busy_s for one, rate in calls_s.items()}
    pooled_busy_s = sum(load.values()) / sum(calls_s.values()) if sum(calls_s.values()) > 0 else facts.busy_s
    views = (
        _line(own, load[group], facts.busy_s, facts.patience_s),
        _line(number, sum(load.values()), pooled_busy_s, facts.patience_s),
    )
    if any(view is None for view in views):
        return NOBODY
    lines = [view for view in views if view is not None]
    return Rest(
        sum(line.asa_s for line in lines) / 2,
        sum(line.abandoned for line in lines) / 2,
        (facts.busy_s / own + pooled_busy_s / number) / 2,
    )


@dataclass(frozen=True, slots=True)
class Sums:
    """Callers who are answered, and what they wait together, seconds."""

    answered: float = 0.0
    waited_s: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.answered + other.answered, self.waited_s + other.waited_s)

    @property
    def mean_s(self) -> float | None:
        """The average wait; infinite without end, None without callers."""
        return self.waited_s / self.answered if self.answered > 0 else None


def in_the_end(facts: GroupSoFar, day: DaySoFar, rest: Rest, for_s: float | None = None) -> Sums:
    """The sums after so many seconds more, else at the day's end; who waits now leaves the line one after the other."""
    left_s = day.rest_s if for_s is None else min(for_s, day.rest_s)
    waiting = len(facts.waiting_s)
    made = Sums(facts.answered + waiting, facts.waited_s + sum(facts.waiting_s))
    if waiting:
        made += Sums(0.0, waiting * (waiting + 1) / 2 * rest.next_s)
    to_come = facts.recent / day.recent_s * left_s
    if to_come > 0:
        answered = to_come if math.isinf(rest.wait_s) else to_come * (1 - rest.abandoned)
        made += Sums(answered, answered * (rest.wait_s + facts.before_s))
    return made


def missing(group: GroupId, day: DaySoFar, staff: Staff[GroupId], for_s: float) -> int | None:
    """The fewest operators more with whom the average is at its target after so long, and few give up.

    None when no number of them is enough: the menu alone may take too long.
    """
    facts = day.groups[group]

    def enough(more: int) -> bool:
        rest = rest_of(group, day, staff, more)
        end_s = in_the_end(facts, day, rest, for_s).mean_s
        return end_s is None or (end_s <= facts.target_s and rest.abandoned <= MOST_ABANDONED)

    low, high = 0, 1
    while not enough(high):
        low, high = high, high * 2
        if high > MOST_MISSING:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def settled(facts: GroupSoFar, calls: int) -> GroupSoFar:
    """The same with some calls imagined before the day's first, at half the target: one long wait is no danger yet."""
    return replace(facts, answered=facts.answered + calls, waited_s=facts.waited_s + calls * facts.target_s / 2)


def so_far_s(facts: GroupSoFar) -> float | None:
    """The average so far, with those who wait now and will only make it worse."""
    asa_s = facts.asa_s or 0.0
    late_s = [wait_s for wait_s in facts.waiting_s if wait_s > asa_s]
    count = facts.answered + len(late_s)
    return (facts.waited_s + sum(late_s)) / count if count else None


def _part(group: GroupId, day: DaySoFar, staff: Staff[GroupId]) -> float:
    """The group's part of its operators, each of whom is split as the loads of what they serve."""
    load = {one: facts.recent * facts.busy_s for one, facts in day.groups.items()}
    part = 0.0
    for serves, count in staff.items():
        if group in serves:
            total = sum(load.get(one, 0.0) for one in serves)
            part += count * (load[group] / total if total > 0 else 1 / len(serves))
    return part


@lru_cache(maxsize=1024)  # the same line is asked for by several groups, and for several questions
def _line(operators: float, load: float, busy_s: float, patience_s: float) -> Line | None:
    """Erlang A of a number that need not be whole: the nearest one, each as much faster or slower. None: nobody."""
    if operators <= 0:
        return None
    whole = max(1, round(operators))
    pace = operators / whole
    return erlang_a(whole, load / pace, busy_s / pace, patience_s, within_s=0.0)
