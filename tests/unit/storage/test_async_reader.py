"""Short look-ups in the event loop: read-only, each with a deadline, four at a time; on both databases (decision 4)."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update

from bailanys.api.reports import LedgerBooks
from console.errors import UnavailableError
from storage import owner
from storage.async_engine import CONNECTIONS, FEW_ROWS, open_async_engine
from storage.async_reader import AsyncReader, reads_in_loop
from storage.demands import Register
from storage.engine import driver_url, open_engine, sqlite_url
from storage.errors import LedgerAwayError, LedgerSlowError, LedgerUnavailableError
from storage.ledger import Ledger
from storage.owner import Hotline, must_be_ours
from storage.readers import ThreadReader
from storage.tables import call
from tests.unit.storage.postgres import Server, private_server
from tests.unit.storage.test_recording_search import DAY, NOON_MS, ZONE, enter

SOON_S = 0.3
"""A deadline for what never ends."""
LONG_S = 30.0
PHONE = "77050000001"
ROW = {"id": "x", "node": "hl1", "arrived_ms": 1, "result": "lost"}

T = TypeVar("T")


@asynccontextmanager
async def reader_of(url: str, engine: Engine, deadline_s: float = LONG_S) -> AsyncIterator[AsyncReader]:
    reader = AsyncReader(open_async_engine(url, deadline_s), ThreadReader(engine), deadline_s)
    try:
        yield reader
    finally:
        await reader.close()


def endless(connection: Connection) -> object:
    """A statement that takes a minute."""
    if connection.dialect.name == "postgresql":
        return connection.execute(text("SELECT pg_sleep(60)")).all()
    count = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1e10) SELECT max(i) FROM n"
    return connection.execute(text(count)).all()


def calls_there(connection: Connection) -> int:
    return len(connection.execute(select(call.c.id)).all())


def at_work(engine: Engine) -> int:
    """Statements of others than us that the server is still at; SQLite's are over when their look-up is."""
    if engine.dialect.name == "sqlite":
        return 0
    active = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    with engine.connect() as connection:
        return int(connection.scalar(text(f"{active} AND pid <> pg_backend_pid()")) or 0)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)


WRITES: list[Callable[[Connection], object]] = [
    lambda connection: connection.execute(insert(call), [ROW]),
    lambda connection: connection.execute(update(call).values(node="hl2")),
    lambda connection: connection.execute(text("CREATE TABLE another (id INTEGER)")),
    lambda connection: owner.claim(connection, Hotline("b", "two:/var", "2")),
]


@pytest.mark.parametrize("write", WRITES)
async def test_nothing_can_be_written(
    engine: Engine, reader_in_loop: AsyncReader, write: Callable[[Connection], object]
) -> None:
    enter(engine, 1, PHONE)
    with pytest.raises(LedgerUnavailableError, match=r"read-?only"):
        await reader_in_loop.read(write)
    with engine.connect() as connection:
        assert connection.execute(select(call.c.node)).scalars().all() == ["hl1"]
        assert connection.scalar(select(owner.owner.c.id)) is None
    assert await reader_in_loop.read(calls_there) == 1  # by the same connection


async def test_a_ledger_of_another_hotline_is_read_as_ever(engine: Engine, reader_in_loop: AsyncReader) -> None:
    """Who only reads may do so anywhere (decision 18)."""
    with engine.begin() as connection:
        owner.claim(connection, Hotline("b", "two:/var", "2"))
    enter(engine, 1, PHONE)
    assert await reader_in_loop.read(calls_there) == 1
    with pytest.raises(LedgerUnavailableError, match="belongs to the hotline at two:/var"):
        await reader_in_loop.read(partial(must_be_ours, ours=Hotline("a", "one:/var", "1")))


async def test_what_takes_too_long_is_given_up_and_really_stopped(url: str, engine: Engine) -> None:
    enter(engine, 1, PHONE)
    async with reader_of(url, engine, SOON_S) as reader:
        for _ in range(2 * CONNECTIONS):  # each would take one of four connections for a minute
            began_s = time.monotonic()
            with pytest.raises(LedgerSlowError, match=r"no answer within 0\.3 s"):
                await reader.read(endless)
            assert time.monotonic() - began_s < 10 * SOON_S
        await eventually(lambda: not reader._reads and at_work(engine) == 0)
        reader._deadline_s = LONG_S
        assert await asyncio.gather(*(reader.read(calls_there) for _ in range(CONNECTIONS))) == [1] * CONNECTIONS


async def test_who_waits_behind_slow_ones_is_given_up_too_and_the_next_is_served(url: str, engine: Engine) -> None:
    async with reader_of(url, engine, SOON_S) as reader:
        slow = await asyncio.gather(*(reader.read(endless) for _ in range(3 * CONNECTIONS)), return_exceptions=True)
        assert [type(error) for error in slow] == [LedgerSlowError] * (3 * CONNECTIONS)
        await eventually(lambda: not reader._reads)
        assert await reader.read(calls_there) == 0
        await eventually(lambda: at_work(engine) == 0)


async def test_whoever_goes_away_stops_what_they_asked_for(url: str, engine: Engine) -> None:
    async with reader_of(url, engine) as reader:
        asking = [asyncio.create_task(reader.read(endless)) for _ in range(CONNECTIONS)]
        await asyncio.sleep(SOON_S)
        for one in asking:
            one.cancel()
        gone = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(error) for error in gone] == [asyncio.CancelledError] * CONNECTIONS
        assert await reader.read(calls_there) == 0
        await eventually(lambda: at_work(engine) == 0)


async def test_many_at_once_take_turns_at_four_connections(url: str, engine: Engine) -> None:
    ids = [enter(engine, number, f"7705000{number:04}") for number in range(1, 21)]
    at_once = list[int]()

    async def look(number: int) -> None:
        story = await ledger.call_story(ids[number % 20])
        assert story is not None and story.record.call.id == ids[number % 20]
        (hit,) = await ledger.recordings.find(DAY, f"7705000{number % 20 + 1:04}", ZONE)
        assert hit.call_id == ids[number % 20]
        at_once.append(len(reader._reads))

    async with reader_of(url, engine, 60.0) as reader:
        ledger = Ledger(engine, reader)
        await asyncio.gather(*map(look, range(100)))
        assert max(at_once) <= CONNECTIONS
        assert not reader._reads


async def test_the_event_loop_goes_on_beside_a_slow_look_up(url: str, engine: Engine) -> None:
    async with reader_of(url, engine, SOON_S) as reader:
        asking = asyncio.create_task(reader.read(endless))
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert turns > 5
        assert isinstance(asking.exception(), LedgerSlowError)


class Told:
    """Asks in a thread, and remembers that it was asked to."""

    def __init__(self, engine: Engine) -> None:
        self.asked = 0
        self._threads = ThreadReader(engine)

    async def read(self, query: Callable[[Connection], T]) -> T:
        self.asked += 1
        return await self._threads.read(query)


async def test_what_turns_out_to_be_long_is_asked_in_a_thread(url: str, engine: Engine) -> None:
    for number in range(FEW_ROWS):
        enter(engine, number, PHONE, NOON_MS + number * 1000)
    threads = Told(engine)
    reader = AsyncReader(open_async_engine(url, LONG_S), threads)
    try:
        ledger = Ledger(engine, reader)
        assert len(await ledger.recordings.find(DAY, PHONE, ZONE)) == FEW_ROWS
        assert threads.asked == 0
        enter(engine, FEW_ROWS, PHONE, NOON_MS + FEW_ROWS * 1000)
        assert len(await ledger.recordings.find(DAY, PHONE, ZONE)) == FEW_ROWS + 1
        assert threads.asked == 1
    finally:
        await reader.close()


async def test_a_ledger_that_is_away_is_away_and_back_when_it_is_back(tmp_path: Path, sqlite_template: Path) -> None:
    path, aside = tmp_path / "ledger.db", tmp_path / "unmounted.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(sqlite_url(path))
    key = enter(engine, 1, PHONE)
    engine.dispose()  # its journal is in the file now
    async with reader_of(sqlite_url(path), engine) as reader:
        books = LedgerBooks(Ledger(engine, reader), sqlite_url(path), ZONE, 2)
        assert (await books.story(key)).call.id == key
        path.rename(aside)
        for _ in range(2 * CONNECTIONS):
            with pytest.raises(UnavailableError, match="the ledger does not answer") as away:
                await books.story(key)
            assert (away.value.status, away.value.error_id, away.value.retryable) == (503, "ledger-unavailable", True)
        assert not path.exists(), "a look-up must make no file where the ledger should be"
        aside.rename(path)
        assert (await books.story(key)).call.id == key
    engine.dispose()


async def test_another_file_in_the_ledgers_place_is_not_taken_for_it(tmp_path: Path, sqlite_template: Path) -> None:
    """Whoever writes still has the first one open: what is told must be what is written to."""
    path, aside, backup = tmp_path / "ledger.db", tmp_path / "aside.db", tmp_path / "backup.db"
    for copy in (path, backup):
        shutil.copy(sqlite_template, copy)
    engine = open_engine(sqlite_url(path))
    enter(engine, 1, PHONE)
    engine.dispose()
    async with reader_of(sqlite_url(path), engine) as reader:
        assert await asyncio.gather(*(reader.read(calls_there) for _ in range(CONNECTIONS))) == [1] * CONNECTIONS
        path.rename(aside)
        shutil.copy(backup, path)
        for _ in range(2 * CONNECTIONS):
            with pytest.raises(LedgerAwayError, match="start the hotline anew"):
                await reader.read(calls_there)
        aside.replace(path)
        assert await asyncio.gather(*(reader.read(calls_there) for _ in range(CONNECTIONS))) == [1] * CONNECTIONS
    async with reader_of(sqlite_url(backup), engine) as reader:
        assert await reader.read(calls_there) == 0


async def test_a_ledger_without_tables_and_a_file_that_is_none(tmp_path: Path) -> None:
    for name, content in (("empty.db", b""), ("text.db", b"no database at all" * 100)):
        path = tmp_path / name
        path.write_bytes(content)
        engine = open_engine(sqlite_url(path))
        async with reader_of(sqlite_url(path), engine) as reader:
            with pytest.raises(LedgerUnavailableError):
                await reader.read(calls_there)
        assert path.read_bytes() == content


async def test_a_path_with_odd_letters_is_that_path(tmp_path: Path, sqlite_template: Path) -> None:
    folder = tmp_path / "Қайрат & 100%?#mode=rw"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "ledger.db")
    url = driver_url("sqlite://").set(database=str(folder / "ledger.db"))
    engine = open_engine(url.render_as_string(hide_password=False))
    async with reader_of(url.render_as_string(hide_password=False), engine) as reader:
        assert await reader.read(calls_there) == 0
    engine.dispose()


async def test_a_writer_keeps_no_reader_waiting(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "ledger.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(sqlite_url(path))
    async with reader_of(sqlite_url(path), engine, 2.0) as reader:
        with engine.begin() as writing:  # BEGIN IMMEDIATE: a migration, or the projector
            writing.execute(insert(call), [ROW])
            assert await reader.read(calls_there) == 0
        assert await reader.read(calls_there) == 1
    engine.dispose()


async def test_one_look_up_sees_one_state_of_a_file(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "ledger.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(sqlite_url(path))
    enter(engine, 1, PHONE)

    def twice(connection: Connection) -> tuple[int, int]:
        before = calls_there(connection)
        enter(engine, 2, PHONE)
        return before, calls_there(connection)

    async with reader_of(sqlite_url(path), engine) as reader:
        for _ in range(CONNECTIONS):
            await reader.read(calls_there)
        assert await reader.read(twice) == (1, 1)
        assert await reader.read(calls_there) == 2
        with pytest.raises(LedgerUnavailableError):
            await reader.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")))

        def all_over() -> bool:
            """A state that somebody still looks at would have to be kept beside the file."""
            with closing(sqlite3.connect(path)) as connection:
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy

        await eventually(all_over)
    engine.dispose()


async def test_tables_that_are_migrated_under_us_are_read_on(engine: Engine, reader_in_loop: AsyncReader) -> None:
    """PostgreSQL's prepared statements are of no use afterwards; SQLite's are made anew by themselves."""
    key = enter(engine, 1, PHONE)
    ledger = Ledger(engine, reader_in_loop)
    for _ in range(2 * CONNECTIONS):
        assert await ledger.call_story(key)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE call ADD COLUMN another INTEGER"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE call ALTER COLUMN node TYPE VARCHAR(70)"))
            connection.execute(text("ALTER TABLE recording ALTER COLUMN bytes TYPE NUMERIC"))
    stories = await asyncio.gather(*(ledger.call_story(key) for _ in range(2 * CONNECTIONS)))
    assert [story.record.call.id for story in stories if story] == [key] * (2 * CONNECTIONS)


async def test_tables_that_are_locked_are_waited_for_until_the_deadline(postgres: Server) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE locked TEMPLATE ledger_template")
    url = postgres.url("locked")
    engine = open_engine(url)
    key = enter(engine, 1, PHONE)
    async with reader_of(url, engine, SOON_S) as reader:
        books = LedgerBooks(Ledger(engine, reader), url, ZONE, 2)
        with engine.begin() as migrating:
            migrating.execute(text("LOCK TABLE call IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(UnavailableError, match=r"the ledger gave no answer within 0\.3 s: try again") as slow:
                await books.story(key)
            assert (slow.value.status, slow.value.error_id, slow.value.retryable) == (503, "ledger-slow", True)
        await eventually(lambda: at_work(engine) == 0)
    async with reader_of(url, engine) as reader:
        assert (await LedgerBooks(Ledger(engine, reader), url, ZONE, 2).story(key)).call.id == key
    engine.dispose()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that is stopped and started."""
    with private_server() as server:
        yield server


async def test_a_server_that_was_started_anew_is_asked_anew(own_server: Server) -> None:
    url = own_server.url("postgres")
    engine = open_engine(url)
    one = text("SELECT 1")
    async with reader_of(url, engine) as reader:

        async def all_four() -> list[object]:
            asked = (reader.read(lambda connection: connection.scalar(one)) for _ in range(CONNECTIONS))
            return list(await asyncio.gather(*asked, return_exceptions=True))

        assert await all_four() == [1] * CONNECTIONS
        own_server.stop()
        for _ in range(2):
            assert [type(error) for error in await all_four()] == [LedgerUnavailableError] * CONNECTIONS
        own_server.start()
        assert await all_four() == [1] * CONNECTIONS
        own_server.stop()
        own_server.start()  # between two look-ups: every connection of the pool is stale, and nobody notices
        assert await all_four() == [1] * CONNECTIONS
    engine.dispose()


async def test_a_server_that_says_nothing_any_more_costs_a_deadline_and_no_connection(own_server: Server) -> None:
    url = own_server.url("postgres")
    engine = open_engine(url)
    one = text("SELECT 1")
    async with reader_of(url, engine, SOON_S) as reader:
        assert await reader.read(lambda connection: connection.scalar(one)) == 1
        stopped = _processes_of(own_server)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            began_s = time.monotonic()
            with pytest.raises(LedgerSlowError):
                await reader.read(lambda connection: connection.scalar(one))
            assert time.monotonic() - began_s < 10 * SOON_S
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        await eventually(lambda: not reader._reads)
    async with reader_of(url, engine) as reader:
        assert await reader.read(lambda connection: connection.scalar(one)) == 1
    engine.dispose()


def _processes_of(server: Server) -> list[int]:
    assert server.process is not None
    postmaster = server.process.pid
    return [postmaster, *map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())]


def _ours(folder: Path) -> list[str]:
    """Files in a folder that we hold open."""
    links = [Path(f"/proc/self/fd/{number.name}") for number in Path("/proc/self/fd").iterdir()]
    targets = [str(link.readlink()) for link in links if link.is_symlink()]
    return [target for target in targets if target.startswith(str(folder))]


async def test_closing_leaves_no_file_and_no_thread(tmp_path: Path, sqlite_template: Path) -> None:
    path, threads = tmp_path / "ledger.db", set(threading.enumerate())
    shutil.copy(sqlite_template, path)
    engine = open_engine(sqlite_url(path))
    async with reader_of(sqlite_url(path), engine) as reader:
        await asyncio.gather(*(reader.read(calls_there) for _ in range(CONNECTIONS)))
        assert any(target.endswith("ledger.db") for target in _ours(tmp_path))
        asking = asyncio.create_task(reader.read(endless))
        await asyncio.sleep(SOON_S)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 3
    with pytest.raises(LedgerUnavailableError, match="interrupted"):
        await asking
    assert _ours(tmp_path) == []
    await eventually(lambda: not {one for one in set(threading.enumerate()) - threads if "asyncio" not in one.name})
    with pytest.raises(LedgerUnavailableError, match="being closed"):
        await reader.read(calls_there)


async def test_closing_leaves_no_connection_at_the_server(own_server: Server) -> None:
    url = own_server.url("postgres")
    there = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    engine = open_engine(url)
    async with reader_of(url, engine) as reader:
        one = text("SELECT 1")
        await asyncio.gather(*(reader.read(lambda connection: connection.scalar(one)) for _ in range(CONNECTIONS)))
        with psycopg.connect(url) as beside:
            assert beside.execute(there).fetchone() == (CONNECTIONS,)
        asking = asyncio.create_task(reader.read(endless))
        await asyncio.sleep(SOON_S)
    with pytest.raises((LedgerUnavailableError, asyncio.CancelledError)):
        await asking

    def nobody() -> bool:
        with psycopg.connect(url) as beside:
            return beside.execute(there).fetchone() == (0,)

    await eventually(nobody)
    engine.dispose()


@pytest.mark.parametrize("more", ["?timeout=3", "?mode=ro&uri=true"])
async def test_a_url_with_words_for_sqlite_itself_is_read_in_threads(
    tmp_path: Path, sqlite_template: Path, more: str
) -> None:
    path = tmp_path / "ledger.db"
    shutil.copy(sqlite_template, path)
    url = sqlite_url(path).replace("sqlite:///", "sqlite:///file:") + more if "uri" in more else sqlite_url(path) + more
    engine = open_engine(url)
    async with reads_in_loop(url, engine) as reader:
        assert isinstance(reader, ThreadReader)
        assert await reader.read(calls_there) == 0
    engine.dispose()


async def test_the_registers_clock_and_its_open_demands_are_asked_in_the_loop(
    engine: Engine, reader_in_loop: AsyncReader
) -> None:
    register = Register(engine, reader_in_loop)
    assert abs(await register.now_ms() - time.time_ns() // 1_000_000) < 60_000
    assert await register.all(only_open=True) == await Register(engine).all(only_open=True) == []
