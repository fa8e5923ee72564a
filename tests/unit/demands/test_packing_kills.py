"""`kill -9` of a process that packs a demand, before each thing that it does to a disk or to the register."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from calls.audit import faults
from calls.demand import ActionRefusedError, Authority, StepKind
from config.places import Places
from demands import package as packing
from demands.desk import DemandDesk
from demands.offline import verify
from demands.package import pack
from recordings.audio import sha256_of
from recordings.capture.finaliser import Finaliser
from recordings.vault.vault import Vault
from storage import audit
from storage.demands import Register
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.small_disk import FILLING, small_disk
from tests.unit.dying import tries
from tests.unit.recordings.raw_talk import two_voices, write_raw
from tests.unit.storage import scene
from tests.unit.storage.scene import START_MS, projector_of

pytestmark = pytest.mark.process

ZONE = "Asia/Almaty"
DEMAND = "D-2025-0001"

STEPS = ((os, ("fsync",)), (Path, ("replace",)), (zipfile.ZipFile, ("open",)), (Register, ("do",)))


def places_in(folder: Path) -> Places:
    return Places(
        folder, folder / "archive", folder / "keys" / "archive.json", sqlite_url(folder / "ledger.db"), folder
    )


async def packed(folder: Path) -> None:
    """Pack the demand that lies there."""
    engine = open_engine(places_in(folder).database_url)
    try:
        desk = DemandDesk(Register(engine), Ledger(engine), ZONE)
        await pack(desk, DEMAND, "clerk", places_in(folder), ZONE)
    finally:
        engine.dispose()


def tried(folder: Path, how: str) -> None:
    asyncio.run(packed(folder))


async def approved(folder: Path) -> None:
    """A recorded talk, and a demand for it that is approved."""
    places, caller = places_in(folder), scene.plain_call(1)
    upgrade(places.database_url)
    engine = open_engine(places.database_url)
    try:
        ledger = Ledger(engine)
        places.journals[0].parent.mkdir(parents=True)
        places.journals[0].write_bytes(b"".join(caller.lines))
        await projector_of(engine, places.journals).project_once()
        write_raw(places.spool, two_voices(2.0), caller.file(1, 1))
        (made,) = await Finaliser(
            places.spool, places.archive, ledger.recordings, keys=Vault(places).ring
        ).finish_ready()
        desk = DemandDesk(Register(engine), ledger, ZONE)
        await desk.enter(
            Authority.INFORMATISATION,
            "14-2/118",
            "rule 14",
            date(2025, 11, 24),
            caller.caller,
            START_MS + 3_600_000,
            "clerk",
            confirm_dates=True,
        )
        await desk.do(DEMAND, StepKind.SELECTED, "auditor", [made.recording.file])
        await desk.do(DEMAND, StepKind.APPROVED, "chief")
    finally:
        engine.dispose()


async def known(folder: Path) -> str:
    """The SHA-256 of the package that the register holds; the audit log is whole."""
    engine = open_engine(places_in(folder).database_url)
    try:
        with engine.begin() as connection:
            assert list(faults(list(audit.entries(connection)))) == []
        return (await Register(engine).of(DEMAND))[0].package_sha256
    finally:
        engine.dispose()


def visible(folder: Path) -> list[Path]:
    return [path for path in (folder / "packages").glob("*") if not path.name.startswith(".")]


def test_a_kill_before_any_step_leaves_no_half_package_and_is_resumed(tmp_path: Path) -> None:
    """Promises 10 and 13: what is seen is whole, checks, and was entered in the audit log before."""
    before = tmp_path / "before"
    before.mkdir()
    asyncio.run(approved(before))
    killed, steps = 0, None
    with tries(__file__) as until:
        while steps is None:
            folder = tmp_path / str(killed)
            shutil.copytree(before, folder)
            steps = until(folder, killed + 1)
            for package in visible(folder):
                assert sha256_of(package) == asyncio.run(known(folder)), "seen before it was entered"
                assert list(verify.faults(verify.Package(package))) == []
            asyncio.run(packed(folder))
            (package,) = (folder / "packages").iterdir()  # nothing of the first try is left, hidden or not
            assert package.name == f"{DEMAND}.zip"
            assert sha256_of(package) == asyncio.run(known(folder))
            assert list(verify.faults(verify.Package(package))) == []
            killed += steps is None
    assert len(steps) == killed
    assert {"fsync", "replace", "open", "do"} <= set(steps)


def test_a_full_disk_leaves_no_package_and_the_next_try_makes_it(tmp_path: Path) -> None:
    asyncio.run(approved(tmp_path))
    with small_disk(1) as disk:
        (tmp_path / "packages").symlink_to(disk.path)
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            asyncio.run(packed(tmp_path))
        assert [path.name for path in disk.path.iterdir()] == [FILLING]
        assert asyncio.run(known(tmp_path)) == ""
        disk.empty()
        asyncio.run(packed(tmp_path))
        (package,) = disk.path.iterdir()
        assert sha256_of(package) == asyncio.run(known(tmp_path))
        assert list(verify.faults(verify.Package(package))) == []


def test_a_package_of_an_older_choice_is_not_entered_for_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it was packed another choice was made, or the very same approved anew."""
    asyncio.run(approved(tmp_path))
    asyncio.run(packed(tmp_path))
    real = packing.build

    async def chosen_anew() -> None:
        engine = open_engine(places_in(tmp_path).database_url)
        desk = DemandDesk(Register(engine), Ledger(engine), ZONE)
        state, _ = await desk.of(DEMAND)
        await desk.do(DEMAND, StepKind.SELECTED, "auditor", state.selected or ())
        await desk.do(DEMAND, StepKind.APPROVED, "chief")
        engine.dispose()

    def slow(*told: Any) -> str:
        made = real(*told)
        asyncio.run(chosen_anew())
        return made

    monkeypatch.setattr(packing, "build", slow)
    with pytest.raises(ActionRefusedError, match="another choice was made or approved meanwhile"):
        asyncio.run(packed(tmp_path))
    assert asyncio.run(known(tmp_path)) == "" and visible(tmp_path) == []
    monkeypatch.undo()
    asyncio.run(packed(tmp_path))
    (package,) = visible(tmp_path)
    assert sha256_of(package) == asyncio.run(known(tmp_path))


def test_what_was_chosen_and_is_not_there_any_more_is_said(tmp_path: Path) -> None:
    asyncio.run(approved(tmp_path))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database, database:
        database.execute("UPDATE recording SET path = '', status = 'disposed'")
    with pytest.raises(ActionRefusedError, match="chosen, and not in the archive any more"):
        asyncio.run(packed(tmp_path))
    assert visible(tmp_path) == []


def test_of_two_who_pack_at_once_each_makes_a_whole_package(tmp_path: Path) -> None:
    asyncio.run(approved(tmp_path))

    async def both() -> None:
        await asyncio.gather(packed(tmp_path), packed(tmp_path))

    asyncio.run(both())
    (package,) = (tmp_path / "packages").iterdir()
    assert sha256_of(package) == asyncio.run(known(tmp_path))
