"""The register on both databases: every deed checked, audited, and kept over everything."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import Engine, select

from calls.audit import faults
from calls.demand import ALERTS_MS, HOUR_MS, Authority, DeedRefusedError, Demand, Kind, Step, due
from storage import audit
from storage.register import Register
from storage.tables import legal_hold


def wanted(received_ms: int | None = None) -> Demand:
    now_ms = time.time_ns() // 1_000_000
    return Demand(
        id="",
        authority=Authority.INFORMATISATION,
        letter="14-2/118",
        ground="a complaint",
        day="2025-11-20",
        phone="8 701 234-56-78",
        received_ms=now_ms - 1000 if received_ms is None else received_ms,
        registered_ms=0,
        registered_by="clerk",
    )


def deed(kind: Kind, actor: str = "auditor", files: tuple[str, ...] = (), detail: str = "") -> Step:
    return Step(kind, 0, actor, files, detail)


async def test_the_whole_way_is_kept_and_audited(engine: Engine) -> None:
    register = Register(engine)
    state = await register.enter(wanted(), 2025)
    assert state.demand.id == "D-2025-0001"
    for one in (
        deed(Kind.SEARCHED, files=("a", "b")),
        deed(Kind.SELECTED, files=("a",)),
        deed(Kind.APPROVED, "chief"),
        deed(Kind.PACKAGED, detail="ab" * 32),
        deed(Kind.DELIVERED, detail="courier"),
    ):
        await register.do("D-2025-0001", one)
    state, steps = await register.of("D-2025-0001")
    assert (state.in_time, state.approved_by, state.selected) == (True, "chief", ("a",))
    assert [step.kind for step in steps] == ["searched", "selected", "approved", "packaged", "delivered"]
    assert all(step.at_ms >= state.demand.registered_ms for step in steps)
    assert [entry.kind for entry in await register.audit_of("D-2025-0001")] == [
        "demand.registered", *(f"demand.{step.kind}" for step in steps)
    ]  # fmt: skip
    assert [entry.kind for entry in await register.audit_of("a")] == ["recording.searched", "recording.selected"]
    assert await register.all(only_open=True) == []
    with engine.begin() as connection:
        log = list(audit.entries(connection))
        assert list(faults(log)) == []
        assert not any("701" in entry.detail for entry in log)  # no number in the log that is kept for ever
        held = connection.execute(select(legal_hold.c.file, legal_hold.c.cause).order_by(legal_hold.c.file)).all()
        assert [tuple(row) for row in held] == [("a", "D-2025-0001"), ("b", "D-2025-0001")]


async def test_a_refused_deed_leaves_nothing(engine: Engine) -> None:
    register = Register(engine)
    await register.enter(wanted(), 2025)
    for refused in (deed(Kind.SELECTED, files=("a",)), deed(Kind.APPROVED), deed(Kind.PACKAGED, detail="ab")):
        with pytest.raises(DeedRefusedError):
            await register.do("D-2025-0001", refused)
    with pytest.raises(DeedRefusedError, match="no demand"):
        await register.do("D-2025-0002", deed(Kind.SEARCHED))
    with pytest.raises(DeedRefusedError, match="future"):
        await register.enter(wanted(time.time_ns() // 1_000_000 + 60_000), 2025)
    assert len(await register.audit_of("D-2025-0001")) == 1
    assert (await register.of("D-2025-0001"))[1] == ()


async def test_clerks_at_once_get_numbers_of_their_own(engine: Engine) -> None:
    entered = await asyncio.gather(*(Register(engine).enter(wanted(), 2025) for _ in range(8)))
    assert sorted(state.demand.id for state in entered) == [f"D-2025-{number:04}" for number in range(1, 9)]
    assert [state.demand.id for state, _ in await Register(engine).all()] == [
        f"D-2025-{number:04}" for number in range(1, 9)
    ]


async def test_an_alert_is_told_once_by_however_many_clocks(engine: Engine) -> None:
    """Promise 12."""
    register = Register(engine)
    received_ms = time.time_ns() // 1_000_000 - 5 * HOUR_MS
    state = await register.enter(wanted(received_ms), 2025)
    alerts = due(state, await register.now_ms())
    await asyncio.gather(*(Register(engine).do(state.demand.id, one) for one in (*alerts, *alerts)))
    state, steps = await register.of(state.demand.id)
    assert state.alerted == frozenset(ALERTS_MS) and state.escalated
    assert len(steps) == len(ALERTS_MS) + 1


async def test_a_clock_that_is_set_back_wins_no_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    register = Register(engine)
    state = await register.enter(wanted(), 2025)
    monkeypatch.setattr("storage.register._wall_ms", lambda: state.demand.registered_ms - 2 * HOUR_MS)
    assert await register.now_ms() == state.demand.registered_ms
    await register.do(state.demand.id, deed(Kind.SEARCHED))
    assert (await register.of(state.demand.id))[1][0].at_ms >= state.demand.registered_ms
