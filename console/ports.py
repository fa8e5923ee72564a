"""What the API asks of the running hotline, as Protocols; the composition root fills them, the tests fake them.

Every method may raise ApiError.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from calls.demand import Also
from calls.disks import DiskNow
from console.answers import (
    CallNow,
    CancelledCallback,
    Consulting,
    Duty,
    FoundTalks,
    GroupNow,
    Joined,
    LowTalks,
    OperatorNow,
    OwedCallback,
    Prioritised,
    RatingsTold,
    RecordingNow,
    SkillsBody,
    SkillsNow,
    Stats,
    TakenBack,
    TargetNow,
    Transferred,
    WrapUp,
)
from console.demand_answers import DemandBody, DemandFound, DemandHit, DemandNow, DemandPacked
from console.queries import ListenQuery, LowRatingsQuery, RatingsQuery, TalksQuery
from console.story import Story
from console.stream import Stream


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


class LiveState(Protocol):
    """What the controller knows of this moment."""

    def floor(self) -> Floor:
        """The hotline at this moment."""

    async def operators(self) -> list[OperatorNow]:
        """Every operator's state."""

    def target(self) -> TargetNow:
        """Each group against its target (rule 7). Raises UnavailableError until the first look."""

    async def callbacks(self) -> list[OwedCallback]:
        """Everybody who is to be called back, oldest place first, with the number."""

    async def calls(self) -> list[CallNow]:
        """The calls of this moment, asked of Asterisk. Raises UnavailableError."""


class CallControl(Protocol):
    """What is done to the calls and operators of this moment."""

    def duty(self, number: str, reason: str | None) -> Duty:
        """Make an operator ready (no reason) or pause them. Raises UnknownOperatorError."""

    def wrap_up(self, number: str, *, longer: bool) -> WrapUp:
        """Make a running wrap-up longer, or end it. Raises UnknownOperatorError, NoWrapUpError."""

    async def cancel_callback(self, call: str) -> CancelledCallback:
        """Call nobody for it any more. Raises UnknownCallbackError."""

    async def transfer(self, call: str, to: str) -> Transferred:
        """Transfer a talk to a group, or to an operator by number; the caller is told first (rule 11).

        Raises UnknownGroupError, UnknownCallError, NoTalkError, NobodyThereError, UnavailableError.
        """

    async def three_way(self, call: str) -> Joined:
        """Bring caller, operator and the colleague who is being asked together; the caller is told first (rule 11).

        Raises UnknownCallError, NoTalkError, NoConsultationError, UnavailableError.
        """

    async def pause_recording(self, call: str, reason: str, by: str) -> RecordingNow:
        """Pause a talk's recording (rule 14); it goes on by itself.

        Raises UnknownCallError, NoTalkError, RecordingPausedError, UnavailableError.
        """

    async def resume_recording(self, call: str, by: str) -> RecordingNow:
        """Have it go on. Raises UnknownCallError, NoTalkError, RecordingGoesOnError, UnavailableError."""

    async def consult(self, call: str, to: str) -> Consulting:
        """Put the caller on hold and let the operator ask a group or an operator by number (rule 11).

        Raises UnknownGroupError, UnknownCallError, NoTalkError, AlreadyConsultingError, NobodyThereError,
        UnavailableError.
        """

    async def join(self, call: str) -> Joined:
        """Give the caller to the colleague who is being asked; the caller is told first (rule 11).

        Raises UnknownCallError, NoTalkError, NoConsultationError, UnavailableError.
        """

    async def take_back(self, call: str) -> TakenBack:
        """End the question to a colleague: the caller stays with the operator.

        Raises UnknownCallError, NoTalkError, NoConsultationError, UnavailableError.
        """


class Supervision(Protocol):
    """What supervisors change while calls wait. `by` is who asks, for the audit log."""

    async def skills(self, number: str, asked: SkillsBody, by: str) -> SkillsNow:
        """Change what an operator serves; the configuration stays as it is.

        Raises UnknownOperatorError, UnknownGroupError, UnknownLanguageError, NothingLeftError, UnavailableError.
        """

    async def prioritise_call(self, call: str, by_s: int | None, to_s: int | None, by: str) -> Prioritised:
        """Give a caller seconds of waiting: more or fewer than now (`by_s`), or so many (`to_s`).

        Raises UnknownCallError, UnavailableError.
        """

    async def groups(self) -> list[GroupNow]:
        """Every group with its priority, those who wait for it and those who serve it."""

    async def prioritise_group(self, group: str, priority_s: int, by: str) -> Prioritised:
        """Let a group's callers count as waiting so many seconds longer than they do, compared with other groups'.

        Raises NoSuchGroupError, UnavailableError.
        """


class Books(Protocol):
    """What the ledger knows. Every method may raise UnavailableError."""

    async def story(self, call: str) -> Story:
        """Everything on one call. Raises UnknownCallError."""

    async def stats(self, day: date | None) -> Stats:
        """The figures of a local date, of today if none is given (rule 7)."""

    async def ratings(self, asked: RatingsQuery) -> RatingsTold:
        """What callers rated on some local dates (rule 13). Raises BadRequestError for dates that cannot be told of."""

    async def rated_low(self, asked: LowRatingsQuery) -> LowTalks:
        """The talks of those dates that were rated low. Raises BadRequestError."""

    async def talks(self, asked: TalksQuery) -> FoundTalks:
        """Talks by local date and number, in any usual spelling (rule 14), and by all else; the sure ones first.

        Raises BadRequestError for what cannot be looked for.
        """

    async def day_wait(self) -> DayWait:
        """The law's figure of today so far."""


class DemandsOffice(Protocol):
    """Demands for recordings (rule 14); `by` is the person. Every method may raise RefusedError, UnavailableError."""

    async def all(self, *, every: bool) -> list[DemandNow]:
        """Open demands, or all, in the order of registration."""

    async def of(self, demand: str) -> DemandNow:
        """One demand. Raises UnknownDemandError, as all below do."""

    async def enter(self, body: DemandBody, by: str) -> DemandFound:
        """Enter a demand, search at once, and hold what was found."""

    async def hits(self, demand: str) -> list[DemandHit]:
        """The talks that may be meant, as the ledger has them now; nothing is written."""

    async def search(self, demand: str, by: str) -> DemandFound:
        """Search again."""

    async def select(self, demand: str, files: Sequence[str], by: str) -> DemandNow:
        """Say which recordings are meant, or that none is."""

    async def approve(self, demand: str, by: str) -> DemandNow:
        """Approve the selection; whoever selected cannot."""

    async def break_glass(self, demand: str, reason: str, by: str) -> DemandNow:
        """Approve alone, from the fourth hour on."""

    async def package(self, demand: str, also: Collection[Also], by: str) -> DemandPacked:
        """Pack what was approved, signed; `also` lies beside each WAV."""

    async def packed(self, demand: str, by: str) -> Stream:
        """The package itself, once the audit log holds who fetched it. Raises RefusedError before there is one."""

    async def deliver(self, demand: str, to: str, way: str, by: str) -> DemandNow:
        """Say that it was handed over: only this stops the clock."""

    async def withdraw(self, demand: str, letter: str, by: str) -> DemandNow:
        """Close a demand that the authority itself has withdrawn."""


class Listening(Protocol):
    """Recordings to be heard."""

    async def recording(self, file: str, asked: ListenQuery, by: str) -> Stream:
        """A recording's sound, once the audit log holds who hears it and why (rule 14).

        Raises UnknownRecordingError, NoSoundError, RefusedError, BadRequestError.
        """
