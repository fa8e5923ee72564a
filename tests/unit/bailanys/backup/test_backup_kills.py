"""`kill -9` at every step of a backup and of its way back: whole, or told from a whole one."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bailanys.backup import manifest, putting_back, taking
from bailanys.backup.copies import Copies
from bailanys.backup.errors import BackupRefusedError
from bailanys.backup.putting_back import put_back
from bailanys.backup.taking import PART, Taken, take
from bailanys.site.half_restored import restored_findings
from bench.archived import archived
from calls.audit import Note
from config.load import load
from config.places import Places
from recordings.access.verify import examine
from recordings.upkeep import audit_checkpoints
from recordings.vault.keyring import ring_at
from recordings.vault.vault import Vault
from storage import snapshot
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from tests.unit.dying import tries

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
STEPS = (
    (Copies, ("opened", "_linked", "written")),
    (snapshot, ("copy", "known_of_file")),
    (audit_checkpoints, ("add",)),
    (manifest, ("write", "write_sums")),
    (taking, ("settle",)),
    (putting_back, ("_write", "settle")),
    (Path, ("rename", "unlink")),
)


def places_in(state: Path) -> Places:
    url = sqlite_url(state / "ledger.db")
    return Places(state, state / "archive", state / "keys" / "archive.json", url, state.parent / "studio")


def tried(folder: Path, how: str) -> None:
    if how == "backup":
        backed_up(folder)
        return
    made = max((folder / "backups").glob("2*Z"))
    put_back(load(CONFIG, {}), places_in(folder / "new"), made, folder / "keys")


def backed_up(folder: Path) -> Taken:
    return take(load(CONFIG, {}), CONFIG, places_in(folder / "var"), folder / "backups", folder / "keys")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    places = archived(tmp_path, 1, 0.2)
    engine = open_engine(places.database_url)
    asyncio.run(Ledger(engine).audit.note(Note("clerk", "demand.registered", "D-2026-0001", {})))
    engine.dispose()
    backed_up(tmp_path)
    return tmp_path


def is_whole(places: Places) -> bool:
    engine = open_engine(places.database_url)
    try:
        rows = asyncio.run(Ledger(engine).recordings.made(0, ""))
        ring, store = ring_at(places.keys), Vault(places).store
        return [examine(store, row, ring).faults for row in rows] == [()]
    finally:
        engine.dispose()


@pytest.mark.process
def test_a_backup_killed_at_any_step_is_no_backup_and_the_next_one_is_whole(site: Path) -> None:
    sets, last, steps = {path.name for path in (site / "backups").glob("2*Z")}, 0, None
    with tries(__file__) as until:
        while steps is None:
            last += 1
            steps = until(site, last, "backup")
            now = {path.name for path in (site / "backups").glob("2*Z")}
            for name in now - sets:  # whole, although it was killed: its keys are there, and it is put back
                put_back(load(CONFIG, {}), places_in(site / "new"), site / "backups" / name, site / "keys")
                assert is_whole(places_in(site / "new"))
                shutil.rmtree(site / "new")
            sets = now
    assert last > 12 and not [*(site / "backups").glob(f"*{PART}"), *(site / "keys").glob(f"*{PART}")]


@pytest.mark.process
def test_a_restore_killed_at_any_step_is_told_from_a_whole_one(site: Path) -> None:
    new, last, steps, half = places_in(site / "new"), 0, None, 0
    with tries(__file__) as until:
        while steps is None:
            last += 1
            steps = until(site, last, "restore")
            marked = list(restored_findings(new.state))
            if marked:
                half += 1
                assert "half restored" in marked[0].message
                with pytest.raises(BackupRefusedError, match="half restored"):
                    put_back(load(CONFIG, {}), new, max((site / "backups").glob("2*Z")), site / "keys")
            elif new.state.exists() and any(new.state.iterdir()):
                assert is_whole(new)
            shutil.rmtree(new.state, ignore_errors=True)
    assert half >= 5
