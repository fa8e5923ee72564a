"""Who should learn which second skill, and what it saves: the layout of skills is worth more than the routing policy.

Greedy: whatever lesson shortens the mean wait most is taken, again and again, each tried on the same calls. The load
is the one at which these operators, did all serve everything, would just meet the target; so the waits that are left
over are the layout's own fault. What it saves in operators is measured at the same wait: how many more calls a layout
takes for the target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from calls.ids import GroupId, OperatorId
from planning.skill_layouts import Caller, Serves, Staff, learned, load_for, play, stream

CALLS_EACH = 150
"""Calls of a stream for each operator, within the following bounds: some hours of a busy centre."""
FEWEST_CALLS, MOST_CALLS = 8000, 40_000
STREAMS = 4
SHORT_LIST = 5
LEAST_GAIN = 0.01
"""Of the wait that the layout costs over the pooled centre's: who saves less need not learn."""
IN_VAIN = 3
"""After so many such lessons in a row none is tried any more: one may help little until another one is learned."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What layouts are tried on: streams of calls at a load, and the mean wait, if everybody served everything."""

    streams: tuple[tuple[Caller, ...], ...]
    pooled_s: float
    fresh: tuple[tuple[Caller, ...], ...]
    """Other streams at the same load, for what is saved: whoever chooses by some calls flatters himself on them."""
    fresh_pooled_s: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """One piece of advice, and the mean wait in the line before and after it, seconds."""

    operators: tuple[OperatorId, ...]
    serves: Serves
    group: GroupId
    before_s: float
    after_s: float


@dataclass(frozen=True, slots=True)
class Advice:
    """All lessons in their order, and how much load the layouts take for the target, over that of the pooled centre."""

    lessons: tuple[Lesson, ...]
    pooled_s: float
    takes_before: float
    takes_after: float

    def saved(self, operators: int) -> float:
        """How many of so many operators the lessons save at equal load and wait."""
        return operators * (1 - self.takes_before / self.takes_after)


def setting(
    shares: Mapping[GroupId, tuple[float, float]],
    operators: int,
    target_s: float,
    seed: int = 1,
    fewest_calls: int = FEWEST_CALLS,
) -> Setting:
    """Streams of calls in these shares. Raises ValueError without groups or operators."""
    if not shares or operators < 1:
        raise ValueError("no calls or no operators to try layouts on")
    mean_s = sum(share * busy_s for share, busy_s in shares.values()) / sum(share for share, _ in shares.values())
    load = load_for(operators, mean_s, target_s)
    calls = min(MOST_CALLS, max(fewest_calls, CALLS_EACH * operators))
    made = [stream(shares, load, calls, seed + number) for number in range(2 * STREAMS)]
    streams, fresh = tuple(made[:STREAMS]), tuple(made[STREAMS:])
    everybody = {frozenset(shares): operators}
    return Setting(streams, mean_wait_s(everybody, streams), fresh, mean_wait_s(everybody, fresh))


def mean_wait_s(staff: Staff, streams: Sequence[Sequence[Caller]], pace: float = 1.0) -> float:
    """The mean over streams. Raises ValueError when nobody serves a group that is called."""
    return sum(play(staff, calls, pace).mean_s for calls in streams) / len(streams)


def advise(
    operators: Mapping[OperatorId, Serves], tried: Setting, most_lessons: int = 10, most_groups: int = 2
) -> Advice:
    """The lessons that are worth it. Raises ValueError when nobody serves a group that is called."""
    staff = Counter(operators.values())
    lessons: list[Lesson] = []
    last_worth_it = 0
    for lesson in islice(_lessons(operators, tried, most_groups), most_lessons):
        lessons.append(lesson)
        if lesson.before_s - lesson.after_s >= LEAST_GAIN * (lesson.before_s - tried.pooled_s) > 0:
            last_worth_it = len(lessons)
        elif len(lessons) - last_worth_it == IN_VAIN:
            break
    del lessons[last_worth_it:]
    after: dict[Serves, int] = dict(staff)
    for lesson in lessons:
        after = learned(after, lesson.serves, lesson.group, len(lesson.operators))
    before_takes = takes(staff, tried)
    return Advice(tuple(lessons), tried.pooled_s, before_takes, takes(after, tried) if lessons else before_takes)


def _lessons(operators: Mapping[OperatorId, Serves], tried: Setting, most_groups: int) -> Iterator[Lesson]:
    """The best lesson after the best lesson, worth it or not, until nobody has anything left to learn."""
    groups = sorted({call.group for calls in tried.streams for call in calls})
    by_serves: dict[Serves, list[OperatorId]] = {}
    for operator in sorted(operators):
        by_serves.setdefault(operators[operator], []).append(operator)
    at_once = max(1, round(len(operators) / 40))
    now_s = mean_wait_s(_counted(by_serves), tried.streams)
    while True:
        staff = _counted(by_serves)
        found = [
            (serves, group, min(at_once, staff[serves]))
            for serves in sorted(staff, key=sorted)
            for group in groups
            if staff[serves] and group not in serves and len(serves) < most_groups
        ]
        glanced = sorted(found, key=lambda one: mean_wait_s(learned(staff, *one), tried.streams[:1]))[:SHORT_LIST]
        waits = {one: mean_wait_s(learned(staff, *one), tried.streams) for one in glanced}
        best = min(waits, key=waits.__getitem__, default=None)
        if best is None:
            return
        after_s, (serves, group, number) = waits[best], best
        taught = tuple(by_serves[serves][:number])
        del by_serves[serves][:number]
        by_serves.setdefault(serves | {group}, []).extend(taught)
        yield Lesson(taught, serves, group, now_s, after_s)
        now_s = after_s


def _counted(by_serves: Mapping[Serves, Sequence[OperatorId]]) -> dict[Serves, int]:
    return {serves: len(operators) for serves, operators in by_serves.items()}


def takes(staff: Staff, tried: Setting) -> float:
    """How much of the setting's load this layout takes for the pooled centre's wait, on fresh calls: 1 for the pooled.

    Raises ValueError when nobody serves a group that is called.
    """
    low, high = 0.2, 1.0
    for _ in range(9):
        middle = (low + high) / 2
        soon_enough = mean_wait_s(staff, tried.fresh, middle) <= tried.fresh_pooled_s
        low, high = (middle, high) if soon_enough else (low, middle)
    return (low + high) / 2
