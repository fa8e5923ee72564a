"""The register of demands as the rest of the program asks it (rule 14); each method is one transaction."""

from __future__ import annotations

from sqlalchemy import Engine

from calls.audit import Entry
from calls.demand import Demand, State, Step
from calls.machine_clock import read
from storage import audit, demands
from storage.readers import Reader, ThreadReader
from storage.transaction import in_transaction


class Register:
    """Every method may raise LedgerUnavailableError; those that change something also DeedRefusedError."""

    def __init__(self, engine: Engine, look_ups: Reader | None = None) -> None:
        """`look_ups`: asks of one demand, of the open ones and of the time; without it threads do as for all else."""
        self._engine = engine
        self._read = ThreadReader(engine).read
        self._look_up = self._read if look_ups is None else look_ups.read

    async def enter(self, wanted: Demand, year: int) -> State:
        """Enter a demand; its id and the instant of registration are given by the register."""
        clock = read()
        return await in_transaction(self._engine, lambda connection: demands.register(connection, wanted, year, clock))

    async def do(self, demand_id: str, deed: Step, choice: int | None = None) -> State:
        """Do a step, with the audit log's entry; the instant is the register's. `choice`: see `storage.demands.do`."""
        clock = read()
        return await in_transaction(
            self._engine, lambda connection: demands.do(connection, demand_id, deed, clock, choice)
        )

    async def of(self, demand_id: str) -> tuple[State, tuple[Step, ...]]:
        """Where a demand stands and what was done. Raises DeedRefusedError for an unknown one."""
        found = await self._look_up(lambda connection: demands.state(connection, demand_id))
        if found is None:
            raise demands.unknown(demand_id)
        return found

    async def all(self, *, only_open: bool = False) -> list[tuple[State, tuple[Step, ...]]]:
        """Every demand, or every open one, in the order of registration."""
        ask = self._look_up if only_open else self._read
        return await ask(lambda connection: demands.states(connection, only_open=only_open))

    async def audit_of(self, subject: str) -> list[Entry]:
        """What was done with one demand or recording, as it was done."""
        return await self._read(lambda connection: audit.about(connection, subject))

    async def now_ms(self) -> int:
        """The time that counts (see `calls.demand.honest_now_ms`)."""
        clock = read()
        return await self._look_up(lambda connection: demands.now_ms_of(connection, clock))
