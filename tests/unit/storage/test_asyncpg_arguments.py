"""A PostgreSQL URL means the same server to asyncpg as to psycopg, however it is written."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, text

from storage.async_reader import AsyncReader, reads_in_loop
from storage.asyncpg_arguments import OnlyInThreadsError, asyncpg_arguments
from storage.engine import driver_url, open_engine
from storage.errors import LedgerUnavailableError
from storage.readers import ThreadReader
from tests.unit.storage.own_authority import Issued, issued
from tests.unit.storage.postgres import NOBODY, Server, private_server

WHO = text("SELECT current_user, current_database(), current_setting('search_path')")
PERSON, PASSWORD, DATABASE = "Айгүл@роль/1", "p@ss:w/ör%d?&#+ \\'\"", "дерек қор%1?"
HERE = {"host": ["h"], "database": "led"}
SET = {"default_transaction_read_only": "on"}


def arguments(url: str) -> dict[str, Any]:
    made = asyncpg_arguments(driver_url(url), SET)
    assert made.pop("server_settings")["options"].endswith("-c default_transaction_read_only=on")
    assert made.pop("timeout") == 5
    return made


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("postgresql://", {}),
        (
            "postgresql+psycopg://b:s%40c@db.local/led",
            {"user": "b", "password": "s@c", "host": ["db.local"], "database": "led"},
        ),
        (
            "postgresql+asyncpg://b@10.0.0.1:5433/led",
            {"user": "b", "host": ["10.0.0.1"], "port": 5433, "database": "led"},
        ),
        ("postgresql://b@[::1]:5433/led", {"user": "b", "host": ["::1"], "port": 5433, "database": "led"}),
        ("postgresql://b@/led?host=/run/postgresql", {"user": "b", "host": ["/run/postgresql"], "database": "led"}),
        (
            "postgresql://b@/led?host=one:5432&host=two:5433",
            {"user": "b", "host": ["one", "two"], "port": [5432, 5433], "database": "led"},
        ),
        ("postgresql://h/led?user=b&password=c", {"user": "b", "password": "c", **HERE}),
        ("postgresql://h/led?target_session_attrs=read-write", {**HERE, "target_session_attrs": "read-write"}),
        (
            "postgresql://h/led?keepalives_idle=30&tcp_user_timeout=1000&client_encoding=utf8&gssencmode=disable",
            {**HERE},
        ),
        (
            "postgresql://h/led?sslmode=verify-full&sslrootcert=/a%20b/ca.pem",
            {**HERE, "dsn": "postgresql://?sslmode=verify-full&sslrootcert=%2Fa+b%2Fca.pem"},
        ),
    ],
)
def test_every_form_of_a_url(url: str, made: dict[str, Any]) -> None:
    assert arguments(url) == made


def test_what_is_said_of_the_session_is_said_to_asyncpg() -> None:
    url = "postgresql://h/led?connect_timeout=0&application_name=hotline&options=-csearch_path%3Dours"
    made = asyncpg_arguments(driver_url(url), SET)
    assert made["timeout"] == 5  # as psycopg's, whatever the URL says; for asyncpg nought would be none at all
    options = "-csearch_path=ours -c default_transaction_read_only=on"
    assert made["server_settings"] == {"options": options, "application_name": "hotline"}


@pytest.mark.parametrize(
    "only_libpq",
    ["hostaddr=10.0.0.1", "service=centre", "channel_binding=require", "gssencmode=require", "requirepeer=postgres",
     "sslrootcert=system", "load_balance_hosts=random", "require_auth=scram-sha-256"],
)  # fmt: skip
async def test_what_only_libpq_can_is_left_to_it(only_libpq: str) -> None:
    url = f"postgresql://b:secret@h/led?{only_libpq}"
    with pytest.raises(OnlyInThreadsError) as no:
        asyncpg_arguments(driver_url(url), SET)
    assert only_libpq.partition("=")[0] in str(no.value) and "secret" not in str(no.value)
    engine = open_engine(url)
    async with reads_in_loop(url, engine) as reader:
        assert isinstance(reader, ThreadReader)
    engine.dispose()


def test_a_service_of_the_environment_is_left_to_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "centre")
    with pytest.raises(OnlyInThreadsError):
        asyncpg_arguments(driver_url("postgresql://h/led"), SET)


@dataclass(frozen=True)
class Guarded:
    """A server that asks for passwords, at a socket and, encrypted only, at a port."""

    server: Server
    port: int
    tls: Issued

    def url(self, host: str, **query: str) -> str:
        port = None if host.startswith("/") else self.port
        made = URL.create("postgresql", PERSON, PASSWORD, None if port is None else host, port, DATABASE, query)
        made = made if port else made.update_query_dict({"host": host})
        return made.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with private_server() as server:
        tls = issued(tmp_path_factory.mktemp("tls"))
        folder = server.folder / "data"
        for source, name in ((tls.certificate, "server.crt"), (tls.key, "server.key")):
            shutil.copy(source, folder / name)
            if os.geteuid() == 0:
                shutil.chown(folder / name, NOBODY, NOBODY)
        (folder / "server.key").chmod(0o600)
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            person, database = sql.Identifier(PERSON), sql.Identifier(DATABASE)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(person, sql.Literal(PASSWORD)))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, person))
        server.stop()
        rules = "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        (folder / "pg_hba.conf").write_text(rules)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server.start("-c", "listen_addresses=127.0.0.1", "-p", str(port), "-c", "ssl=on")
        yield Guarded(server, port, tls)


async def who(url: str) -> list[tuple[str, str, str]]:
    """Whom the server takes us for, asked in the event loop and in a thread."""
    engine = open_engine(url)
    try:
        async with reads_in_loop(url, engine) as reader:
            assert isinstance(reader, AsyncReader)
            return [
                tuple(await one.read(lambda connection: connection.execute(WHO).one()))
                for one in (reader, ThreadReader(engine))
            ]
    finally:
        engine.dispose()


async def test_names_and_passwords_of_any_letters_at_a_socket_and_a_port(guarded: Guarded) -> None:
    ours = (PERSON, DATABASE, '"$user", public')
    assert await who(guarded.url(str(guarded.server.folder), port=str(guarded.port))) == [ours, ours]
    assert await who(guarded.url("127.0.0.1", sslmode="require")) == [ours, ours]
    assert await who(guarded.url("127.0.0.1")) == [ours, ours]  # as libpq does: encrypted if it can be


async def test_a_certificate_is_held_against_its_authority(guarded: Guarded, tmp_path: Path) -> None:
    ours = (PERSON, DATABASE, '"$user", public')
    verified = guarded.url("127.0.0.1", sslmode="verify-full", sslrootcert=str(guarded.tls.authority))
    assert await who(verified) == [ours, ours]
    other = issued(tmp_path).authority
    for wrong in ({"sslmode": "verify-full", "sslrootcert": str(other)}, {"sslmode": "disable"}):
        with pytest.raises(LedgerUnavailableError) as no:
            await who(guarded.url("127.0.0.1", **wrong))
        assert PASSWORD not in str(no.value)


async def test_a_wrong_password_is_said_without_it(guarded: Guarded) -> None:
    url = URL.create("postgresql", PERSON, "wrong-secret", "127.0.0.1", guarded.port, DATABASE, {"sslmode": "require"})
    with pytest.raises(LedgerUnavailableError, match="authentication failed") as no:
        await who(url.render_as_string(hide_password=False))
    assert "wrong-secret" not in str(no.value)


async def test_a_search_path_of_the_url_is_both_ways_the_same(guarded: Guarded) -> None:
    url = guarded.url("127.0.0.1", options="-csearch_path=pg_catalog")
    ours = (PERSON, DATABASE, "pg_catalog")
    assert await who(url) == [ours, ours]
