"""Running rates of each group: how long its talks keep an operator, and how soon its callers give up waiting.

Both are the maximum-likelihood estimates for exponential times of which some are cut off: talks over the time talked,
callers who gave up over all the time waited, by those who were answered too. Old rows fade by half in `HALF_LIFE_S`,
and a little of a usual day stands in until a group has rows of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from calls.ids import GroupId
from calls.wait_history import Handled

HALF_LIFE_S = 4 * 3600.0
"""The mix of questions drifts over hours; a rate of giving up needs some hundred waits to be known."""
USUAL_TALK_S = 240.0
USUAL_PATIENCE_S = 600.0
_USUAL_TALKS = 10.0
_USUAL_GAVE_UP = 1.0


@dataclass(frozen=True, slots=True)
class TalkSeen:
    """A talk of this group has ended: how long it kept the operator, with ringing and wrap-up."""

    group: GroupId
    at_ms: int
    busy_s: float


@dataclass(frozen=True, slots=True)
class WaitSeen:
    """A caller's wait in this group has ended, with an operator or by giving up."""

    group: GroupId
    at_ms: int
    wait_s: float
    answered: bool


Seen = TalkSeen | WaitSeen


def seen_in(rows: Iterable[Handled], besides_s: Callable[[GroupId], float]) -> list[Seen]:
    """What the ledger's rows show, in the order of time; ringing and wrap-up keep an operator `besides_s` more."""
    seen: list[Seen] = []
    for row in rows:
        over_ms = row.ended_ms if row.answered_ms is None else row.answered_ms
        seen.append(WaitSeen(row.group, over_ms, (over_ms - row.queued_ms) / 1000, row.answered_ms is not None))
        if row.answered_ms is not None:
            talk_s = (row.ended_ms - row.answered_ms) / 1000
            seen.append(TalkSeen(row.group, row.ended_ms, talk_s + besides_s(row.group)))
    return sorted(seen, key=lambda one: one.at_ms)


@dataclass(frozen=True, slots=True)
class Tally:
    """Faded sums of one group at an instant (epoch ms)."""

    at_ms: int
    talks: float = _USUAL_TALKS
    busy_s: float = _USUAL_TALKS * USUAL_TALK_S
    gave_up: float = _USUAL_GAVE_UP
    waited_s: float = _USUAL_GAVE_UP * USUAL_PATIENCE_S

    @property
    def talk_s(self) -> float:
        """Mean time that a talk keeps an operator."""
        return self.busy_s / self.talks

    @property
    def giving_up(self) -> float:
        """Callers who give up, for each second that one waits."""
        return self.gave_up / self.waited_s

    def faded(self, at_ms: int, half_life_s: float = HALF_LIFE_S) -> Tally:
        """The same at a later instant; an earlier one changes nothing (rows may come late)."""
        if at_ms <= self.at_ms:
            return self
        left = 0.5 ** ((at_ms - self.at_ms) / 1000 / half_life_s)
        usual = 1 - left  # a group that is silent goes back to the usual, by and by
        return Tally(
            at_ms,
            self.talks * left + _USUAL_TALKS * usual,
            self.busy_s * left + _USUAL_TALKS * usual * USUAL_TALK_S,
            self.gave_up * left + _USUAL_GAVE_UP * usual,
            self.waited_s * left + _USUAL_GAVE_UP * usual * USUAL_PATIENCE_S,
        )


Kind = TypeVar("Kind", bound=Hashable)
Rates = Mapping[Kind, Tally]
"""What is known of each group, or of each kind of call; one that is not in it is as usual."""


def observe(rates: Rates[GroupId], seen: Iterable[Seen], half_life_s: float = HALF_LIFE_S) -> dict[GroupId, Tally]:
    """The rates with these rows taken in. Times below zero, from clocks that disagree, count as zero."""
    made = dict(rates)
    for row in seen:
        known = (made.get(row.group) or Tally(row.at_ms)).faded(row.at_ms, half_life_s)
        match row:
            case TalkSeen():
                known = replace(known, talks=known.talks + 1, busy_s=known.busy_s + max(0.0, row.busy_s))
            case WaitSeen():
                known = replace(
                    known,
                    gave_up=known.gave_up + (0 if row.answered else 1),
                    waited_s=known.waited_s + max(0.0, row.wait_s),
                )
        made[row.group] = known
    return made


def talk_s(rates: Rates[Kind], kinds: Iterable[Kind]) -> float:
    """Mean time that a talk keeps an operator who serves these: as their calls are mixed."""
    known = [rates.get(kind) or Tally(0) for kind in kinds]
    return sum(tally.busy_s for tally in known) / sum(tally.talks for tally in known) if known else USUAL_TALK_S


def giving_up(rates: Rates[Kind], kind: Kind) -> float:
    """Callers who give up, for each second that one waits."""
    return (rates.get(kind) or Tally(0)).giving_up
