"""The law's figures and those that must stand beside them (rule 7), over calls that arrived in some span of time.

The law names the average wait from the arrival of the call to the operator's answer, over answered calls. An average
hides its tail and can be had by letting callers give up, so the other waits, the ninth decile, the longest, the
service level and abandonment are always shown with it. What callers rated is `rating`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calls.callback_figures import CallbackFigures, CallbackMade, callback_figures
from calls.ratings import RatingGiven
from calls.waits import Waits, seconds_between, waits

TARGET_S = 30.0
"""Rule 7: thirty seconds."""
SHORT_S = 5.0
"""Who hangs up sooner has misdialled, and counts neither for nor against."""


@dataclass(frozen=True, slots=True)
class CallTimes:
    """What the figures need of one call: its instants (None: has not happened), first group and ratings."""

    arrived_ms: int
    queued_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None
    group: str | None = None
    ratings: tuple[RatingGiven, ...] = ()
    callback_asked: bool = False
    """The caller hung up to be called back: no abandonment, and no answer either."""
    made_for: CallbackMade | None = None
    """A call out, made for a callback: apart from all figures of calls that came (the law counts those)."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of some calls; a share without anything to divide by is None."""

    arrived: int
    answered: int
    abandoned_menu: int
    abandoned_waiting: int
    abandoned_short: int
    """Of both kinds, those who hung up within 5 s of the arrival."""
    in_progress: int
    """Neither answered nor ended yet."""
    to_operator: Waits
    """The law's: arrival to the operator's answer, over answered calls."""
    in_queue: Waits
    """The choice of the group to the operator's answer, over answered calls."""
    all_callers: Waits
    """Arrival to the answer, or to the hang-up of those who gave up."""
    service_level: float | None
    """Answered within 30 s of the arrival, of all answered or abandoned but the short ones."""
    abandonment: float | None
    """Abandoned, of all answered or abandoned, the short ones left out of both."""
    callbacks: CallbackFigures
    with_callbacks: Waits
    """As `to_operator`, and those who were called back beside them: arrival to the talk, the time between included."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Figures of all calls and of each group that callers first chose, by name."""

    total: Figures
    groups: dict[str, Figures]


def day_figures(calls: Iterable[CallTimes]) -> DayFigures:
    """The figures of these calls, all together and per group."""
    everything = tuple(calls)
    groups = by_group(everything)
    return DayFigures(figures(everything), {name: figures(groups[name]) for name in groups})


def by_group(calls: Iterable[CallTimes]) -> dict[str, list[CallTimes]]:
    """These calls by the group that their callers first chose, in the order of its name."""
    groups: dict[str, list[CallTimes]] = defaultdict(list)
    for call in calls:
        if call.group is not None:
            groups[call.group].append(call)
    return dict(sorted(groups.items()))


def figures(calls: Sequence[CallTimes]) -> Figures:
    """The figures of these calls; callbacks count apart."""
    came = [call for call in calls if call.made_for is None]
    answered = [call for call in came if call.answered_ms is not None]
    asked = [call for call in came if call.answered_ms is None and call.callback_asked]
    left = [call for call in came if call.answered_ms is None and call.ended_ms is not None]
    abandoned = [call for call in left if not call.callback_asked]
    to_operator = [_seconds(call.arrived_ms, call.answered_ms) for call in answered]
    back = [wait_s for call in calls if call.made_for and (wait_s := call.made_for.wait_s) is not None]
    gave_up = [_seconds(call.arrived_ms, call.ended_ms) for call in abandoned]
    short = sum(wait_s < SHORT_S for wait_s in gave_up)
    counted = len(answered) + len(abandoned) - short
    in_menu = sum(call.queued_ms is None for call in abandoned)
    return Figures(
        arrived=len(came),
        answered=len(answered),
        abandoned_menu=in_menu,
        abandoned_waiting=len(abandoned) - in_menu,
        abandoned_short=short,
        in_progress=len(came) - len(answered) - len(abandoned) - len(asked),
        to_operator=waits(to_operator),
        in_queue=waits([_seconds(call.queued_ms, call.answered_ms) for call in answered if call.queued_ms is not None]),
        all_callers=waits(to_operator + gave_up),
        service_level=_share(sum(wait_s <= TARGET_S for wait_s in to_operator), counted),
        abandonment=_share(len(abandoned) - short, counted),
        callbacks=_callbacks(calls),
        with_callbacks=waits(to_operator + back),
    )


def _callbacks(calls: Sequence[CallTimes]) -> CallbackFigures:
    made = [call.made_for for call in calls if call.made_for is not None and call.ended_ms is not None]
    return callback_figures(sum(call.callback_asked for call in calls), made)


def _seconds(from_ms: int | None, to_ms: int | None) -> float:
    assert from_ms is not None
    assert to_ms is not None
    return seconds_between(from_ms, to_ms)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
