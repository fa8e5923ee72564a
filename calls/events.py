"""What happens to calls and operators, as typed values on the one queue between the wire and the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from calls.ids import CallId, GroupId, OperatorId


class Outcome(StrEnum):
    """How an offer ended without a talk."""

    MISSED = "missed"  # the phone rang its whole time
    REFUSED = "refused"  # rejected, busy, or forwarded by the operator
    FAILED = "failed"  # the phone could not be reached or set up
    CANCELLED = "cancelled"  # the caller hung up, or was moved elsewhere


@dataclass(frozen=True, slots=True)
class CallWaiting:
    """The caller is in `[waiting]` and may be offered; sent again after every offer that failed."""

    call: CallId
    channel: str
    group: GroupId
    language: str
    rank_ms: int
    """The instant that orders callers: the arrival, moved later by the time already spent talking (rule 11)."""
    offers: int = 0
    """How many offers the dialplan has begun for this caller: tells old news from new."""
    returned_from: OperatorId | None = None
    outcome: Outcome | None = None
    wanted: OperatorId | None = None
    """To be offered to first, if idle now: transferred to this operator by name (rule 11)."""
    giver: OperatorId | None = None
    """Who transferred by name; without `wanted`: the named operator did not take the call, so back to this one."""
    priority_s: int = 0
    """Seconds of waiting that a supervisor added, as the caller's channel keeps them."""


@dataclass(frozen=True, slots=True)
class CallGone:
    """The caller's channel is no more, or has left the waiting for good."""

    call: CallId


@dataclass(frozen=True, slots=True)
class OperatorRung:
    """The operator's phone is being rung for a call, by us or by the net, or is kept free for a caller given back."""

    operator: OperatorId
    call: CallId
    by_net: bool = True
    """False when it is known that the offer is ours: a rebuilt truth or the dialplan says so."""


@dataclass(frozen=True, slots=True)
class OperatorAnswered:
    """The operator picked up. The call's group is told where nobody may have heard of its waiting."""

    operator: OperatorId
    call: CallId
    group: GroupId | None = None


@dataclass(frozen=True, slots=True)
class TalkJoined:
    """The caller goes on with this operator: the colleague who was asked, or who stays of three (rule 11)."""

    call: CallId
    operator: OperatorId


@dataclass(frozen=True, slots=True)
class TalkLeft:
    """An operator put the caller in the place of a consultation that nobody had answered yet (rule 11)."""

    call: CallId
    channel: str
    consultation: CallId


@dataclass(frozen=True, slots=True)
class LegUp:
    """The operator's phone has a channel, whatever for."""

    operator: OperatorId
    channel: str


@dataclass(frozen=True, slots=True)
class LegGone:
    """A channel of the operator's phone is no more."""

    operator: OperatorId
    channel: str


@dataclass(frozen=True, slots=True)
class DutyChanged:
    """The operator, a supervisor or the dialplan said ready or paused."""

    operator: OperatorId
    ready: bool
    reason: str = ""
    kept: bool = False
    """Said some time ago and read again: nothing that only news may end (wrap-up, rest) ends."""


@dataclass(frozen=True, slots=True)
class WrapUpSet:
    """The operator's wrap-up lasts until then: extended, ended, or read again from where Asterisk keeps it."""

    operator: OperatorId
    from_ms: int
    """When the talk ended; of an ended one, when that was said."""
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Reachability:
    """The operator's phone registered, or vanished."""

    operator: OperatorId
    reachable: bool
    reason: str = ""
    """Why not, if anything is known."""


@dataclass(frozen=True, slots=True)
class SkillsChanged:
    """A supervisor changed what an operator serves; said anew after every rebuilt truth."""

    operator: OperatorId
    levels: Mapping[GroupId, int]
    """Every group the operator serves from now on, with the level 1 (best) to 5."""
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class CallPrioritised:
    """A supervisor said how many seconds of waiting a caller is to be given, or taken (negative)."""

    call: CallId
    priority_s: int


@dataclass(frozen=True, slots=True)
class GroupPrioritised:
    """A supervisor said how many seconds longer a group's callers count as waiting, compared with other groups'."""

    group: GroupId
    priority_s: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = (
    CallWaiting
    | CallGone
    | OperatorRung
    | OperatorAnswered
    | TalkJoined
    | TalkLeft
    | LegUp
    | LegGone
    | DutyChanged
    | WrapUpSet
    | Reachability
    | SkillsChanged
    | CallPrioritised
    | GroupPrioritised
    | Tick
)
