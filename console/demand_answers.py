"""Demands for recordings (rule 14) as the API takes and tells them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from calls.demand import Also, Authority
from calls.search import Why
from console.answers import WHY_IT_MAY_BE, Answer
from console.day import Day

Words = Field(min_length=1, max_length=500)


class DemandBody(BaseModel):
    """A demand as the letter makes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    authority: Authority
    letter: str = Field(min_length=1, max_length=500, description="Number and date of the letter.")
    ground: str = Field(min_length=1, max_length=500, description="The legal ground that it names.")
    date: Day = Field(description="Local date of the talk.")
    phone: str = Field(
        min_length=1, max_length=500, description="The caller's number as the letter writes it, or several."
    )
    received_ms: int | None = Field(default=None, ge=0, le=10**14, description="When it was received; now if left out.")
    scan_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$", description="Of the letter's scan.")


class SelectBody(BaseModel):
    """Which recordings are meant; none is an answer, too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[str, ...] = Field(max_length=5000)


class ReasonBody(BaseModel):
    """Why, in words that are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Words


class PackageBody(BaseModel):
    """What lies in the package beside what always does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    also: tuple[Also, ...] = Field(default=(), max_length=8, description="Beside the WAV of each recording.")


class DeliveryBody(BaseModel):
    """To whom the package was handed over, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str = Words
    way: str = Words


class WithdrawalBody(BaseModel):
    """By which letter the authority withdrew its demand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    letter: str = Words


class DemandStep(Answer):
    """Something that was done about a demand."""

    kind: str
    at_ms: int
    actor: str
    files: tuple[str, ...]
    detail: str


class DemandHit(Answer):
    """A talk that may be meant."""

    call: str
    segment: int
    file: str | None = Field(description="The recording's name; null: not finished yet.")
    match: Literal["exact", "possible"] = Field(description="Whether the number is the one asked for or only may be.")
    why: Why = Field(default=Why.NUMBER, description=WHY_IT_MAY_BE)
    number: str | None = Field(default=None, description="The number it was found for, as written; of several which.")
    day: Literal["on", "adjacent"] = Field(description="On the date, or within an hour of it.")
    phone: str | None = Field(description="The caller's key; null when nobody knows who called.")
    operator: str | None
    arrived_ms: int
    status: str | None = Field(description="Of the recording; `missing` and `empty` are explained gaps.")
    duration_ms: int | None
    sound: bool = Field(description="Whether there is anything to hear and to select.")
    on_hold: bool


class DemandNow(Answer):
    """Where a demand stands."""

    demand: str
    authority: Authority
    letter: str
    ground: str
    date: str
    phone: str
    received_ms: int
    registered_ms: int
    deadline_ms: int
    left_s: float = Field(description="Until the deadline; negative once it is missed.")
    found: tuple[str, ...]
    selected: tuple[str, ...] | None = Field(description="null: not decided yet; empty: none is meant.")
    selected_by: str
    approved_by: str
    alone: bool = Field(description="Whether one person approved alone, in the fourth hour.")
    package_sha256: str
    closed_ms: int | None
    in_time: bool | None = Field(description="Whether it was delivered within the term; null while open or withdrawn.")
    steps: tuple[DemandStep, ...]


class Demands(Answer):
    """Demands in the order of their registration."""

    demands: tuple[DemandNow, ...]


class DemandFound(Answer):
    """A demand, and what the search just found."""

    state: DemandNow
    hits: tuple[DemandHit, ...]


class DemandHits(Answer):
    """The talks that may be meant: exact ones first, then other readings of the number, then adjacent dates."""

    hits: tuple[DemandHit, ...]


class DemandPacked(Answer):
    """The package, ready to be handed over."""

    state: DemandNow
    path: str = Field(description="On the hotline's machine.")
