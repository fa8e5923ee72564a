"""Brings a database's tables up to date (Alembic, synchronous drivers; rule 14 needs ten years of rows to stay)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from storage.errors import LedgerAwayError, LedgerError, LedgerUnavailableError

HEAD = "0011"
"""The newest revision in `migrations/versions`; a test compares. Known here so that a start need not load Alembic."""

_LOCK = 0x626C6E  # any number will do, the same for everybody: "bln"


class LedgerNewerError(LedgerError):
    """The database was made by a newer version of this program."""

    error_id = "ledger-newer"


def upgrade(url: str, begun: Callable[[], str] = lambda: "") -> bool:
    """Bring the database at `url` (SQLAlchemy's form) to `HEAD`; True if anything was to do.

    `begun`: what tells, for a person, that there was a ledger before; then none is made where there is nothing.
    Safe to call from several processes at once and to be killed in: a revision is applied whole or not at all.
    Raises ValueError (no such database), LedgerNewerError, LedgerAwayError, LedgerUnavailableError.
    """
    if _sqlite_revision(url) == HEAD:
        return False
    from alembic import command  # 0.2 s that a start on a current database need not pay
    from alembic.config import Config
    from alembic.util.exc import CommandError
    from sqlalchemy import Connection, text
    from sqlalchemy.exc import SQLAlchemyError

    from storage.engine import driver_url, open_engine

    def apply(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    def must_be_first(revision: str | None) -> None:
        if revision is None and (why := begun()):
            where = driver_url(url).render_as_string(hide_password=True)
            raise LedgerAwayError(
                f"{where}: no ledger there, though {why}: mount its disk, mend database_url, or put its backup in "
                "place; if it is lost for good: `bailanys db upgrade --lost`"
            )

    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite" and not (parsed.database and Path(parsed.database).exists()):
        must_be_first(None)  # before an empty file is made
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        Path(parsed.database).touch(mode=0o600)  # callers' numbers; SQLite gives its other files the same mode
    engine = open_engine(url)
    try:
        with engine.begin() as connection:  # on SQLite this takes the write lock
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            before = _revision(connection)
            must_be_first(before)
            if before != HEAD:
                apply(connection)
            return before != HEAD
    except CommandError as error:
        raise LedgerNewerError(f"the database is of a newer version: {error}") from error
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()


def _sqlite_revision(url: str) -> str | None:
    """The revision of a SQLite file by the standard library alone; None if it is not so simple."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)", url)
    if match is None or not Path(match[1]).is_file():
        return None
    path = Path(match[1])
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])


def _revision(connection: object) -> str | None:
    from alembic.migration import MigrationContext
    from sqlalchemy import Connection

    assert isinstance(connection, Connection)
    return MigrationContext.configure(connection).get_current_revision()
