"""What the API answers and what it takes, as values; its description is made from them.

Instants are UTC epoch milliseconds (`_ms`), durations seconds (`_s`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calls.disks import DiskCondition
from calls.search import Why
from rating.day import RatedFigures
from rating.figures import OperatorRatings, Ratings
from rating.report import By
from rating.scale import HIGHEST, LOWEST

WHY_IT_MAY_BE = (
    "What ties the talk to the number: it is the caller's (`number`), came with the call (`identity`), a callback was "
    "asked for from it or to it (`callback`), another reading of it (`reading`), the same last digits (`ending`), or "
    "nobody knows who called (`unattributed`)."
)
LARGEST_S = 3600
"""No priority is larger: an hour of waiting more than others have."""


class Answer(BaseModel):
    """A value that never changes, filled from another's attributes of the same names."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Refusal(Answer):
    """Why a request was not fulfilled."""

    error_id: str = Field(description="Stable, for programs.")
    message: str = Field(description="For people.")
    retryable: bool = Field(description="Whether the same request may succeed later.")


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


class OperatorNow(Answer):
    """An operator's state at this moment."""

    operator: str
    name: str
    groups: tuple[str, ...]
    levels: dict[str, int] = Field(description="How well each group is known, 1 (best) to 5.")
    languages: tuple[str, ...]
    changed: bool = Field(description="Whether a supervisor changed groups, levels or languages.")
    state: str = Field(description="ready, paused, offered, talking, wrap-up or unreachable.")
    reason: str = Field(description="Why; the call's id while offered or talking.")
    until_ms: int | None = Field(default=None, description="When the state ends by itself: wrap-up, rest, back-off.")


class Operators(Answer):
    """Every operator."""

    operators: tuple[OperatorNow, ...]


class Duty(Answer):
    """What an operator's duty will be."""

    operator: str
    state: Literal["ready", "paused"]


class WrapUp(Answer):
    """A wrap-up that was made longer, or ended."""

    operator: str
    until_ms: int = Field(description="When it ends; now, if it was ended.")


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

    reason: str = Field(min_length=1, max_length=48, description="For the ledger and the audit log.")


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


class TargetOfGroup(Answer):
    """A group's day against its target, or that of all groups together (rule 7); waits are from the arrival."""

    group: str = Field(description="Empty for all together.")
    target_s: float
    answered: int
    abandoned: int = Field(description="Callers who hung up waiting.")
    waiting: int
    asa_s: float | None = Field(description="Average wait of the day so far; null before the first answer.")
    projected_s: float | None = Field(
        description="Average wait at the day's end at the present rate; null without calls, or when nobody is on duty."
    )
    state: str = Field(description="calm, in danger or widened; of all together that of the worst group.")
    width: str = Field(description="How wide a widened group is served: levels, languages or helpers.")
    helpers: tuple[str, ...] = Field(description="Operators who are lent to the group now.")
    missed: bool = Field(description="Whether the target will be missed at the present rate.")
    operators_missing: int | None = Field(description="Who would mend that; null: none, or no number would.")
    until_ms: int | None = Field(description="Until when they would have to be there.")


class TargetNow(Answer):
    """Every group's day against its target, as last looked at."""

    at_ms: int
    ledger_at_ms: int = Field(description="When the ledger told its figures; older than the look when it is away.")
    time_zone: str
    total: TargetOfGroup
    groups: tuple[TargetOfGroup, ...]


class SkillsNow(Answer):
    """What an operator serves from now on."""

    operator: str
    levels: dict[str, int] = Field(description="How well each group is known, 1 (best) to 5.")
    languages: tuple[str, ...]
    changed: bool = Field(description="Whether it is other than the configuration says.")


class GroupNow(Answer):
    """A group at this moment."""

    group: str
    priority_s: int = Field(description="Its callers count as waiting so much longer, compared with other groups'.")
    waiting: int = Field(description="Callers without an offer.")
    operators: int = Field(description="Who serve it, there or not.")
    ready: int = Field(description="Of them, those who may be offered a call.")


class Groups(Answer):
    """Every group."""

    groups: tuple[GroupNow, ...]


class Prioritised(Answer):
    """The priority of a call or a group from now on."""

    of: str = Field(description="The call's id, or the group's name.")
    priority_s: int


OwedState = Literal["waiting", "calling", "later"]


class OwedCallback(Answer):
    """A caller who hung up, keeps the place and is to be called."""

    call: str = Field(description="The call it was asked in.")
    number: str | None = Field(description="To be called, E.164; null unless the token has `calls:read`, too.")
    group: str
    language: str
    asked_ms: int
    tried: int = Field(description="How often the caller was called in vain.")
    state: OwedState = Field(
        description="waiting in line; calling (an operator or the caller is rung); later: see `not_before_ms`."
    )
    place: int | None = Field(description="Place in the group's line, from 1, while waiting.")
    not_before_ms: int | None = Field(description="While `later`: in line from then on, inside the hours for calls.")


class OwedCallbacks(Answer):
    """Callbacks that are owed, oldest place first."""

    callbacks: tuple[OwedCallback, ...]


class CancelledCallback(Answer):
    """A callback that is owed no more."""

    call: str
    being_called: bool = Field(description="The caller or the operator is being rung just now, and still will be.")


class Stats(Answer):
    """A day's figures: the average wait from the arrival (rule 7), and what an average hides."""

    day: date
    time_zone: str
    total: RatedFigures
    groups: dict[str, RatedFigures]
    operators: dict[str, OperatorRatings] = Field(description="Ratings by operator's number (rule 13).")


class RatingsOf(Answer):
    """The ratings of one operator, group, language or day."""

    of: str | None = Field(description="null where the ledger does not know.")
    rated: Ratings = Field(description="`mean` and `deviation` are null when nobody answered.")
    same_call: Ratings | None = Field(
        description="What callers gave to another operator of a call in which this one had talked; only by operator."
    )


class RatingsTold(Answer):
    """What callers rated (rule 13) in calls that arrived on these local dates."""

    from_day: date
    to_day: date
    time_zone: str
    by: By
    total: Ratings
    lines: tuple[RatingsOf, ...] = Field(description="Each offer to rate is in `rated` of one line.")


class LowTalk(Answer):
    """A talk that its caller rated low; never with the caller's number."""

    call: str
    seq: int
    arrived_ms: int
    rated_ms: int | None
    score: int = Field(ge=LOWEST, le=HIGHEST)
    operator: str = Field(description="Who talked last and was rated.")
    others: tuple[str, ...] = Field(description="Operators who talked in the same call, too, in that order.")
    group: str | None
    language: str | None
    recorded: bool = Field(description="Whether the archive has a recording of this talk.")


class LowTalks(Answer):
    """Talks that were rated low, as they came."""

    from_day: date
    to_day: date
    time_zone: str
    at_most: int = Field(description="The score that counts as low: `[rating] low`.")
    more: bool = Field(description="Whether there may be talks on the next page.")
    talks: tuple[LowTalk, ...]


class FoundTalk(Answer):
    """A talk that a demand may mean, with its recording (rule 14)."""

    call: str
    seq: int
    match: Literal["exact", "possible"] = Field(description="Whether the number is the one asked for or only may be.")
    why: Why = Field(default=Why.NUMBER, description=WHY_IT_MAY_BE)
    number: str | None = Field(default=None, description="The number it was found for, as written; of several which.")
    day: Literal["on", "adjacent"] = Field(description="On the date, or within an hour of it.")
    phone: str | None = Field(description="The caller's key; null when nobody knows who called.")
    arrived_ms: int
    operator: str | None
    group: str | None
    answered_ms: int | None = Field(description="null: a recording whose answer the journal does not tell.")
    ended_ms: int | None
    language: str | None
    file: str | None = Field(description="The recording's name, to listen to it; null: not finished yet.")
    status: str | None = Field(description="Of the recording; `disposed`, `missing` and `empty` have no sound.")
    on_hold: bool = Field(description="Whether it is kept whatever its age.")
    duration_ms: int | None
    path: str | None = Field(description="Of the FLAC, relative to the archive.")
    sha256: str | None


class Covered(Answer):
    """How much of the talks of those dates is recorded, whoever called."""

    talks: int
    recorded: int
    unfinished: int
    gaps: dict[str, int] = Field(description="Talks without a recording, by the status that explains them.")


class FoundTalks(Answer):
    """Talks that were looked for: the sure ones first, then other readings of the number, then adjacent ones."""

    exact: int
    possible: int
    adjacent: int
    more: bool = Field(description="Whether there may be hits on the next page.")
    coverage: Covered | None = Field(description="null: no date was named.")
    talks: tuple[FoundTalk, ...]


class PauseBody(BaseModel):
    """Why an operator is paused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(default="break", max_length=80, description="Shown to supervisors and kept.")


class WrapUpBody(BaseModel):
    """What becomes of a running wrap-up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["extend", "end"] = Field(
        description="`extend`: longer by `[offers] wrap_up_extension_s`, up to `wrap_up_most_s` in all."
    )


class SkillsBody(BaseModel):
    """What changes at an operator; what is not named stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: dict[str, Annotated[int, Field(ge=1, le=5)]] = Field(
        default={}, max_length=64, description="Groups served from now on, each with the level 1 (best) to 5."
    )
    remove: tuple[str, ...] = Field(default=(), max_length=64, description="Groups served no longer.")
    add_languages: tuple[str, ...] = Field(default=(), max_length=8)
    remove_languages: tuple[str, ...] = Field(default=(), max_length=8)
    reset: bool = Field(default=False, description="First forget every earlier change: as the configuration says.")


class CallPriorityBody(BaseModel):
    """Seconds of waiting that a caller is given: `by_s` on top of those of now, or `to_s` in all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by_s: int | None = Field(default=None, ge=-LARGEST_S, le=LARGEST_S)
    to_s: int | None = Field(default=None, ge=-LARGEST_S, le=LARGEST_S)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.by_s is None) is (self.to_s is None):
            raise ValueError("give either by_s or to_s")
        return self


class GroupPriorityBody(BaseModel):
    """Seconds that a group's callers count as waiting longer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority_s: int = Field(ge=-LARGEST_S, le=LARGEST_S)


class TransferBody(BaseModel):
    """Where a call is to go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str = Field(
        min_length=1, max_length=64, description="A group's name or transfer number, or an operator's number."
    )
