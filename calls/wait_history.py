"""The work that callers brought and how it was done, as the ledger tells it: for rates, targets and staffing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calls.ids import CallId, GroupId, OperatorId

HALF_HOUR_MS = 1_800_000


@dataclass(frozen=True, slots=True)
class Handled:
    """One wait in a group that has ended, with an operator or not; instants are UTC epoch ms."""

    group: GroupId
    queued_ms: int
    answered_ms: int | None
    ended_ms: int
    """When the talk ended, or the caller gave up."""


@dataclass(frozen=True, slots=True)
class HalfHour:
    """What came to a group in one half-hour, counted when the callers began to wait; sums are of seconds."""

    group: GroupId
    from_ms: int
    calls: int
    talks: int
    talk_s: float
    """From the operator's answer to the end of the talk."""
    waited_s: float
    """By all, those who gave up included."""
    gave_up: int
    first_waits: int
    """Of the calls, those that came from the menu and not from another group."""
    menu_s: float
    """From the arrival to the wait, of the first waits (rule 7 counts it)."""


@dataclass(frozen=True, slots=True)
class PastWait:
    """One caller's wait in a group with all that a replay needs; instants are UTC epoch ms."""

    call: CallId
    group: GroupId
    language: str
    rank_ms: int
    """What the place in the line was by: the arrival, moved later by the time spent talking (rule 11)."""
    queued_ms: int
    answered_ms: int | None
    ended_ms: int
    """When the operator was free again, or the caller gone."""
    operator: OperatorId | None = None
    rung_ms: int | None = None
    """When the phone that was answered began to ring."""
    moved: bool = False
    """Transferred here, not from the menu."""
    asked_callback: bool = False
    callback_of: CallId | None = None
    """This call was made for the callback asked for in that one."""


@dataclass(frozen=True, slots=True)
class PastState:
    """An operator's state from one instant (inclusive) to another; `to_ms` None: still."""

    operator: OperatorId
    from_ms: int
    state: str
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Waited:
    """Calls of the day that first chose a group; the hotline's own calls for callbacks are apart."""

    answered: int = 0
    waited_s: float = 0.0
    """From the arrival to the operator's answer, by all the answered together."""
    menu_s: float = 0.0
    """Of it, from the arrival to the choice of the group."""
    abandoned: int = 0
    """Who hung up waiting; who asked to be called back did not."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the ledger held at an instant (epoch ms); a group without calls is not named."""

    at_ms: int
    waited: Mapping[GroupId, Waited]
    came: Mapping[GroupId, int]
    """Calls that began to wait in each group lately, transferred ones, too."""
