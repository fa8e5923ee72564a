"""Demands for recordings (rule 14): the whole way from the letter to the delivery."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calls.demand import Also, Authority
from calls.search import Why
from console.answers import WHY_IT_MAY_BE, Answer
from console.day import AskedFlag, Day, EpochMs, Flag, Instant, one_of
from console.errors import NoSuchRangeError, RefusedError, UnfitError, UnknownDemandError
from console.queries import NoBody, Query
from console.route import Asked, Asks, Part, Route
from console.scopes import Scope
from console.stream import ZIP_MEDIA, Stream

if TYPE_CHECKING:
    from console.ports import Office

_DEMAND = Part(
    "demand", r"D-[0-9]{4}-[0-9]{4,8}", "The demand's id, as /demands lists it.", UnknownDemandError, "D-2026-0001"
)
_READ, _WRITE, _APPROVE = Scope.DEMANDS_READ, Scope.DEMANDS_WRITE, Scope.DEMANDS_APPROVE
_ERRORS = (UnknownDemandError, RefusedError)
Words = Field(min_length=1, max_length=500)


class DemandBody(BaseModel):
    """A demand as the letter makes it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"not": {"allOf": [one_of("received", "string"), one_of("received_ms", "integer")]}},
    )

    authority: Authority
    letter: str = Field(
        min_length=1, max_length=500, description="Number and date of the letter.", examples=["14-2/118 of 22.11.2026"]
    )
    ground: str = Field(
        min_length=1, max_length=500, description="The legal ground that it names.", examples=["rule 14"]
    )
    date: Day = Field(description="Local date of the talk.", examples=["2026-11-22"])
    phone: str = Field(
        min_length=1,
        max_length=500,
        description="The caller's number as the letter writes it, or several.",
        examples=["8 701 234-56-78"],
    )
    received: Instant | None = Field(
        default=None,
        description="When it was received, `2026-11-22T14:05`, local or with its offset; now if left out.",
    )
    received_ms: EpochMs | None = Field(default=None, description="The same, instead of `received`.")
    scan_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$", description="Of the letter's scan.")
    confirm_dates: Flag = Field(
        default=False,
        description="The dates are right, though it was received over 24 hours ago, or 365 days after the talk.",
    )

    @model_validator(mode="after")
    def _received_once(self) -> Self:
        if self.received is not None and self.received_ms is not None:
            raise ValueError("give either received or received_ms")
        return self


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


class DemandsQuery(Query):
    """Which demands."""

    every: AskedFlag = Field(default=False, description="Closed ones, too.")


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


async def demands(office: Office, asked: Asked[DemandsQuery, NoBody]) -> Demands:
    """Every open demand."""
    return Demands(demands=tuple(await office.demands.all(every=asked.query.every)))


async def demand(office: Office, asked: Asked[Query, NoBody]) -> DemandNow:
    """One demand."""
    return await office.demands.of(asked.part)


async def demand_add(office: Office, asked: Asked[Query, DemandBody]) -> DemandFound:
    """Enter a demand."""
    return await office.demands.enter(asked.body, asked.by)


async def demand_hits(office: Office, asked: Asked[Query, NoBody]) -> DemandHits:
    """What there is for a demand."""
    return DemandHits(hits=tuple(await office.demands.hits(asked.part)))


async def demand_search(office: Office, asked: Asked[Query, NoBody]) -> DemandFound:
    """Search again."""
    return await office.demands.search(asked.part, asked.by)


async def demand_select(office: Office, asked: Asked[Query, SelectBody]) -> DemandNow:
    """Say which are meant."""
    return await office.demands.select(asked.part, asked.body.files, asked.by)


async def demand_approve(office: Office, asked: Asked[Query, NoBody]) -> DemandNow:
    """Approve the selection."""
    return await office.demands.approve(asked.part, asked.by)


async def demand_glass(office: Office, asked: Asked[Query, ReasonBody]) -> DemandNow:
    """Approve alone."""
    return await office.demands.break_glass(asked.part, asked.body.reason, asked.by)


async def demand_package(office: Office, asked: Asked[Query, PackageBody]) -> DemandPacked:
    """Build the package."""
    return await office.demands.package(asked.part, asked.body.also, asked.by)


async def demand_packed(office: Office, asked: Asked[Query, NoBody]) -> Stream:
    """Fetch the package."""
    return await office.demands.packed(asked.part, asked.by)


async def demand_deliver(office: Office, asked: Asked[Query, DeliveryBody]) -> DemandNow:
    """Stop the clock."""
    return await office.demands.deliver(asked.part, asked.body.to, asked.body.way, asked.by)


async def demand_withdraw(office: Office, asked: Asked[Query, WithdrawalBody]) -> DemandNow:
    """Close what was withdrawn."""
    return await office.demands.withdraw(asked.part, asked.body.letter, asked.by)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/demands", "Open demands for recordings, each with its clock (rule 14)", (_READ, _WRITE, _APPROVE),
        demands, Demands, Asks.LEDGER, query=DemandsQuery, personal=True,
    ),
    Route(
        "POST", "/demands", "Enter a demand; the search runs at once and holds what it finds", (_WRITE,), demand_add,
        DemandFound, Asks.LEDGER, body=DemandBody, errors=(RefusedError, UnfitError),
    ),
    Route(
        "GET", "/demands/{demand}", "One demand, and all that was done about it", (_READ, _WRITE, _APPROVE), demand,
        DemandNow, Asks.LEDGER, part=_DEMAND, errors=(UnknownDemandError,), personal=True,
    ),
    Route(
        "GET", "/demands/{demand}/hits", "The talks that may be meant, as the ledger has them now",
        (_READ, _WRITE, _APPROVE), demand_hits, DemandHits, Asks.LEDGER, part=_DEMAND,
        errors=(UnknownDemandError,), personal=True,
    ),
    Route(
        "POST", "/demands/{demand}/search", "Search again", (_WRITE,), demand_search, DemandFound, Asks.LEDGER,
        part=_DEMAND, body=NoBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/select", "Say which recordings are meant, or that none is", (_WRITE,),
        demand_select, DemandNow, Asks.LEDGER, part=_DEMAND, body=SelectBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/approve", "Approve; whoever selected cannot", (_APPROVE,), demand_approve,
        DemandNow, Asks.LEDGER, part=_DEMAND, body=NoBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/break-glass", "Approve alone, from the fourth hour on", (_APPROVE,), demand_glass,
        DemandNow, Asks.LEDGER, part=_DEMAND, body=ReasonBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/package", "Pack what was approved, signed", (_WRITE,), demand_package,
        DemandPacked, Asks.LEDGER, part=_DEMAND, body=PackageBody, errors=_ERRORS,
    ),
    Route(
        "GET", "/demands/{demand}/package", "Fetch the package; takes `Range`", (_WRITE,), demand_packed, None,
        Asks.ARCHIVE, part=_DEMAND, media=ZIP_MEDIA, errors=(*_ERRORS, NoSuchRangeError), personal=True,
    ),
    Route(
        "POST", "/demands/{demand}/deliver", "Say that it was handed over: only this stops the clock", (_WRITE,),
        demand_deliver, DemandNow, Asks.LEDGER, part=_DEMAND, body=DeliveryBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/withdraw", "Close a demand that the authority has withdrawn", (_WRITE,),
        demand_withdraw, DemandNow, Asks.LEDGER, part=_DEMAND, body=WithdrawalBody, errors=_ERRORS,
    ),
)  # fmt: skip
