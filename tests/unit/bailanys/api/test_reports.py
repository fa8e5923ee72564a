"""What the API tells of a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bailanys.api import figures_process, reports
from bailanys.api.reports import LedgerBooks
from calls.local_day import local_day
from console.errors import BadRequestError, UnavailableError, UnknownCallError
from console.ports import DayWait
from console.queries import TalksQuery
from rating.day import rated_day
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.tables import call

ALMATY = "Asia/Almaty"
DAY = date(2024, 2, 29)  # 25 hours long: the east went from UTC+6 to UTC+5 at its end
SPAN = local_day(DAY, ALMATY)


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = sqlite_url(tmp_path / "ledger.db")
    upgrade(found)
    return found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


def arrived(engine: Engine, key: str, at_ms: int, wait_ms: int | None, group: str = "portal") -> None:
    """A call in the ledger; `wait_ms` None: the caller gave up after a minute."""
    row = {"id": key, "node": "hl1", "arrived_ms": at_ms, "queued_ms": at_ms + 8000, "group_first": group}
    end = {"result": "abandoned"} if wait_ms is None else {"answered_ms": at_ms + wait_ms, "result": "answered"}
    with engine.begin() as connection:
        connection.execute(call.insert(), [{**row, **end, "ended_ms": at_ms + 60_000}])


async def test_a_days_figures_are_those_of_its_calls(engine: Engine, url: str) -> None:
    ledger = Ledger(engine)
    books = LedgerBooks(ledger, url, ALMATY)
    empty = await books.stats(DAY)
    assert (empty.total.arrived, empty.groups) == (0, {})
    books = LedgerBooks(ledger, url, ALMATY)
    arrived(engine, "first", SPAN.from_ms, 20_000)
    arrived(engine, "last", SPAN.to_ms - 1, 40_000, "ict")
    arrived(engine, "gave-up", SPAN.from_ms + 1, None)
    arrived(engine, "before", SPAN.from_ms - 1, 1)
    arrived(engine, "after", SPAN.to_ms, 1)
    stats = await books.stats(DAY)
    told = rated_day(await ledger.calls_between(SPAN.from_ms, SPAN.to_ms))
    assert (stats.day, stats.time_zone, stats.total, stats.groups) == (DAY, ALMATY, told.total, told.groups)
    assert (stats.total.arrived, stats.total.to_operator.mean_s) == (3, 30.0)


async def test_the_days_wait_is_the_average_of_its_figures(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "local_date", lambda *_: DAY)
    assert await LedgerBooks(Ledger(engine), url, ALMATY).day_wait() == DayWait(0, None)
    arrived(engine, "first", SPAN.from_ms, 20_000)
    arrived(engine, "gave-up", SPAN.from_ms, None)
    arrived(engine, "last", SPAN.to_ms - 1, 45_000)
    books = LedgerBooks(Ledger(engine), url, ALMATY)
    assert await books.day_wait() == DayWait(2, 32.5)
    assert (await books.stats(DAY)).total.to_operator.mean_s == 32.5


async def test_an_unknown_call(engine: Engine, url: str) -> None:
    with pytest.raises(UnknownCallError):
        await LedgerBooks(Ledger(engine), url, ALMATY).story("hl1-1.1")


async def test_a_ledger_without_tables_is_away(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "other.db")
    engine = open_engine(url)
    books = LedgerBooks(Ledger(engine), url, ALMATY)
    for ask in (
        books.story("x"),
        books.stats(DAY),
        books.talks(TalksQuery.model_validate({"date": DAY.isoformat(), "phone": "87012345678"})),
        books.day_wait(),
    ):
        with pytest.raises(UnavailableError) as told:
            await ask
        assert (told.value.error_id, told.value.retryable) == ("ledger-unavailable", True)
        assert "no such table" not in str(told.value)
    engine.dispose()


async def test_figures_that_take_too_long_leave_no_process(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[asyncio.subprocess.Process] = []
    real = asyncio.create_subprocess_exec

    async def start(*words: str, **more: int) -> asyncio.subprocess.Process:
        started.append(await real(*words, **more))
        return started[-1]

    monkeypatch.setattr(figures_process.asyncio, "create_subprocess_exec", start)
    monkeypatch.setattr(reports, "STATS_PATIENCE_S", 0.001)
    with pytest.raises(UnavailableError, match="the ledger does not answer"):
        await LedgerBooks(Ledger(engine), url, ALMATY).stats(DAY)
    assert [process.returncode for process in started] == [-9]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, "name a date, a call's id or the caller's number"),
        ({"anonymous": True}, "name a date, a call's id or the caller's number"),
        ({"date": "2024-02-29", "phone": "%"}, "no number is in it"),
        (
            {"date": "2024-02-29", "phone": "87012345678", "anonymous": True},
            "a caller is anonymous or has a number, not both",
        ),
        ({"date": "2199-01-01"}, "2199-01-01 is not yet"),
        ({"date": "2024-02-29", "to_date": "2024-02-28"}, "the last date 2024-02-28 is before the first, 2024-02-29"),
        ({"to_date": "2024-02-28", "phone": "87012345678"}, "a last date, or times, need a first date"),
        ({"date": "2024-02-29", "rating": "6"}, "ratings are from 1 to 5"),
        ({"date": "2024-02-29", "rating": "nan"}, "'nan' is no range"),
        ({"date": "2024-02-29", "length_s": "9-1"}, "'9-1' is no range"),
        ({"date": "2024-02-29", "operator": "../101"}, "is no operator's id"),
        ({"call": "..%2F"}, "is no call's id"),
    ],
)
async def test_what_cannot_be_looked_for_says_why(engine: Engine, url: str, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(BadRequestError, match=why):
        await LedgerBooks(Ledger(engine), url, ALMATY).talks(TalksQuery.model_validate(wrong))


async def test_a_search_tells_how_much_of_the_day_is_recorded(engine: Engine, url: str) -> None:
    found = await LedgerBooks(Ledger(engine), url, ALMATY).talks(TalksQuery.model_validate({"date": "2024-02-29"}))
    assert (found.talks, found.exact, found.possible, found.adjacent, found.more) == ((), 0, 0, 0, False)
    assert found.coverage is not None and found.coverage.talks == 0
