"""A past day made playable: who called, how long each talk and each patience was, and who was on duty.

Each wait in a group is a call of its own, one that was transferred too: it comes when it came on that day.

**Patience.** Of those who gave up it is known. Of those who were answered it is only known that it was longer than
their wait (it is censored). Taken as exponential its mean is, by maximum likelihood, the waits of all divided by the
number of those who gave up (Brown et al. 2005, "Statistical Analysis of a Telephone Call Center"; Erlang A after
Garnett, Mandelbaum, Reiman 2002); having no memory it goes on after the wait with the same mean, so that is drawn.
When nobody gave up, nobody will.

**Talks** of those who gave up are unknown, too: each takes one of the group's talks of that day, drawn at random.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from calls.ids import CallId, GroupId, OperatorId
from calls.local_day import Span
from calls.wait_history import PastState, PastWait
from planning.day import ALWAYS, Day, Shift, Staffed
from planning.simulator import Arrival
from routing.skills import BEST_LEVEL, Skills
from routing.waits.rates import USUAL_TALK_S

AT_WORK = frozenset({"ready", "offered", "talking", "wrap-up"})
"""States (`routing.presence.State`) of an operator who is on duty; paused and unreachable are not."""


def replay(
    waits: Iterable[PastWait],
    states: Iterable[PastState],
    span: Span,
    configured: Mapping[OperatorId, Skills],
    seed: int,
) -> Day:
    """The day of these waits; `seed`: for what can only be drawn.

    Skills are the configured ones; of operators who are configured no more, those of their talks that day. When the
    ledger tells nobody's presence, everybody configured is on duty all the time.
    """
    real = tuple(waits)
    came = _with_callbacks(real)
    mean_s = mean_patience_s(one for one in real if one.callback_of is None)
    told = tuple(states)
    shifts = _shifts(told, span)
    skills = {**_seen_skills(came), **configured}
    if told:
        staff = {one: Staffed(skills[one], shifts.get(one, ())) for one in skills}
    else:
        staff = {one: Staffed(known, ALWAYS) for one, known in configured.items()}
    length_s = (span.to_ms - span.from_ms) / 1000
    return Day(_arrivals(came, span.from_ms, mean_s, seed), staff, length_s, _set_up_s(came))


def mean_patience_s(waits: Iterable[PastWait]) -> float:
    """Maximum likelihood for exponential patience of which answers are censoring: infinite when nobody gave up."""
    waited_s, gave_up = 0.0, 0
    for one in waits:
        waited_s += _wait_s(one)
        gave_up += _gave_up(one)
    return waited_s / gave_up if gave_up and waited_s else math.inf


def _arrivals(waits: Sequence[PastWait], from_ms: int, mean_s: float, seed: int) -> tuple[Arrival, ...]:
    chance = random.Random(seed)  # noqa: S311 - the same day each time is meant
    talks: dict[GroupId, list[float]] = defaultdict(list)
    for one in waits:
        if one.answered_ms is not None:
            talks[one.group].append(_talk_s(one))
    everybody = [talk_s for of_group in talks.values() for talk_s in of_group] or [USUAL_TALK_S]
    made = []
    for one in waits:
        further_s = chance.expovariate(1 / mean_s) if math.isfinite(mean_s) else math.inf
        drawn_s = chance.choice(talks.get(one.group) or everybody)
        made.append(
            Arrival(
                at_s=(one.queued_ms - from_ms) / 1000,
                group=one.group,
                talk_s=drawn_s if one.answered_ms is None else _talk_s(one),
                patience_s=_wait_s(one) if _gave_up(one) else _wait_s(one) + further_s,
                language=one.language,
                waited_s=max(0, one.queued_ms - one.rank_ms) / 1000,
                moved=one.moved,
            )
        )
    return tuple(made)


def _with_callbacks(waits: Sequence[PastWait]) -> tuple[PastWait, ...]:
    """Whoever was called back is one caller who waited on: answered then, with the talk of the call back."""
    back: dict[CallId, PastWait] = {}
    for one in waits:
        if one.callback_of is not None and one.answered_ms is not None:
            back[one.callback_of] = one
    came = []
    for one in waits:
        if one.callback_of is not None:
            continue
        made = back.get(one.call)
        if one.asked_callback and one.answered_ms is None and made is not None:
            came.append(
                PastWait(one.call, one.group, one.language, one.rank_ms, one.queued_ms, made.answered_ms,
                         made.ended_ms, made.operator, None, one.moved, True)
            )  # fmt: skip
        else:
            came.append(one)
    return tuple(came)


def _shifts(states: Iterable[PastState], span: Span) -> dict[OperatorId, tuple[Shift, ...]]:
    """When each was at work; states that follow each other are one shift."""
    found: dict[OperatorId, list[Shift]] = defaultdict(list)
    for one in states:
        if one.state not in AT_WORK:
            continue
        begin_s = max(0, one.from_ms - span.from_ms) / 1000
        ends = one.to_ms is not None and one.to_ms < span.to_ms
        end_s = (one.to_ms - span.from_ms) / 1000 if ends and one.to_ms is not None else math.inf
        before = found[one.operator]
        if before and before[-1][1] >= begin_s:
            before[-1] = (before[-1][0], max(before[-1][1], end_s))
        elif end_s > begin_s:
            before.append((begin_s, end_s))
    return {operator: tuple(shifts) for operator, shifts in found.items()}


def _seen_skills(waits: Iterable[PastWait]) -> dict[OperatorId, Skills]:
    """What each operator was seen to do, for those who are configured no more."""
    groups: dict[OperatorId, set[GroupId]] = defaultdict(set)
    languages: dict[OperatorId, set[str]] = defaultdict(set)
    for one in waits:
        if one.operator is not None and one.answered_ms is not None:
            groups[one.operator].add(one.group)
            languages[one.operator].add(one.language)
    return {
        operator: Skills(tuple((group, BEST_LEVEL) for group in sorted(served)), frozenset(languages[operator]))
        for operator, served in groups.items()
    }


def _set_up_s(waits: Iterable[PastWait]) -> float:
    """How long phones rang until they were picked up, in the mean."""
    rang_s = [
        (one.answered_ms - one.rung_ms) / 1000
        for one in waits
        if one.answered_ms is not None and one.rung_ms is not None and one.rung_ms <= one.answered_ms
    ]
    return fmean(rang_s) if rang_s else 0.0


def _gave_up(one: PastWait) -> bool:
    return one.answered_ms is None and not one.asked_callback


def _wait_s(one: PastWait) -> float:
    until_ms = one.ended_ms if one.answered_ms is None else one.answered_ms
    return max(0, until_ms - one.queued_ms) / 1000


def _talk_s(one: PastWait) -> float:
    return max(0, one.ended_ms - (one.answered_ms or one.queued_ms)) / 1000
