"""A demand that names several numbers: each is sought and told apart; one not understood is refused (rule 14)."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from test_recording_search import DAY, NOON_MS, ZONE, enter

from calls.demand import ActionRefusedError, Authority, Demand, StepKind
from config.places import Places
from demands.desk import DemandDesk
from demands.offline import verify
from demands.package import pack
from demands.package_zip import PROTOCOL
from recordings.access.search import Asked, BadSearchError, look
from storage.demands import Register
from storage.ledger import Ledger

FIRST, SECOND, THIRD = "87015552501", "8 701 555 25 02", "8(701)555-25-03"


def desk_of(engine: Engine) -> DemandDesk:
    return DemandDesk(Register(engine), Ledger(engine), ZONE)


def demand(phone: str, day: date = DAY) -> Demand:
    now_ms = time.time_ns() // 1_000_000
    return Demand("", Authority.SERVICE_QUALITY, "14-2/118", "rule 14", day.isoformat(), phone, now_ms, 0, "clerk")


async def entered(desk: DemandDesk, phone: str) -> str:
    of = demand(phone)
    done = await desk.enter(of.authority, of.letter, of.ground, DAY, phone, of.received_ms, "clerk", confirm_dates=True)
    return done.state.demand.id


async def test_each_number_is_sought_and_each_hit_says_for_which(engine: Engine) -> None:
    second = enter(engine, 1, "77015552502")
    first = enter(engine, 2, "77015552501", NOON_MS + 60_000)
    enter(engine, 3, "77015552509")
    for between in (", ", "/", " немесе ", "\n"):
        found, _ = await look(Ledger(engine), Asked(ZONE, DAY, phone=between.join((FIRST, SECOND, THIRD))))
        assert [(hit.call_id, hit.match, hit.number) for hit in found] == [
            (second, "exact", SECOND),
            (first, "exact", FIRST),
        ]


async def test_what_is_found_of_one_number_ends_no_search_for_another(engine: Engine) -> None:
    """The last look, by the last digits, is for each number of which nothing sure was found."""
    enter(engine, 1, "77015552501")
    odd = enter(engine, 2, "+999612345678")
    found, _ = await look(Ledger(engine), Asked(ZONE, DAY, phone=f"{FIRST}, 06 12 34 56 78"))
    assert [(hit.match, hit.number) for hit in found] == [("exact", FIRST), ("possible", "06 12 34 56 78")]
    assert found[1].call_id == odd


async def test_the_protocol_tells_each_number_also_the_one_of_which_there_is_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    key = enter(engine, 1, "77015552501", seconds=None)
    desk, places = desk_of(engine), Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "a.json", "", tmp_path)
    of = await entered(desk, f"тел. {FIRST}\n{SECOND}")
    state, _ = await desk.of(of)
    assert state.demand.phone == f"тел. {FIRST}; {SECOND}"
    await desk.do(of, StepKind.SELECTED, "auditor")
    await desk.do(of, StepKind.APPROVED, "chief")
    target, _ = await pack(desk, of, "auditor", places, ZONE)
    said = verify.Package(target).read(PROTOCOL).decode()
    assert f"По номеру {FIRST}" in said and "точных 1, возможных 0" in said
    assert f"{SECOND} бойынша" in said and "дәл 0, ықтимал 0" in said
    assert key in said


@pytest.mark.parametrize("phone", ["87015552501/02", "см. письмо", "ИИН 901234300123", "%"])
async def test_what_is_not_understood_is_no_demand_and_no_search(engine: Engine, phone: str) -> None:
    desk = desk_of(engine)
    with pytest.raises(ActionRefusedError, match="write each number whole"):
        await entered(desk, phone)
    assert await desk.all(only_open=False) == []
    with pytest.raises(BadSearchError, match="write each number whole"):
        await look(Ledger(engine), Asked(ZONE, DAY, phone=phone))


async def test_nothing_found_is_not_said_of_an_older_demand_that_was_not_understood(
    engine: Engine, tmp_path: Path
) -> None:
    register, desk = Register(engine), desk_of(engine)
    state = await register.enter(demand("87015552501/02"), DAY.year)
    with pytest.raises(ActionRefusedError, match="enter the demand anew"):
        await desk.do(state.demand.id, StepKind.SELECTED, "auditor")
    assert (await desk.search(state.demand.id, "clerk")).found == []  # as it stands; nothing more is said of it
