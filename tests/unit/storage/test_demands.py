"""The register on both databases: every deed checked, audited, and kept over everything."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, select

from calls.audit import Fault, faults
from calls.demand import ALERTS_MS, HOUR_MS, ActionRefusedError, Authority, Demand, DemandStep, StepKind, due
from calls.machine_clock import Reading
from storage import audit
from storage.audit import AuditLog
from storage.demands import Register
from storage.tables import legal_hold
from tests.unit.storage.databases import BOTH_WAYS

LOOK_UPS = BOTH_WAYS


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


def deed(kind: StepKind, actor: str = "auditor", files: tuple[str, ...] = (), detail: str = "") -> DemandStep:
    return DemandStep(kind, 0, actor, files, detail)


async def test_the_whole_way_is_kept_and_audited(engine: Engine, register: Register) -> None:
    state = await register.enter(wanted(), 2025)
    assert state.demand.id == "D-2025-0001"
    for one in (
        deed(StepKind.SEARCHED, files=("a", "b")),
        deed(StepKind.SELECTED, files=("a",)),
        deed(StepKind.APPROVED, "chief"),
        deed(StepKind.PACKAGED, detail="ab" * 32),
        deed(StepKind.DELIVERED, detail="courier"),
    ):
        await register.do("D-2025-0001", one)
    state, steps = await register.of("D-2025-0001")
    assert (state.in_time, state.approved_by, state.selected) == (True, "chief", ("a",))
    assert [step.kind for step in steps] == ["searched", "selected", "approved", "packaged", "delivered"]
    assert all(step.at_ms >= state.demand.registered_ms for step in steps)
    assert [entry.kind for entry in await AuditLog(engine).of("D-2025-0001")] == [
        "demand.registered", *(f"demand.{step.kind}" for step in steps)
    ]  # fmt: skip
    assert [entry.kind for entry in await AuditLog(engine).of("a")] == ["recording.searched", "recording.selected"]
    assert await register.all(only_open=True) == []
    with engine.begin() as connection:
        log = list(audit.entries(connection))
        assert list(faults(log)) == []
        facts = {text for entry in log for text in map(str, json.loads(entry.detail).values())}
        assert not any("234-56-78" in text or "7012345678" in text for text in facts)  # the log is kept for ever
        held = connection.execute(select(legal_hold.c.file, legal_hold.c.cause).order_by(legal_hold.c.file)).all()
        assert [tuple(row) for row in held] == [("a", "D-2025-0001"), ("b", "D-2025-0001")]


async def test_a_recording_named_twice_is_one(engine: Engine, register: Register) -> None:
    await register.enter(wanted(), 2025)
    await register.do("D-2025-0001", deed(StepKind.SEARCHED, files=("a", "b", "a")))
    await register.do("D-2025-0001", deed(StepKind.SELECTED, files=("b", "a", "b")))
    state, steps = await register.of("D-2025-0001")
    assert state.selected == ("b", "a") and [step.files for step in steps] == [("a", "b"), ("b", "a")]
    assert [entry.kind for entry in await AuditLog(engine).of("b")] == ["recording.searched", "recording.selected"]


async def test_a_refused_deed_leaves_nothing(engine: Engine, register: Register) -> None:
    await register.enter(wanted(), 2025)
    for refused in (
        deed(StepKind.SELECTED, files=("a",)),
        deed(StepKind.APPROVED),
        deed(StepKind.PACKAGED, detail="ab"),
    ):
        with pytest.raises(ActionRefusedError):
            await register.do("D-2025-0001", refused)
    with pytest.raises(ActionRefusedError, match="no demand"):
        await register.do("D-2025-0002", deed(StepKind.SEARCHED))
    with pytest.raises(ActionRefusedError, match="future"):
        await register.enter(wanted(time.time_ns() // 1_000_000 + 60_000), 2025)
    assert len(await AuditLog(engine).of("D-2025-0001")) == 1
    assert (await register.of("D-2025-0001"))[1] == ()


async def test_clerks_at_once_get_numbers_of_their_own(engine: Engine) -> None:
    entered = await asyncio.gather(*(Register(engine).enter(wanted(), 2025) for _ in range(8)))
    assert sorted(state.demand.id for state in entered) == [f"D-2025-{number:04}" for number in range(1, 9)]
    assert [state.demand.id for state, _ in await Register(engine).all()] == [
        f"D-2025-{number:04}" for number in range(1, 9)
    ]


async def test_an_alert_is_told_once_by_however_many_clocks(engine: Engine, register: Register) -> None:
    """Promise 12."""
    received_ms = time.time_ns() // 1_000_000 - 5 * HOUR_MS
    state = await register.enter(wanted(received_ms), 2025)
    alerts = due(state, await register.now_ms())
    await asyncio.gather(*(Register(engine).do(state.demand.id, one) for one in (*alerts, *alerts)))
    state, steps = await register.of(state.demand.id)
    assert state.alerted == frozenset(ALERTS_MS) and state.escalated
    assert len(steps) == len(ALERTS_MS) + 1


@dataclass
class Machine:
    """A machine whose clock can be set, and that can be started anew."""

    wall_ms: int = 1_764_000_000_000
    boot: str = "0c6ee0b6"
    up_ms: int = 60_000

    def passes(self, ms: int) -> None:
        self.wall_ms += ms
        self.up_ms += ms

    def starts_anew(self, boot: str) -> None:
        self.boot, self.up_ms = boot, 20_000

    def read(self) -> Reading:
        return Reading(self.wall_ms, self.boot, self.up_ms)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("storage.demands.read", made.read)
    return made


async def entered(engine: Engine, machine: Machine) -> str:
    state = await Register(engine).enter(wanted(machine.wall_ms), 2025)
    await Register(engine).do(state.demand.id, deed(StepKind.SEARCHED))
    return state.demand.id


async def told(engine: Engine, demand: str) -> set[int]:
    """What the clock tells when somebody looks, through a register that was opened just now."""
    register = Register(engine)
    for due_now in due((await register.of(demand))[0], await register.now_ms()):
        await register.do(demand, due_now)
    return {mark // 60_000 for mark in (await register.of(demand))[0].alerted}


async def test_a_clock_that_is_set_back_wins_no_time(engine: Engine, machine: Machine) -> None:
    demand = await entered(engine, machine)
    machine.passes(3 * HOUR_MS)  # nothing is running, nothing is written
    machine.wall_ms -= 3 * HOUR_MS
    assert await told(engine, demand) == {0, 60, 120, 180}
    machine.passes(HOUR_MS)
    machine.wall_ms -= 2 * HOUR_MS
    assert await told(engine, demand) == {0, 60, 120, 180, 210, 240}
    await handed_over(engine, demand)
    assert (await Register(engine).of(demand))[0].in_time is True  # to the millisecond
    assert faults_in(engine) == []


async def test_a_clock_that_was_ahead_and_is_mended_makes_nothing_late(engine: Engine, machine: Machine) -> None:
    demand = await entered(engine, machine)
    machine.wall_ms += 5 * HOUR_MS
    assert 240 in await told(engine, demand)  # early, and none is missed
    machine.passes(60_000)
    machine.wall_ms -= 5 * HOUR_MS
    await handed_over(engine, demand)
    state = (await Register(engine).of(demand))[0]
    assert state.in_time is True
    assert state.closed_ms == machine.wall_ms


async def test_a_restart_of_the_machine_with_its_clock_set_back_wins_no_time(engine: Engine, machine: Machine) -> None:
    demand = await entered(engine, machine)
    machine.passes(2 * HOUR_MS)
    assert await told(engine, demand) == {0, 60, 120}
    machine.starts_anew("another")
    machine.wall_ms -= HOUR_MS
    assert await told(engine, demand) == {0, 60, 120}
    await Register(engine).do(demand, deed(StepKind.SEARCHED))
    machine.passes(HOUR_MS)  # from what was written last, though the clock says another hour
    assert await told(engine, demand) == {0, 60, 120, 180}


async def handed_over(engine: Engine, demand: str) -> None:
    for one in (
        deed(StepKind.SELECTED),
        deed(StepKind.APPROVED, "chief"),
        deed(StepKind.PACKAGED, detail="ab" * 32),
        deed(StepKind.DELIVERED, detail="courier"),
    ):
        await Register(engine).do(demand, one)


def faults_in(engine: Engine) -> list[Fault]:
    with engine.begin() as connection:
        return list(faults(audit.entries(connection)))
