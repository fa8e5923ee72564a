"""The API over HTTP while the ledger goes away and comes back: 503 with a line, then 200, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bailanys.api.demands import DemandOffice
from bailanys.api.playback import Hearing
from bailanys.api.reports import LedgerBooks
from config.places import Places
from console.app import api_app
from console.gate import Gate
from console.ports import Office
from console.routes import PREFIX
from console.scopes import Scope
from console.token_file import TokenFile
from console.tokens import new_token
from demands.desk import DemandDesk
from storage.async_reader import AsyncReader, reads_in_loop
from storage.demands import Register
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.unit.storage.postgres import private_server
from tests.unit.storage.test_recording_search import DAY, ZONE, enter

PHONE = "77050000001"


@dataclass(frozen=True)
class Mortal:
    """A ledger that can be taken away and brought back."""

    url: str
    take_away: Callable[[], object]
    bring_back: Callable[[], object]


@pytest.fixture(params=["sqlite", "postgresql"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mortal]:
    if request.param == "sqlite":
        path, aside = tmp_path / "ledger.db", tmp_path / "unmounted.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield Mortal(sqlite_url(path), lambda: path.rename(aside), lambda: aside.rename(path))
        return
    with private_server() as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE mortal")
        upgrade(server.url("mortal"))
        yield Mortal(server.url("mortal"), server.stop, server.start)


async def test_a_ledger_that_goes_away_is_503_with_a_line_and_200_when_it_is_back(
    mortal: Mortal, tmp_path: Path
) -> None:
    engine = open_engine(mortal.url)
    key = enter(engine, 1, PHONE)
    engine.dispose()
    secret, token = new_token("t", list(Scope), 1)
    tokens = TokenFile(tmp_path / "tokens.json")
    tokens.add(token)
    places = Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", mortal.url, tmp_path)
    nobody: Any = None
    asked = (f"/calls/{key}", "/demands", f"/recordings?call={key}&phone={PHONE}")
    heard = f"/recordings/{key}-1-1/audio?reason=meant"
    async with reads_in_loop(mortal.url, engine) as look_ups:
        assert isinstance(look_ups, AsyncReader)
        ledger = Ledger(engine, look_ups)
        desk = DemandDesk(Register(engine, look_ups), ledger, ZONE)
        books = LedgerBooks(ledger, mortal.url, ZONE, 2)
        demands, hearing = DemandOffice(desk, places, ZONE), Hearing(ledger, places, desk)
        office = Office(nobody, nobody, nobody, books, demands, hearing)
        headers = {"Authorization": f"Bearer {secret}"}
        async with TestClient(TestServer(api_app(office, Gate(tokens)))) as client:

            async def answer(path: str) -> tuple[int, dict[str, Any]]:
                async with client.get(PREFIX + path, headers=headers) as response:
                    return response.status, await response.json()

            assert [(await answer(path))[0] for path in asked] == [200, 200, 200]
            mortal.take_away()
            for path in (*asked, heard):
                status, said = await answer(path)
                assert (status, said["error_id"], said["retryable"]) == (503, "ledger-unavailable", True), path
                assert said["message"] == "the ledger does not answer"
            mortal.bring_back()
            assert [(await answer(path))[0] for path in asked] == [200, 200, 200]
            status, found = await answer(f"/recordings?date={DAY}&phone={PHONE}")
            assert (status, [talk["call"] for talk in found["talks"]]) == (200, [key])
    engine.dispose()
