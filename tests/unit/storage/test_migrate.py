"""The tables are what the code says they are, and an upgrade is whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import timeit
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import storage
from storage import migrate
from storage.engine import driver_url, open_engine, sqlite_url
from storage.errors import LedgerAwayError, LedgerUnavailableError
from storage.tables import metadata
from tests.unit.storage.postgres import Server

MIGRATIONS = Path(storage.__file__).parent / "migrations"


def test_the_newest_revision_is_known_without_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_the_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    engine = open_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        checks = inspect(connection).get_check_constraints("rating")
    engine.dispose()
    assert [check["name"] for check in checks] == ["ck_rating_score"]


def test_a_downgrade_leaves_nothing(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert migrate.upgrade(url)
    assert not migrate.upgrade(url)


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite+aiosqlite:///{}"])
def test_a_new_database_is_made_with_its_folder(tmp_path: Path, form: str) -> None:
    url = form.format(tmp_path / "new" / "ledger.db")
    assert migrate.upgrade(url)
    assert not migrate.upgrade(url)


def test_only_its_owner_reads_a_new_database(tmp_path: Path) -> None:
    migrate.upgrade(sqlite_url(tmp_path / "ledger.db"))
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_postgresql_is_known_by_any_drivers_name() -> None:
    for form in ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        assert driver_url(form).drivername == "postgresql+psycopg"


def test_several_may_upgrade_at_once(tmp_path: Path, postgres: Server) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE crowd")
    for url in (sqlite_url(tmp_path / "ledger.db"), postgres.url("crowd")):
        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(migrate.upgrade, [url] * 4)) == [False, False, False, True]


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(migrate.LedgerNewerError) as caught:
        migrate.upgrade(url)
    assert not caught.value.retryable


def test_a_file_that_is_no_database_is_named_as_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(LedgerUnavailableError):
        migrate.upgrade(sqlite_url(path))


def test_a_failed_upgrade_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_url(tmp_path / "ledger.db")
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE segment (mine INTEGER)"))
    with pytest.raises(LedgerUnavailableError):
        migrate.upgrade(url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["segment"]
    engine.dispose()


def test_a_start_on_a_current_database_is_quick(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.db")
    migrate.upgrade(url)
    assert min(timeit.repeat(lambda: migrate.upgrade(url), number=1, repeat=5)) < 0.05


def test_a_start_on_a_current_database_loads_neither_alembic_nor_sqlalchemy(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.db")
    migrate.upgrade(url)
    script = (
        "import sys; from storage.migrate import upgrade; upgrade(sys.argv[1]);"
        "sys.exit(bool({'alembic', 'sqlalchemy'} & sys.modules.keys()))"
    )
    root = Path(storage.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", script, url], cwd=root, check=False).returncode == 0


def test_no_ledger_is_made_where_one_should_be_found(url: str, tmp_path: Path) -> None:
    """Holds, demands and the retention time would be forgotten, and what is on hold disposed of."""
    told = "the checkpoints sign its audit log"
    assert not migrate.upgrade(url, lambda: told)  # it is there
    file = tmp_path / "away" / "ledger.db"
    with pytest.raises(LedgerAwayError, match=f"{file}: no ledger there, though {told}"):
        migrate.upgrade(sqlite_url(file), lambda: told)
    assert not file.parent.exists()
    file.parent.mkdir()
    file.touch()  # as a reader leaves it
    with pytest.raises(LedgerAwayError, match="db upgrade --lost"):
        migrate.upgrade(sqlite_url(file), lambda: told)
    assert migrate.upgrade(sqlite_url(file))


def test_no_ledger_is_made_in_an_empty_postgresql_either(postgres: Server) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty_one")
    url = postgres.url("empty_one")
    with pytest.raises(LedgerAwayError, match="empty_one"):
        migrate.upgrade(url, lambda: "it was")
    assert migrate.upgrade(url) and not migrate.upgrade(url, lambda: "it was")
