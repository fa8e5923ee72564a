"""A ledger that was restored from an old backup: found at the start, and while the controller runs (promise 9)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from calls.audit import Note
from config.places import Places
from recordings.upkeep.audit_checkpoints import AuditKeeper, log_faults, read
from recordings.vault.signing import signer_at
from storage import audit
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger


@pytest.fixture
def places(tmp_path: Path, sqlite_template: Path) -> Places:
    shutil.copy(sqlite_template, tmp_path / "ledger.db")
    keys = tmp_path / "keys" / "archive.json"
    return Places(tmp_path, tmp_path / "archive", keys, sqlite_url(tmp_path / "ledger.db"), tmp_path)


class Machine:
    """A hotline's ledger and its keeper, which may be started anew."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.alarms: list[str] = []
        self.start()

    def start(self) -> None:
        self.engine = open_engine(self.places.database_url)
        self.ledger = Ledger(self.engine)
        self.keeper = AuditKeeper(self.places, self.ledger, lambda kind, detail: self.alarms.append(detail))

    async def does(self, *names: str) -> None:
        await self.ledger.audit.note(*(Note("aigul", "recording.listened", name, {}) for name in names))
        await self.keeper.keep()

    def backed_up(self) -> Path:
        self.engine.dispose()
        kept = self.places.state / "backup.db"
        shutil.copy(self.places.state / "ledger.db", kept)
        return kept

    def put_back(self, backup: Path) -> None:
        self.engine.dispose()
        for beside in self.places.state.glob("ledger.db-*"):
            beside.unlink()
        shutil.copy(backup, self.places.state / "ledger.db")

    def whole(self) -> list[int]:
        """Entries at which `bailanys audit verify` finds a fault."""
        written = read(self.places.checkpoints, signer_at(self.places.signing_key).public_key)
        with self.engine.begin() as connection:
            found = log_faults(audit.entries(connection), written, time.time_ns() // 1_000_000)
            return [fault.seq for fault in found]


@pytest.fixture
def machine(places: Places) -> Iterator[Machine]:
    made = Machine(places)
    yield made
    made.engine.dispose()


async def test_an_old_backup_is_found_at_the_start_even_after_new_entries(machine: Machine) -> None:
    await machine.does("a", "b")
    backup = machine.backed_up()
    await machine.does("c", "d")
    assert machine.whole() == [] and machine.alarms == []
    machine.put_back(backup)
    machine.start()
    await machine.does("e", "f", "g")  # as long as before, and longer
    assert len(machine.alarms) == 1 and "written anew" in machine.alarms[0]
    assert machine.whole() == [4]


async def test_an_old_backup_put_back_while_it_runs_is_told_once(machine: Machine) -> None:
    await machine.does("a", "b")
    backup = machine.backed_up()
    await machine.does("c", "d")
    machine.put_back(backup)
    await machine.keeper.keep()
    await machine.does("e")
    await machine.does("f")
    assert len(machine.alarms) == 1 and "older copy" in machine.alarms[0]
    assert machine.whole() == [4]  # and is found for ever after
