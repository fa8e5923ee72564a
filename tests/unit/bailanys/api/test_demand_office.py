"""Demands over the API: an unknown one is told from one that is refused, whoever asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bailanys.api.demands import DemandOffice
from bailanys.cli.days import instant_of
from calls.demand import Authority
from calls.people import People
from config.places import Places
from config.settings import Person
from console.errors import RefusedError, UnfitError, UnknownDemandError
from console.operations.demands import DemandBody
from demands.desk import DemandDesk
from storage.demands import Register
from storage.ledger import Ledger
from tests.unit.demands.test_desk import NOON_MS, PHONE, ZONE, talk

PEOPLE = [
    Person(name="Clerk", roles=("clerk",), tokens=("letters",)),
    Person(name="Chief", roles=("approver",), tokens=("chief",)),
]


@pytest.fixture
def office(engine: Engine, tmp_path: Path) -> DemandOffice:
    desk = DemandDesk(Register(engine), Ledger(engine), ZONE, People(PEOPLE))
    return DemandOffice(desk, Places(tmp_path, tmp_path / "archive", tmp_path / "keys.json", "", tmp_path), ZONE)


def asked(office: DemandOffice, demand: str, by: str) -> list[Callable[[], Awaitable[object]]]:
    return [
        lambda: office.search(demand, by),
        lambda: office.select(demand, [], by),
        lambda: office.approve(demand, by),
        lambda: office.break_glass(demand, "alone", by),
        lambda: office.package(demand, (), by),
        lambda: office.deliver(demand, "A. Serikova", "courier", by),
        lambda: office.withdraw(demand, "5", by),
    ]


@pytest.mark.parametrize("by", ["letters", "chief", "nobody"])
async def test_an_unknown_demand_is_unknown_to_everybody(office: DemandOffice, by: str) -> None:
    for work in asked(office, "D-2025-0009", by):
        with pytest.raises(UnknownDemandError, match="D-2025-0009"):
            await work()
    for look in (office.of, office.hits):
        with pytest.raises(UnknownDemandError):
            await look("D-2025-0009")
    with pytest.raises(UnknownDemandError):
        await office.packed("D-2025-0009", by)


async def test_what_may_not_be_done_with_a_known_demand_is_refused(engine: Engine, office: DemandOffice) -> None:
    file = talk(engine, 1)
    body = DemandBody(
        authority=Authority.SERVICE_QUALITY, letter="14-2/118", ground="rule 14", date="2025-11-24", phone=PHONE,
        received_ms=NOON_MS + 1, confirm_dates=True,
    )  # fmt: skip
    found = await office.enter(body, "letters")
    demand = found.state.demand
    assert [hit.file for hit in found.hits] == [file] == [hit.file for hit in await office.hits(demand)]
    assert (await office.of(demand)).steps[0].kind == "searched"
    for work in asked(office, demand, "nobody"):
        with pytest.raises(RefusedError, match="belongs to nobody"):
            await work()
    with pytest.raises(RefusedError, match="Chief is no auditor"):
        await office.select(demand, [file], "chief")
    with pytest.raises(RefusedError, match="nothing is selected yet"):
        await office.approve(demand, "chief")
    with pytest.raises(RefusedError, match="not approved yet"):
        await office.package(demand, (), "letters")
    with pytest.raises(RefusedError, match="no package of the approved choice"):
        await office.packed(demand, "letters")
    assert (await office.withdraw(demand, "letter 5", "letters")).closed_ms is not None


@pytest.mark.parametrize("received", ["2025-11-24T12:30", "2025-11-24T07:30Z", "2025-11-24T13:30:00.000+06:00"])
async def test_the_receipt_is_written_as_at_the_command_line(
    engine: Engine, office: DemandOffice, received: str
) -> None:
    talk(engine, 1)
    letter = {"authority": "service-quality", "letter": "14-2/118", "ground": "rule 14", "date": "2025-11-24"}
    asked = DemandBody.model_validate(letter | {"phone": PHONE, "received": received, "confirm_dates": True})
    assert (await office.enter(asked, "letters")).state.received_ms == instant_of("2025-11-24T12:30", ZONE)


async def test_an_instant_that_never_was_is_said(office: DemandOffice) -> None:
    letter = {"authority": "service-quality", "letter": "14-2/118", "ground": "rule 14", "date": "2025-11-24"}
    asked = DemandBody.model_validate(letter | {"phone": PHONE, "received": "2025-02-30T12:30"})
    with pytest.raises(UnfitError, match="is no instant"):
        await office.enter(asked, "letters")
