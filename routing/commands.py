"""What the routing core wants done; the dispatcher or the simulator does it."""

from __future__ import annotations

from dataclasses import dataclass

from calls.ids import CallId, OperatorId


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this operator for this caller."""

    call: CallId
    channel: str
    operator: OperatorId
    given_back: bool = False
    """The caller, whom the operator transferred in vain, is told so first (rule 11)."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the caller their place; cut short by an offer."""

    call: CallId
    channel: str
    language: str
    place: int


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Take a caller back from the safety net into our waiting."""

    call: CallId
    channel: str


@dataclass(frozen=True, slots=True)
class MoveOn:
    """Tell the caller, then let them wait where the operator has asked in vain so far (rule 11)."""

    call: CallId
    channel: str


@dataclass(frozen=True, slots=True)
class KeepDuty:
    """Keep the operator's duty where it outlives us, and tell the safety net."""

    operator: OperatorId
    ready: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ShowState:
    """The operator's state changed: for the ledger and the wallboard."""

    operator: OperatorId
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Somebody should look."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Resync:
    """What we believe may be wrong: rebuild from Asterisk."""

    why: str


Command = Offer | Announce | Reclaim | MoveOn | KeepDuty | ShowState | Alarm | Resync
