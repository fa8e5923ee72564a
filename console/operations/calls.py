"""Calls: those of this moment, one call's story, transfers, consultations, recording pauses, who is served first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from console.answers import Answer, Prioritised
from console.day import Seconds, one_of
from console.errors import (
    AlreadyConsultingError,
    NobodyThereError,
    NoConsultationError,
    NoTalkError,
    RecordingGoesOnError,
    RecordingPausedError,
    UnknownCallError,
    UnknownGroupError,
)
from console.queries import NoBody, Query
from console.route import Asked, Asks, Part, Route
from console.scopes import Scope
from console.story import Story

if TYPE_CHECKING:
    from console.ports import Live, Office

_CALL = Part("id", r"[A-Za-z0-9._-]{1,64}", "The call's id, as /calls lists it.", UnknownCallError, "hl1-1764000000.12")


class CallNow(Answer):
    """A call at this moment."""

    call: str
    where: str = Field(description="talking, offered, or the part of the dialplan, e.g. waiting.")
    operator: str = Field(description="Who talks or whose phone rings; empty if nobody.")
    group: str
    language: str
    place: int | None = Field(description="Place in the group's line, from 1.")
    priority_s: int = Field(description="Seconds of waiting that a supervisor added; while the call waits.")
    for_s: int = Field(description="Since the arrival.")


class Calls(Answer):
    """The calls of this moment."""

    calls: tuple[CallNow, ...]


class Joined(Answer):
    """A colleague is joining the talk."""

    call: str


class PauseRecordingBody(BaseModel):
    """Why a recording pauses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(
        min_length=1, max_length=48, description="For the ledger and the audit log.", examples=["card number"]
    )


class RecordingNow(Answer):
    """Whether a talk's recording is paused."""

    call: str
    paused: bool
    most_s: int | None = Field(default=None, description="It goes on by itself after so long.")


class Consulting(Answer):
    """The operator is being connected with a colleague; the caller is on hold."""

    call: str
    to: str


class TakenBack(Answer):
    """The question to a colleague is over; the caller stays with the operator."""

    call: str
    operator: str


class Transferred(Answer):
    """A call on its way to another group (rule 11)."""

    call: str
    to: str


class TransferBody(BaseModel):
    """Where a call is to go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str = Field(
        min_length=1,
        max_length=64,
        description="A group's name or transfer number, or an operator's number.",
        examples=["portal", "62", "101"],
    )


class CallPriorityBody(BaseModel):
    """Seconds of waiting that a caller is given: `by_s` on top of those of now, or `to_s` in all."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"oneOf": [one_of("by_s", "integer"), one_of("to_s", "integer")]}
    )

    by_s: Seconds | None = Field(default=None, description="On top; less than 0: fewer.")
    to_s: Seconds | None = Field(default=None, description="In all.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.by_s is None) is (self.to_s is None):
            raise ValueError("give either by_s or to_s")
        return self


class CallsState(Protocol):
    """What the controller knows of calls."""

    async def calls(self) -> list[CallNow]:
        """The calls of this moment, asked of Asterisk. Raises UnavailableError."""


class CallsControl(Protocol):
    """What is done to calls."""

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


class CallsSupervision(Protocol):
    """What supervisors change of calls that wait. `by` is who asks, for the audit log."""

    async def prioritise_call(self, call: str, by_s: int | None, to_s: int | None, by: str) -> Prioritised:
        """Give a caller seconds of waiting: more or fewer than now (`by_s`), or so many (`to_s`).

        Raises UnknownCallError, UnavailableError.
        """


class CallsBooks(Protocol):
    """What the ledger knows of calls."""

    async def story(self, call: str) -> Story:
        """Everything on one call. Raises UnknownCallError."""


async def calls(office: Live, _: Asked[Query, NoBody]) -> Calls:
    """The calls of this moment."""
    return Calls(calls=tuple(await office.state.calls()))


async def story(office: Office, asked: Asked[Query, NoBody]) -> Story:
    """One call."""
    return await office.books.story(asked.part)


async def transfer(office: Live, asked: Asked[Query, TransferBody]) -> Transferred:
    """Transfer a talk."""
    return await office.control.transfer(asked.part, asked.body.to)


async def three_way(office: Live, asked: Asked[Query, NoBody]) -> Joined:
    """Bring three together."""
    return await office.control.three_way(asked.part)


async def pause_recording(office: Live, asked: Asked[Query, PauseRecordingBody]) -> RecordingNow:
    """Pause a recording."""
    return await office.control.pause_recording(asked.part, asked.body.reason, asked.actor)


async def resume_recording(office: Live, asked: Asked[Query, NoBody]) -> RecordingNow:
    """Have it go on."""
    return await office.control.resume_recording(asked.part, asked.actor)


async def consult(office: Live, asked: Asked[Query, TransferBody]) -> Consulting:
    """Ask a colleague."""
    return await office.control.consult(asked.part, asked.body.to)


async def join(office: Live, asked: Asked[Query, NoBody]) -> Joined:
    """Give the caller to the colleague."""
    return await office.control.join(asked.part)


async def take_back(office: Live, asked: Asked[Query, NoBody]) -> TakenBack:
    """End the question."""
    return await office.control.take_back(asked.part)


async def call_priority(office: Live, asked: Asked[Query, CallPriorityBody]) -> Prioritised:
    """Give a caller seconds of waiting."""
    return await office.supervision.prioritise_call(asked.part, asked.body.by_s, asked.body.to_s, asked.actor)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/calls", "The calls of this moment; no caller's number",
        (Scope.CALLS_READ, Scope.CALLS_TRANSFER, Scope.ROUTING_WRITE), calls, Calls, Asks.ASTERISK, live=True,
    ),
    Route(
        "GET", "/calls/{id}", "Everything the ledger knows of one call", (Scope.CALLS_READ,), story, Story, Asks.LEDGER,
        part=_CALL, errors=(UnknownCallError,), personal=True,
    ),
    Route(
        "POST", "/calls/{id}/transfer", "Transfer a talk to a group or an operator; the caller is told first (rule 11)",
        (Scope.CALLS_TRANSFER,), transfer, Transferred, Asks.ASTERISK,
        part=_CALL, body=TransferBody,
        errors=(UnknownCallError, UnknownGroupError, NoTalkError, NobodyThereError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/three-way", "Bring caller, operator and the colleague being asked together (rule 11)",
        (Scope.CALLS_TRANSFER,), three_way, Joined, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, NoConsultationError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/recording/pause", "Pause a talk's recording, as `*7` does; it resumes by itself",
        (Scope.RECORDINGS_PAUSE,), pause_recording, RecordingNow, Asks.ASTERISK,
        part=_CALL, body=PauseRecordingBody, errors=(UnknownCallError, NoTalkError, RecordingPausedError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/recording/resume", "Have a paused recording go on, as `*8` does",
        (Scope.RECORDINGS_PAUSE,), resume_recording, RecordingNow, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, RecordingGoesOnError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/consult", "Hold the caller while the operator asks a group or an operator (rule 11)",
        (Scope.CALLS_TRANSFER,), consult, Consulting, Asks.ASTERISK,
        part=_CALL, body=TransferBody,
        errors=(UnknownCallError, UnknownGroupError, NoTalkError, AlreadyConsultingError, NobodyThereError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/join", "Give the caller to the colleague being asked; the caller is told first (rule 11)",
        (Scope.CALLS_TRANSFER,), join, Joined, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, NoConsultationError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/take-back", "End the question to a colleague; the caller stays with the operator",
        (Scope.CALLS_TRANSFER,), take_back, TakenBack, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, NoConsultationError), live=True,
    ),
    Route(
        "POST", "/calls/{id}/priority", "Let a caller count as waiting longer, or shorter, than they do",
        (Scope.ROUTING_WRITE,), call_priority, Prioritised, Asks.ASTERISK,
        part=_CALL, body=CallPriorityBody, errors=(UnknownCallError,), live=True,
    ),
)  # fmt: skip
