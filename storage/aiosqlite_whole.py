"""aiosqlite for short look-ups: read-only, and a statement's whole result in one trip to the connection's thread.

SQLAlchemy takes four (cursor, execute, fetch, close), each 35 µs of CPU and, on a busy machine, a wait for a processor:
a call's story of ten statements took 5.4 ms of CPU that way.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiosqlite

BUSY_S = 1.0
"""Writers keep no reader waiting but for moments: the ledger is in WAL mode."""

Description = tuple[tuple[Any, ...], ...] | None


class WholeResults(aiosqlite.Connection):
    """A connection that fetches all rows of a statement at once."""

    def __init__(self, path: Path) -> None:
        """To be awaited: it connects then. `path`: absolute; nothing is made where no file is."""
        super().__init__(lambda: _read_only(path), iter_chunk_size=1)
        self._thread.daemon = True  # a disk that does not answer must not keep us from ending

    def cursor(self) -> WholeResult:  # type: ignore[override]  # what SQLAlchemy's adapter needs of one
        """A cursor of this connection."""
        return WholeResult(self)


class WholeResult:
    """A cursor whose statement is over, and its rows are here, when `execute` returns."""

    arraysize = 1
    rowcount = -1
    lastrowid = -1

    def __init__(self, connection: WholeResults) -> None:
        self.description: Description = None
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> WholeResult:
        return self

    async def execute(self, statement: str, values: Any = ()) -> WholeResult:
        """Execute and fetch. Raises sqlite3.Error."""
        connection = self._connection
        whole = connection._execute(_whole, connection._conn, statement, values)  # type: ignore[no-untyped-call]
        self.description, self._rows = await whole
        return self

    async def fetchall(self) -> list[Any]:
        """All rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left to be closed."""


def _whole(connection: sqlite3.Connection, statement: str, values: Any) -> tuple[Description, list[Any]]:
    cursor = connection.execute(statement, values)
    try:
        return cursor.description, cursor.fetchall()
    finally:
        cursor.close()


def _read_only(path: Path) -> sqlite3.Connection:
    # Transactions begin where we say, see `storage.engine`.
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only=ON").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
