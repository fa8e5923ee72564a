"""Who asks the database a question that only reads: in a thread here, in the event loop in `storage.async_reader`.

The questions are the same functions of a `Connection` either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import CompoundSelect, Connection, Engine, Row, Select

from storage.engine import reading
from storage.transaction import in_transaction

T = TypeVar("T")

MOST_ROWS = "bailanys_most_rows"
"""Execution option of a connection: more rows than so many are not to be brought by it, see `few`."""


class TooManyRowsError(Exception):
    """There is more than a short look-up may bring: to be asked in a thread."""


class Reader(Protocol):
    """Asks one question."""

    async def read(self, query: Callable[[Connection], T]) -> T:
        """The answer. Raises LedgerUnavailableError and what `query` raises."""


class ThreadReader:
    """Asks in a thread; for as many rows as there are."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """The answer. Raises LedgerUnavailableError and what `query` raises."""
        return await in_transaction(self._engine, query)


def few(
    connection: Connection, query: Select[Any] | CompoundSelect[Any], values: Mapping[str, Any] | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """All rows of a query that usually brings few.

    Raises TooManyRowsError when there are more than this connection may bring: rows are made into values in the thread
    that asked, and in the calls' event loop nobody else does anything meanwhile.
    """
    most: int | None = connection.get_execution_options().get(MOST_ROWS)
    if most is None:
        return connection.execute(query, values).all()
    rows = connection.execute(query.limit(most + 1), values).all()
    if len(rows) > most:
        raise TooManyRowsError
    return rows
