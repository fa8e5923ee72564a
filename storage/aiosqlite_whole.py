"""aiosqlite for short look-ups: read-only, and a statement's whole result in one trip to the connection's thread.

SQLAlchemy takes four for each statement (cursor, execute, fetch, close), three for BEGIN and one for ROLLBACK. Each is
35 µs of CPU and, on a busy machine, two waits for a processor: a row by its key took 0.59 ms of CPU that way, and takes
0.26 so (0.18 in threads).
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
        self._begins = False

    def begin(self) -> None:
        """Let all statements from the next one on see the same state."""
        self._begins = True

    async def rollback(self) -> None:
        """End that, without waiting for it: whatever is asked next comes behind."""
        self._begins = False
        self._tx.put_nowait((None, self._conn.rollback))

    def take_begin(self) -> bool:
        """Whether a statement is the first one, told once."""
        begins, self._begins = self._begins, False
        return begins

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
        words = (connection._conn, connection.take_begin(), statement, values)
        self.description, self._rows = await connection._execute(_whole, *words)  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> list[Any]:
        """All rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left to be closed."""


def _whole(connection: sqlite3.Connection, begins: bool, statement: str, values: Any) -> tuple[Description, list[Any]]:
    if begins:
        connection.rollback()  # nothing, unless a disk's fault kept the last one from being over
        connection.execute("BEGIN").close()
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
