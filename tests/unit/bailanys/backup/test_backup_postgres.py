"""A backup whose ledger is in PostgreSQL: dumped at the moment of the rest, and put back into an empty database."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bailanys.backup.errors import BackupDamagedError, BackupRefusedError
from bailanys.backup.putting_back import put_back
from bailanys.backup.taking import take
from calls.audit import Note
from config.load import load
from config.places import Places
from recordings.upkeep import audit_checkpoints
from recordings.vault.signing import signer_at
from recordings.vault.vault import Vault
from storage import audit
from storage.engine import open_engine
from storage.errors import LedgerUnavailableError
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.unit.storage.postgres import Server

ROOT = Path(__file__).parents[4]
CONFIG = ROOT / "config" / "hotline.toml"


@pytest.fixture
def empty(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """The URLs of two empty databases; the server's own `pg_dump` is found."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from postgres import find_or_fetch  # type: ignore[import-not-found]

    monkeypatch.setenv("PATH", f"{find_or_fetch(ROOT / '.cache').binaries}:{os.environ['PATH']}")
    names = ("backup_before", "backup_after")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    yield postgres.url(names[0]), postgres.url(names[1])
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]
    sys.modules.pop("postgres", None)


@pytest.fixture
def site(empty: tuple[str, str], tmp_path: Path) -> Places:
    state = tmp_path / "var"
    places = Places(state, state / "archive", state / "keys" / "archive.json", empty[0], tmp_path / "studio")
    places.spool.mkdir(parents=True)
    (state / "hotline.id").write_text("ab" * 16 + "\n")
    upgrade(empty[0])
    engine = open_engine(empty[0])
    asyncio.run(Ledger(engine).audit.note(Note("clerk", "demand.registered", "D-2026-0001", {})))
    engine.dispose()
    Vault(places).ring()
    return places


def test_it_is_put_back_with_the_log_signed_to_its_end(site: Places, empty: tuple[str, str], tmp_path: Path) -> None:
    settings, state = load(CONFIG, {}), tmp_path / "new"
    made = take(settings, CONFIG, site, tmp_path / "b", tmp_path / "k")
    keys = state / "keys" / "archive.json"
    new = replace(site, state=state, archive=state / "archive", keys=keys, database_url=empty[1])
    with pytest.raises(BackupRefusedError, match="there is a ledger"):
        put_back(settings, replace(new, database_url=empty[0]), made.folder, made.keys)
    with pytest.raises(BackupRefusedError, match="of postgresql"):
        put_back(settings, replace(new, database_url=f"sqlite:///{state}/ledger.db"), made.folder, made.keys)
    told = put_back(settings, new, made.folder, made.keys)
    assert (told.ledger, told.audit_entries) == ("postgresql", 1)
    engine = open_engine(empty[1])
    try:
        points = audit_checkpoints.read(new.checkpoints, signer_at(new.signing_key).public_key)
        with engine.connect() as connection:
            assert list(audit_checkpoints.log_faults(audit.entries(connection), points, 10**13)) == []
            assert [entry.subject for entry in audit.entries(connection)] == ["D-2026-0001"]
    finally:
        engine.dispose()


def test_a_damaged_dump_is_not_put_back(site: Places, empty: tuple[str, str], tmp_path: Path) -> None:
    settings, state = load(CONFIG, {}), tmp_path / "new"
    made = take(settings, CONFIG, site, tmp_path / "b", tmp_path / "k")
    (made.folder / "ledger.dump").write_bytes((made.folder / "ledger.dump").read_bytes()[:-9])
    new = replace(site, state=state, archive=state / "archive", keys=state / "keys/a.json", database_url=empty[1])
    with pytest.raises(BackupDamagedError):
        put_back(settings, new, made.folder, made.keys)
    assert not list(state.rglob("*.*"))


def test_without_pg_dump_it_says_what_to_install(site: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LedgerUnavailableError, match="postgresql-client"):
        take(load(CONFIG, {}), CONFIG, site, tmp_path / "b", tmp_path / "k")
    assert [path for path in (tmp_path / "b").iterdir() if path.is_dir()] == []
