"""The same tests on SQLite and on a real PostgreSQL, and where it is said by both ways to ask them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from storage.async_reader import AsyncReader, reads_in_loop
from storage.demands import Register
from storage.engine import open_engine, sqlite_url
from storage.journal.projector import Projector
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.readers import Reader, ThreadReader
from tests.unit.storage.postgres import Server, private_server
from tests.unit.storage.scene import projector_of

TEMPLATE = "ledger_template"
THREADS, LOOP = BOTH_WAYS = ("threads", "loop")
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with private_server() as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        upgrade(server.url(TEMPLATE))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    upgrade(sqlite_url(path))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a ledger of its own, its tables made and empty."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield sqlite_url(path)
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"ledger_{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield server.url(name)
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:  # thousands of files at the end
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Where a module says `LOOK_UPS = BOTH_WAYS`, its short look-ups are asked in threads and in the event loop."""
    if "way" in metafunc.fixturenames and (ways := getattr(metafunc.module, "LOOK_UPS", ())):
        metafunc.parametrize("way", ways, indirect=True)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", THREADS)


@pytest.fixture
async def reader_in_loop(url: str, engine: Engine) -> AsyncIterator[AsyncReader]:
    async with reads_in_loop(url, engine) as reader:
        assert isinstance(reader, AsyncReader)
        yield reader


@pytest.fixture
def look_ups(request: pytest.FixtureRequest, engine: Engine, way: str) -> Reader:
    reader: Reader = ThreadReader(engine) if way == THREADS else request.getfixturevalue("reader_in_loop")
    return reader


@pytest.fixture
def ledger(engine: Engine, look_ups: Reader) -> Ledger:
    return Ledger(engine, look_ups)


@pytest.fixture
def register(engine: Engine, look_ups: Reader) -> Register:
    return Register(engine, look_ups)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.csv"


@pytest.fixture
def projector(engine: Engine, journal: Path) -> Projector:
    return projector_of(engine, [journal, journal.with_name("controller.csv")])
