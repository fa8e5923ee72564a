"""Whether the controller does its work, and the hotline at this moment as it knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field

from calls.disks import DiskCondition, DiskNow
from console.answers import Answer
from console.queries import NoBody, Query
from console.route import Asked, Route

if TYPE_CHECKING:
    from console.ports import Live


class Health(Answer):
    """Whether the hotline's controller does its work."""

    status: Literal["ok", "degraded"]
    in_truth: bool = Field(description="Whether the controller knows what Asterisk knows; if not, it is finding out.")
    ledger: Literal["ok", "behind", "away"] = Field(
        description="`away` while it cannot be written to, `behind` when it is a minute behind the calls: `degraded`."
    )
    disks: dict[str, DiskCondition] = Field(
        description="Those that recordings are written to; `degraded` without bytes."
    )
    faults: tuple[str, ...] = Field(
        default=(), description="What is wrong with the hotline's own files (owner, certificate, tokens): `degraded`."
    )


@dataclass(frozen=True, slots=True)
class LoopNow:
    """How the event loop that handles the calls does."""

    longest_s: float
    """The longest that it stood still through us in the last one or two minutes, seconds."""
    stalls: int
    """Since the controller's start: it stood still through us for over 100 ms."""
    starved: int
    """Since the controller's start: it had no processor for over a second."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The hotline at this moment, as the controller knows it."""

    in_truth: bool
    waiting: Mapping[str, int]
    """Callers without an offer, by group; every group is named."""
    operators: Mapping[str, int]
    """Operators by state; every state is named."""
    journal_lag_s: float
    """How far the ledger is behind the journal."""
    faults: tuple[str, ...] = ()
    """What is wrong with the hotline's own files, one line each."""
    idle_beside_waiting: int = 0
    """Since the controller's start: operators left idle beside a caller for over 100 ms."""
    disks: tuple[DiskNow, ...] = ()
    """Those that recordings are written to."""
    ledger_away: str = ""
    """Why the ledger cannot be written to; empty while it can."""
    sip_refused: int = 0
    """Since the controller's start: requests refused over SIP for a wrong account, password or address."""
    loop: LoopNow | None = None
    """None until it is watched."""


@dataclass(frozen=True, slots=True)
class DayWait:
    """The law's figure of the day so far (rule 7): arrival to the operator's answer, over answered calls."""

    answered: int
    mean_s: float | None
    alarms: Mapping[str, int] = field(default_factory=dict)
    """Raised in the day so far, by kind."""


class FloorState(Protocol):
    """What the controller knows of the moment."""

    def floor(self) -> Floor:
        """The hotline at this moment."""


class FloorBooks(Protocol):
    """What the ledger knows of today."""

    async def day_wait(self) -> DayWait:
        """The law's figure of today so far."""


BEHIND_S = 60.0


async def health(office: Live, _: Asked[Query, NoBody]) -> Health:
    """Whether the controller does its work; asked without a token by whoever watches over it."""
    floor = office.state.floor()
    disks = {disk.name: disk.state for disk in floor.disks}
    ledger: Literal["ok", "behind", "away"] = "behind" if floor.journal_lag_s > BEHIND_S else "ok"
    if floor.ledger_away:
        ledger = "away"
    well = floor.in_truth and ledger == "ok" and not {"full", "unwritable"} & set(disks.values())
    well = well and not floor.faults
    status: Literal["ok", "degraded"] = "ok" if well else "degraded"
    return Health(status=status, in_truth=floor.in_truth, ledger=ledger, disks=disks, faults=floor.faults)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", "Whether the controller does its work", (), health, Health, live=True),
)  # fmt: skip
