"""The async twin of `storage.engine`: the same databases for look-ups from the event loop, and for nothing else.

Its connections are read-only by the database's own word. Migrations and all that writes need the synchronous drivers.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import structlog
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.aiosqlite_whole import WholeResults
from storage.asyncpg_arguments import OnlyInThreadsError, asyncpg_arguments
from storage.engine import driver_url
from storage.errors import LedgerAwayError
from storage.readers import MOST_ROWS

log = structlog.get_logger(__name__)

CONNECTIONS = 4
FEW_ROWS = 50


def open_async_engine(url: str, deadline_s: float) -> AsyncEngine:
    """An engine for look-ups that nobody waits for longer than so many seconds; connects when it is first used.

    Raises ValueError for another database, OnlyInThreadsError for a URL that only the other drivers understand.
    """
    parsed = driver_url(url)
    made = _postgresql(parsed, deadline_s) if parsed.get_backend_name() == "postgresql" else _sqlite(parsed)
    return made.execution_options(**{MOST_ROWS: FEW_ROWS})


def _postgresql(url: URL, deadline_s: float) -> AsyncEngine:
    # Who asks looks at the clock; the server does, too, a little later, should it not hear that a statement is stopped.
    settings = {"default_transaction_read_only": "on", "statement_timeout": f"{(deadline_s + 1) * 1000:.0f}"}
    arguments = asyncpg_arguments(url, settings)
    return create_async_engine(
        "postgresql+asyncpg://", connect_args=arguments, pool_size=CONNECTIONS, max_overflow=0,
        isolation_level="AUTOCOMMIT",  # no trips for BEGIN and COMMIT, as `storage.engine.reading`
    )  # fmt: skip


def _sqlite(url: URL) -> AsyncEngine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
        raise OnlyInThreadsError("a SQLite URL that is more than a file's")
    path = Path(url.database).absolute()
    # At DEBUG it would write down every statement's values, which are callers' numbers.
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    file = _SameFile(path)
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"), async_creator=file.open, pool_size=CONNECTIONS, max_overflow=0
    )
    event.listen(engine.sync_engine, "checkout", file.must_be_there)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


class _SameFile:
    """Whoever writes has the ledger's file open, wherever it was moved to: no other in its place is taken for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ours: tuple[int, int] | None = None
        self._told = False

    async def open(self) -> WholeResults:
        """A connection. Raises sqlite3.Error when the file is away, LedgerAwayError when it is another one."""
        there = self._there()
        if there is not None and self._ours not in (None, there):
            words = f"{self._path} is another file than was opened: to work with it, start the hotline anew"
            if not self._told:
                log.error("the ledger was replaced", because=words)
            self._told = True
            raise LedgerAwayError(words)
        connection = WholeResults(self._path)
        await connection
        self._ours, self._told = there, False
        return connection

    def must_be_there(self, *_: object) -> None:
        """Let no connection be used while the file is not where it was."""
        if self._there() != self._ours:
            raise InvalidatePoolError

    def _there(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for at every look-up
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, WholeResults)
    driver.begin()
