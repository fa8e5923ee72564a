"""Short look-ups in the event loop (decision 4): each has a deadline, and frees its connection when that is over."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import aiosqlite
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.async_engine import CONNECTIONS, open_async_engine
from storage.asyncpg_arguments import OnlyInThreadsError
from storage.errors import LedgerSlowError, LedgerUnavailableError
from storage.readers import Reader, ThreadReader, TooManyRowsError

T = TypeVar("T")

log = structlog.get_logger(__name__)

DEADLINE_S = 5.0
AGAIN_S = 0.05
"""A statement that begins after an interruption is interrupted, too, so much later."""
FREED_S = 3.0
"""Who has not stopped after so long loses the connection."""


@dataclass(slots=True)
class _Read:
    """A question on its way, and the SQLite connection that it has."""

    task: asyncio.Task[object] | None = None  # none yet while it waits for a place
    sqlite: aiosqlite.Connection | None = None


class AsyncReader:
    """Asks through asyncio drivers, by four read-only connections; what turns out to be long is asked in a thread."""

    def __init__(self, engine: AsyncEngine, otherwise: Reader, deadline_s: float = DEADLINE_S) -> None:
        self._engine = engine
        self._otherwise = otherwise
        self._deadline_s = deadline_s
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._reads: list[_Read] = []
        self._freeing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def read(self, query: Callable[[Connection], T]) -> T:
        """The answer. Raises LedgerSlowError after the deadline, LedgerUnavailableError and what `query` raises."""
        one = _Read()
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._places.acquire()
                task = asyncio.create_task(self._ask(query, one))
                self._begun(one, task)
                return await asyncio.shield(task)
        except TooManyRowsError:
            return await self._otherwise.read(query)
        except TimeoutError as error:
            raise LedgerSlowError(f"no answer within {self._deadline_s:g} s") from error
        finally:
            self._free(one)

    async def close(self) -> None:
        """Stop what is on its way, and close all connections."""
        self._closed = True
        for one in list(self._reads):
            self._free(one)
        if self._freeing:
            await asyncio.wait(self._freeing, timeout=FREED_S)
        for left in [one.task for one in self._reads if one.task is not None]:  # by a disk that does not answer
            await _cancel(left)
        await self._engine.dispose()

    async def _ask(self, query: Callable[[Connection], T], one: _Read) -> T:
        try:
            try:
                return await self._ask_once(query, one)
            except DBAPIError as error:
                if not _stale(error):
                    raise
                return await self._ask_once(query, one)  # by a new connection
        except SQLAlchemyError as error:
            raise LedgerUnavailableError(str(error.__cause__ or error)) from error
        except (sqlite3.Error, OSError) as error:  # of the drivers themselves: at BEGIN, and when nobody listens
            raise LedgerUnavailableError(str(error) or type(error).__name__) from error

    async def _ask_once(self, query: Callable[[Connection], T], one: _Read) -> T:
        if self._closed:
            raise LedgerUnavailableError("being closed")
        async with self._engine.connect() as connection:
            try:
                return await connection.run_sync(partial(_answer, query, one))
            finally:
                one.sqlite = None

    def _begun(self, one: _Read, task: asyncio.Task[T]) -> None:
        one.task = task
        self._reads.append(one)
        task.add_done_callback(partial(self._ended, one))

    def _ended(self, one: _Read, task: asyncio.Task[object]) -> None:
        self._reads.remove(one)
        self._places.release()
        if not task.cancelled():
            task.exception()  # nobody may be left to hear it

    def _free(self, one: _Read) -> None:
        """Stop a question that nobody waits for any more; its place is free when its connection is."""
        if one.task is not None and not one.task.done():
            freeing = asyncio.create_task(self._stop(one, one.task))
            self._freeing.add(freeing)
            freeing.add_done_callback(self._freeing.discard)

    async def _stop(self, one: _Read, task: asyncio.Task[object]) -> None:
        """Return when it has ended. A thread in a file that does not answer cannot be ended, and keeps its place."""
        if self._engine.dialect.name != "sqlite":
            await _cancel(task)
            return
        until_s = time.monotonic() + FREED_S
        while not task.done() and time.monotonic() < until_s:
            if one.sqlite is not None:
                await one.sqlite.interrupt()
            await asyncio.wait({task}, timeout=AGAIN_S)
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


@asynccontextmanager
async def reads_in_loop(url: str, engine: Engine) -> AsyncIterator[Reader]:
    """Whoever asks the API's short questions: in the event loop, or in threads where its driver cannot follow the URL.

    `engine`: of the same database, for what turns out to be long. Raises ValueError for another database.
    """
    threads = ThreadReader(engine)
    try:
        engine_in_loop = await asyncio.to_thread(open_async_engine, url, DEADLINE_S)  # loads the driver
        reader = AsyncReader(engine_in_loop, threads)
    except OnlyInThreadsError as error:
        log.warning("the API reads the ledger in threads", because=f"their asyncio driver does not know {error}")
        yield threads
        return
    try:
        yield reader
    finally:
        await reader.close()


def _answer(query: Callable[[Connection], T], one: _Read, connection: Connection) -> T:
    driver = connection.connection.driver_connection
    one.sqlite = driver if isinstance(driver, aiosqlite.Connection) else None
    return query(connection)


async def _cancel(task: asyncio.Task[object]) -> None:
    """Once lets the driver tell the server; whoever does not end by that loses the connection without a word."""
    for _ in range(2):
        task.cancel()
        await asyncio.wait({task}, timeout=FREED_S)


def _stale(error: DBAPIError) -> bool:
    """Whether only the connection was at fault: the server was started anew, or its tables were migrated meanwhile."""
    return error.connection_invalidated or isinstance(error.orig, AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError)
