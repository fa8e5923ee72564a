"""The API's paths for demands (rule 14): the whole way from the letter to the delivery."""

from __future__ import annotations

from pydantic import Field

from console import demand_answers as answers
from console.errors import NoSuchRangeError, RefusedError, UnknownDemandError
from console.queries import NoBody, Query
from console.route import Asked, Asks, Office, Part, Route
from console.scopes import Scope
from console.stream import ZIP_MEDIA, Stream

_DEMAND = Part("demand", r"D-[0-9]{4}-[0-9]{4,8}", "The demand's id, as /demands lists it.", UnknownDemandError)
_READ, _WRITE, _APPROVE = Scope.DEMANDS_READ, Scope.DEMANDS_WRITE, Scope.DEMANDS_APPROVE


class DemandsQuery(Query):
    """Which demands."""

    every: bool = Field(default=False, description="Closed ones, too.")


async def demands(office: Office, asked: Asked[DemandsQuery, NoBody]) -> answers.Demands:
    """Every open demand."""
    return answers.Demands(demands=tuple(await office.demands.all(every=asked.query.every)))


async def demand(office: Office, asked: Asked[Query, NoBody]) -> answers.DemandNow:
    """One demand."""
    return await office.demands.of(asked.part)


async def demand_add(office: Office, asked: Asked[Query, answers.DemandBody]) -> answers.DemandFound:
    """Enter a demand."""
    return await office.demands.enter(asked.body, asked.by)


async def demand_hits(office: Office, asked: Asked[Query, NoBody]) -> answers.DemandHits:
    """What there is for a demand."""
    return answers.DemandHits(hits=tuple(await office.demands.hits(asked.part)))


async def demand_search(office: Office, asked: Asked[Query, NoBody]) -> answers.DemandFound:
    """Search again."""
    return await office.demands.search(asked.part, asked.by)


async def demand_select(office: Office, asked: Asked[Query, answers.SelectBody]) -> answers.DemandNow:
    """Say which are meant."""
    return await office.demands.select(asked.part, asked.body.files, asked.by)


async def demand_approve(office: Office, asked: Asked[Query, NoBody]) -> answers.DemandNow:
    """Approve the selection."""
    return await office.demands.approve(asked.part, asked.by)


async def demand_glass(office: Office, asked: Asked[Query, answers.ReasonBody]) -> answers.DemandNow:
    """Approve alone."""
    return await office.demands.break_glass(asked.part, asked.body.reason, asked.by)


async def demand_package(office: Office, asked: Asked[Query, answers.PackageBody]) -> answers.DemandPacked:
    """Build the package."""
    return await office.demands.package(asked.part, asked.body.also, asked.by)


async def demand_packed(office: Office, asked: Asked[Query, NoBody]) -> Stream:
    """Fetch the package."""
    return await office.demands.packed(asked.part, asked.by)


async def demand_deliver(office: Office, asked: Asked[Query, answers.DeliveryBody]) -> answers.DemandNow:
    """Stop the clock."""
    return await office.demands.deliver(asked.part, asked.body.to, asked.body.way, asked.by)


async def demand_withdraw(office: Office, asked: Asked[Query, answers.WithdrawalBody]) -> answers.DemandNow:
    """Close what was withdrawn."""
    return await office.demands.withdraw(asked.part, asked.body.letter, asked.by)


_ERRORS = (UnknownDemandError, RefusedError)

DEMAND_ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/demands", "Open demands for recordings, each with its clock (rule 14)", (_READ, _WRITE, _APPROVE),
        demands, answers.Demands, Asks.LEDGER, query=DemandsQuery, personal=True,
    ),
    Route(
        "POST", "/demands", "Enter a demand; the search runs at once and holds what it finds", (_WRITE,), demand_add,
        answers.DemandFound, Asks.LEDGER, body=answers.DemandBody, errors=(RefusedError,),
    ),
    Route(
        "GET", "/demands/{demand}", "One demand, and all that was done about it", (_READ, _WRITE, _APPROVE), demand,
        answers.DemandNow, Asks.LEDGER, part=_DEMAND, errors=(UnknownDemandError,), personal=True,
    ),
    Route(
        "GET", "/demands/{demand}/hits", "The talks that may be meant, as the ledger has them now",
        (_READ, _WRITE, _APPROVE), demand_hits, answers.DemandHits, Asks.LEDGER, part=_DEMAND,
        errors=(UnknownDemandError,), personal=True,
    ),
    Route(
        "POST", "/demands/{demand}/search", "Search again", (_WRITE,), demand_search, answers.DemandFound, Asks.LEDGER,
        part=_DEMAND, body=NoBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/select", "Say which recordings are meant, or that none is", (_WRITE,),
        demand_select, answers.DemandNow, Asks.LEDGER, part=_DEMAND, body=answers.SelectBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/approve", "Approve; whoever selected cannot", (_APPROVE,), demand_approve,
        answers.DemandNow, Asks.LEDGER, part=_DEMAND, body=NoBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/break-glass", "Approve alone, from the fourth hour on", (_APPROVE,), demand_glass,
        answers.DemandNow, Asks.LEDGER, part=_DEMAND, body=answers.ReasonBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/package", "Pack what was approved, signed", (_WRITE,), demand_package,
        answers.DemandPacked, Asks.LEDGER, part=_DEMAND, body=answers.PackageBody, errors=_ERRORS,
    ),
    Route(
        "GET", "/demands/{demand}/package", "Fetch the package; takes `Range`", (_WRITE,), demand_packed, None,
        Asks.ARCHIVE, part=_DEMAND, media=ZIP_MEDIA, errors=(*_ERRORS, NoSuchRangeError), personal=True,
    ),
    Route(
        "POST", "/demands/{demand}/deliver", "Say that it was handed over: only this stops the clock", (_WRITE,),
        demand_deliver, answers.DemandNow, Asks.LEDGER, part=_DEMAND, body=answers.DeliveryBody, errors=_ERRORS,
    ),
    Route(
        "POST", "/demands/{demand}/withdraw", "Close a demand that the authority has withdrawn", (_WRITE,),
        demand_withdraw, answers.DemandNow, Asks.LEDGER, part=_DEMAND, body=answers.WithdrawalBody, errors=_ERRORS,
    ),
)  # fmt: skip
