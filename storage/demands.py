"""The register of demands: each step is checked, kept and entered in the audit log in one transaction (rule 14).

`Register` is what the rest of the program asks: each of its methods is one transaction.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import TypeVar

from sqlalchemy import Connection, Engine, func, insert, select, update

from calls.audit import Detail, Note
from calls.demand import (
    CLOSING,
    ActionRefusedError,
    Authority,
    Demand,
    DemandState,
    DemandStep,
    NoSuchDemandError,
    StepKind,
    after,
    check,
    choice_of,
    state_of,
)
from calls.demand import honest_now_ms as honest
from calls.machine_clock import Reading, read
from storage import audit
from storage.readers import Reader, ThreadReader, few
from storage.rows import insert_new
from storage.tables import demand, demand_step, legal_hold
from storage.transaction import in_transaction

T = TypeVar("T")

_LONGEST = 2_000
"""Of a detail: it is read by people."""


def register(connection: Connection, wanted: Demand, year: int, clock: Reading) -> DemandState:
    """Enter a demand; its id (`D-<year>-<number>`) and the instant of registration are given here.

    Raises ActionRefusedError for one that would have been received later than now.
    """
    now_ms = now_ms_of(connection, clock)
    if wanted.received_ms > now_ms:
        raise ActionRefusedError("received in the future: check the date, the hour and the clock")
    prefix = f"D-{year}-"
    count = connection.scalar(select(func.count()).where(demand.c.id.startswith(prefix, autoescape=True))) or 0
    entered = replace(wanted, id=f"{prefix}{count + 1:04}", registered_ms=now_ms)
    connection.execute(insert(demand), asdict(entered) | {"authority": entered.authority.value, "closed_ms": None})
    facts = {name: value for name, value in asdict(entered).items() if name not in ("id", "phone", "registered_by")}
    audit.append(connection, [Note(entered.registered_by, "demand.registered", entered.id, facts)], now_ms)
    return state_of(entered, ())


def do(
    connection: Connection, demand_id: str, step: DemandStep, clock: Reading, choice: int | None = None
) -> DemandState:
    """Do a step, if it may be done now; a step found due twice (`alerted`) is done once.

    `choice`: it is about what was chosen then (`calls.demand.choice_of`), and is refused once that has changed.
    Raises ActionRefusedError; NoSuchDemandError, which is one, for an unknown demand.
    """
    now_ms = now_ms_of(connection, clock)  # locks the audit log, and with it the register
    state, steps = known(connection, demand_id)
    if choice is not None and choice != choice_of(steps):
        raise ActionRefusedError(
            f"{demand_id}: another choice was made or approved meanwhile; do it again for that one"
        )
    step = replace(step, at_ms=now_ms, files=tuple(dict.fromkeys(step.files)), detail=step.detail[:_LONGEST])
    check(state, step)
    later = after(state, step)
    if step.kind in (StepKind.ALERTED, StepKind.ESCALATED) and later == state:
        return state
    of_demand = demand_step.c.demand_id == demand_id
    number = (connection.scalar(select(func.max(demand_step.c.seq)).where(of_demand)) or 0) + 1
    said = json.dumps(
        {"files": step.files, "text": step.detail, "boot": clock.boot, "up_ms": clock.up_ms}, ensure_ascii=False
    )
    values = {"demand_id": demand_id, "seq": number, "at_ms": now_ms, "actor": step.actor, "kind": step.kind.value}
    connection.execute(insert(demand_step), values | {"detail": said})
    if step.kind is StepKind.SEARCHED:
        _hold(connection, demand_id, step)
    if step.kind in CLOSING:
        connection.execute(update(demand).where(demand.c.id == demand_id).values(closed_ms=now_ms))
    facts: dict[str, Detail] = {"text": step.detail, "files": len(step.files)}
    if step.kind is StepKind.DELIVERED:
        facts["package_sha256"] = state.package_sha256
    notes = [Note(step.actor, f"demand.{step.kind}", demand_id, facts)]
    notes += [
        Note(step.actor, f"recording.{step.kind}", file, {"demand": demand_id, "text": step.detail})
        for file in step.files
    ]
    audit.append(connection, notes, now_ms)
    return later


def state(connection: Connection, demand_id: str) -> tuple[DemandState, tuple[DemandStep, ...]] | None:
    """Where a demand stands, and all that was done about it; None for an unknown one."""
    return next(iter(states(connection, [demand_id])), None)


def states(
    connection: Connection, ids: Iterable[str] | None = None, *, only_open: bool = False
) -> list[tuple[DemandState, tuple[DemandStep, ...]]]:
    """Demands in the order they were registered: those, or all of them, or all that are open."""
    query = select(*(column for column in demand.c if column.name != "closed_ms")).order_by(demand.c.registered_ms)
    steps = select(demand_step).order_by(demand_step.c.demand_id, demand_step.c.seq)
    if ids is not None:
        query = query.where(demand.c.id.in_(wanted := list(ids)))
        steps = steps.where(demand_step.c.demand_id.in_(wanted))
    if only_open:
        query = query.where(demand.c.closed_ms.is_(None))
        steps = steps.join(demand).where(demand.c.closed_ms.is_(None))
    done: dict[str, list[DemandStep]] = defaultdict(list)
    for row in few(connection, steps):
        said = json.loads(row.detail)
        done[row.demand_id].append(
            DemandStep(StepKind(row.kind), row.at_ms, row.actor, tuple(said["files"]), said["text"])
        )
    found = [
        Demand(**dict(row) | {"authority": Authority(row["authority"])}) for row in connection.execute(query).mappings()
    ]
    return [(state_of(one, done[one.id]), tuple(done[one.id])) for one in found]


def now_ms_of(connection: Connection, clock: Reading) -> int:
    """The time that counts (see `calls.demand.honest_now_ms`); whoever may write waits for their turn here."""
    end = audit.append(connection, (), clock.wall_ms)
    return honest(clock, 0 if end is None else end.at_ms, _first_of(connection, clock.boot))


def _first_of(connection: Connection, boot: str) -> Reading | None:
    """What was written first about a demand since that start of the machine."""
    if not boot:
        return None
    rows = few(
        connection,
        select(demand_step.c.at_ms, demand_step.c.detail).where(demand_step.c.detail.contains(boot, autoescape=True)),
    )
    written = [Reading(row.at_ms, boot, json.loads(row.detail)["up_ms"]) for row in rows]
    return min(written, key=lambda one: one.up_ms, default=None)


def known(connection: Connection, demand_id: str) -> tuple[DemandState, tuple[DemandStep, ...]]:
    """Where a demand stands, and all that was done about it. Raises NoSuchDemandError."""
    found = state(connection, demand_id)
    if found is None:
        raise NoSuchDemandError(f"no demand {demand_id[:40]!r} in the register: `bailanys demands list` shows them")
    return found


def _hold(connection: Connection, demand_id: str, step: DemandStep) -> None:
    """What may be meant is not disposed of while the demand is open, nor afterwards."""
    statement = insert_new(connection.dialect.name, legal_hold)
    for file in step.files:
        values = {"file": file, "cause": demand_id, "from_ms": step.at_ms, "actor": step.actor, "reason": "demanded"}
        connection.execute(statement, values)


class Register:
    """Every method may raise LedgerUnavailableError; those that change something also ActionRefusedError."""

    def __init__(self, engine: Engine, look_ups: Reader | None = None) -> None:
        """`look_ups`: asks of one demand, of the open ones and of the time; without it threads do as for all else."""
        self._engine = engine
        self._read = ThreadReader(engine).read
        self._look_up = self._read if look_ups is None else look_ups.read

    async def enter(self, wanted: Demand, year: int) -> DemandState:
        """Enter a demand; its id and the instant of registration are given by the register."""
        clock = read()
        return await in_transaction(self._engine, lambda connection: register(connection, wanted, year, clock))

    async def do(self, demand_id: str, step: DemandStep, choice: int | None = None) -> DemandState:
        """Do a step, with the audit log's entry; the instant is the register's. `choice`: see `storage.demands.do`."""
        clock = read()
        return await in_transaction(self._engine, lambda connection: do(connection, demand_id, step, clock, choice))

    async def of(self, demand_id: str) -> tuple[DemandState, tuple[DemandStep, ...]]:
        """Where a demand stands and what was done. Raises NoSuchDemandError."""
        return await self._look_up(lambda connection: known(connection, demand_id))

    async def ask(self, question: Callable[[Connection, Reading], T]) -> T:
        """Whatever else is to be known of a demand, in one look-up; with this machine's clock."""
        clock = read()
        return await self._look_up(lambda connection: question(connection, clock))

    async def all(self, *, only_open: bool = False) -> list[tuple[DemandState, tuple[DemandStep, ...]]]:
        """Every demand, or every open one, in the order of registration."""
        ask = self._look_up if only_open else self._read
        return await ask(lambda connection: states(connection, only_open=only_open))

    async def now_ms(self) -> int:
        """The time that counts (see `calls.demand.honest_now_ms`)."""
        clock = read()
        return await self._look_up(lambda connection: now_ms_of(connection, clock))
