"""An operator's presence: what the person said (duty), what the phone does, and what follows for the next offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from calls.ids import CallId, GroupId, OperatorId
from routing.loans import Width

NEWS_MS = 1000
"""Asterisk notes the end of a talk, and a little later we hear of it: so near, the two are of the same talk."""

LOGGED_OUT = "logged-out"


class State(StrEnum):
    """What a supervisor sees."""

    READY = "ready"
    PAUSED = "paused"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    UNREACHABLE = "unreachable"


@dataclass(slots=True)
class Operator:
    """One operator, as the router knows them now."""

    id: OperatorId
    groups: frozenset[GroupId]
    languages: frozenset[str]
    ready: bool = False
    reason: str = LOGGED_OUT
    """Why not ready; empty when ready."""
    reachable: bool = False
    away_reason: str = ""
    """Why the phone is not reachable, where more is known than that it is not registered."""
    legs: set[str] = field(default_factory=set)
    """Channels of the phone, whatever they are for."""
    call: CallId | None = None
    """The call offered or talked to."""
    talking: bool = False
    group: GroupId | None = None
    """The group of the call that is talked to."""
    ours: bool = True
    """Whether the offer is ours, or the safety net's."""
    offered_ms: int = 0
    lease_ends_ms: int | None = None
    wrap_up_from_ms: int = 0
    """When the last talk ended, or the wrap-up after it."""
    wrap_up_ends_ms: int | None = None
    rest_ends_ms: int | None = None
    rest_reason: str = ""
    failures: int = 0
    """Offers in a row that the phone failed."""
    missed: int = 0
    """Offers in a row that nobody answered."""
    idle_since_ms: int = 0
    levels: Mapping[GroupId, int] = field(default_factory=dict)
    """How well the operator knows a group, 1 (best) to 5; 1 where nothing is said."""
    helps: Mapping[GroupId, Width] = field(default_factory=dict)
    """The groups in danger that the operator is lent to, on top of their own."""

    def state(self, now_ms: int) -> tuple[State, str]:
        """The state that is shown, with its reason."""
        if self.call is not None:
            return (State.TALKING if self.talking else State.OFFERED), self.call
        if not self.reachable:
            return State.UNREACHABLE, self.away_reason or "not registered"
        if self.wrap_up_ends_ms is not None and now_ms < self.wrap_up_ends_ms:
            return State.WRAP_UP, ""
        if not self.ready:
            return State.PAUSED, self.reason
        if self.rest_ends_ms is not None and now_ms < self.rest_ends_ms:
            return (State.UNREACHABLE if self.failures else State.PAUSED), self.rest_reason
        return State.READY, ""

    def say(self, ready: bool, reason: str) -> None:
        """Take what the person said; "ready" also ends wrap-up and rest."""
        self.ready = ready
        self.reason = "" if ready else reason
        if ready:
            self.wrap_up_ends_ms = self.rest_ends_ms = None
            self.failures = self.missed = 0

    def wrap_up(self, from_ms: int, ends_ms: int) -> None:
        """Be left alone until then; what was kept of an older talk changes nothing."""
        if from_ms + NEWS_MS >= self.wrap_up_from_ms:
            self.wrap_up_from_ms, self.wrap_up_ends_ms = from_ms, ends_ms

    def adopt(self, known: Operator) -> None:
        """Keep over a rebuild what only we know: wrap-up, rests, idle time.

        With them whether the phone was there: one that is there still has not come back, which would end a rest.
        """
        self.reachable, self.away_reason = known.reachable, known.away_reason
        self.wrap_up_from_ms, self.wrap_up_ends_ms = known.wrap_up_from_ms, known.wrap_up_ends_ms
        self.rest_ends_ms, self.rest_reason = known.rest_ends_ms, known.rest_reason
        self.failures, self.missed, self.idle_since_ms = known.failures, known.missed, known.idle_since_ms

    def learn(self, levels: Mapping[GroupId, int], languages: frozenset[str]) -> None:
        """Serve these groups, each at its level, in these languages, and nothing else."""
        self.groups, self.levels, self.languages = frozenset(levels), dict(levels), languages

    def rest(self, now_ms: int, rest_s: float, reason: str) -> None:
        """Be left alone for a while."""
        self.rest_ends_ms = now_ms + round(rest_s * 1000)
        self.rest_reason = reason

    def age(self, now_ms: int) -> None:
        """End a wrap-up or a rest whose time is over; who wrapped up is idle from then on."""
        if self.wrap_up_ends_ms is not None and now_ms >= self.wrap_up_ends_ms:
            self.idle_since_ms = max(self.idle_since_ms, self.wrap_up_ends_ms)
            self.wrap_up_ends_ms = None
        if self.rest_ends_ms is not None and now_ms >= self.rest_ends_ms:
            self.rest_ends_ms = None

    def until_ms(self, now_ms: int) -> int | None:
        """When the state that is shown ends by itself, if it does."""
        match self.state(now_ms)[0]:
            case State.WRAP_UP:
                return self.wrap_up_ends_ms
            case State.PAUSED | State.UNREACHABLE if self.ready and self.reachable:
                return self.rest_ends_ms
            case _:
                return None

    def may_be_offered(self, now_ms: int) -> bool:
        """Ready, reachable, and the phone has no channel at all: ring-in-use never happens."""
        return not self.legs and self.state(now_ms)[0] is State.READY

    def may_take_back(self, now_ms: int) -> bool:
        """Free for a caller they transferred in vain: as for any offer, but wrap-up does not keep them apart."""
        if self.legs or self.call is not None or not (self.reachable and self.ready):
            return False
        return self.rest_ends_ms is None or now_ms >= self.rest_ends_ms

    def is_absent(self) -> bool:
        """Whether waiting for this operator is in vain: the phone is away, or they went home."""
        return self.call is None and not (self.reachable and (self.ready or self.reason != LOGGED_OUT))

    def wakes_ms(self) -> list[int]:
        """Instants at which this operator's state changes by itself."""
        return [at for at in (self.lease_ends_ms, self.wrap_up_ends_ms, self.rest_ends_ms) if at is not None]
