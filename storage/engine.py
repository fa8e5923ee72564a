"""The database: SQLite in a file, or PostgreSQL by URL.

One synchronous driver for each (`sqlite3`, `psycopg`), used from a thread: a look-up costs 0.10 ms of CPU that way and
0.23 ms through SQLAlchemy's asyncio with aiosqlite (a look-up by key among 10,000 rows), and migrations need the
synchronous drivers anyway. The API's short look-ups go another way: `storage.async_engine`.
"""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy import Connection as Connection  # for those who are handed one
from sqlalchemy import Engine as Engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MS = 5000
READING = "bailanys_reading"


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def driver_url(url: str) -> URL:
    """The URL with the driver that is used here, whichever was named: raises ValueError for another database."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"database_url: SQLite and PostgreSQL are supported, not {other}")


def open_engine(url: str) -> Engine:
    """An engine for the ledger; connects when it is first used. Raises ValueError for another database."""
    parsed = driver_url(url)
    if parsed.get_backend_name() == "postgresql":
        # A dead server is noticed in 10 s, not in the kernel's two hours; a connection it dropped is replaced.
        options = f"{parsed.query.get('options', '')} -c statement_timeout=30000"
        arguments = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "options": options.lstrip()}
        return create_engine(parsed, pool_pre_ping=True, pool_size=4, connect_args=arguments)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def reading(engine: Engine) -> Engine:
    """The same engine for look-ups: on SQLite they then do not wait for a writer, on PostgreSQL for BEGIN and COMMIT.

    Two trips to the server fewer; each statement saw its own state of the data there before, too.
    """
    if engine.dialect.name == "postgresql":
        return engine.execution_options(**{READING: True, "isolation_level": "AUTOCOMMIT"})
    return engine.execution_options(**{READING: True})


def _prepare(connection: SQLiteConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where we say (see _begin), not at the first write
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # an acknowledged commit outlives a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    # A transaction that reads and then writes must take the write lock first: upgrading it later fails at once with
    # "database is locked", whatever the busy timeout.
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN" if options.get(READING) else "BEGIN IMMEDIATE")
