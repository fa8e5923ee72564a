"""One short transaction in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import LedgerUnavailableError

T = TypeVar("T")


async def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do it whole or not at all; durable when it returns. Raises LedgerUnavailableError and what `work` raises."""
    return await asyncio.to_thread(transact, engine, work)


def transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    """The same in this thread."""
    try:
        with engine.begin() as connection:
            return work(connection)
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
