"""What the API tells of a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from bailanys.api import figures_process, reports
from bailanys.api.reports import LedgerBooks
from calls.local_day import local_day
from console.errors import BusyError, UnavailableError, UnfitError, UnknownCallError
from console.operations.figures import LowRatingsQuery, RatingsQuery
from console.operations.health import DayWait
from console.operations.recordings import TalksQuery
from console.route import told
from rating.day import rated_day
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.tables import call, rating, segment

ALMATY = "Asia/Almaty"
LOW = 2
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
    books = LedgerBooks(ledger, url, ALMATY, LOW)
    empty = await books.stats(DAY)
    assert (empty.total.arrived, empty.groups) == (0, {})
    books = LedgerBooks(ledger, url, ALMATY, LOW)
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
    assert await LedgerBooks(Ledger(engine), url, ALMATY, LOW).day_wait() == DayWait(0, None)
    arrived(engine, "first", SPAN.from_ms, 20_000)
    arrived(engine, "gave-up", SPAN.from_ms, None)
    arrived(engine, "last", SPAN.to_ms - 1, 45_000)
    books = LedgerBooks(Ledger(engine), url, ALMATY, LOW)
    assert await books.day_wait() == DayWait(2, 32.5)
    assert (await books.stats(DAY)).total.to_operator.mean_s == 32.5


async def test_an_unknown_call(engine: Engine, url: str) -> None:
    with pytest.raises(UnknownCallError):
        await LedgerBooks(Ledger(engine), url, ALMATY, LOW).story("hl1-1.1")


async def test_a_ledger_without_tables_is_away(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "other.db")
    engine = open_engine(url)
    books = LedgerBooks(Ledger(engine), url, ALMATY, LOW)
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
        await LedgerBooks(Ledger(engine), url, ALMATY, LOW).stats(DAY)
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
        ({"date": "2024-02-29", "length_s": "9-1"}, "'9-1' is no range"),
    ],
)
async def test_what_cannot_be_looked_for_says_why(engine: Engine, url: str, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        await LedgerBooks(Ledger(engine), url, ALMATY, LOW).talks(TalksQuery.model_validate(wrong))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"rating": "6"}, "rating: must be ratings, 1–5"),
        ({"rating": "nan"}, "rating: must be ratings, 1–5"),
        ({"hours": "24:00-"}, "hours: must be local times"),
        ({"length_s": "1e3"}, "length_s: must be seconds"),
        ({"operator": "../101"}, "operator: must be an id"),
        ({"call": "..%2F"}, "call: must be an id"),
    ],
)
def test_what_is_not_written_as_described_says_why(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TalksQuery.model_validate({"date": "2024-02-29"} | wrong)
    assert told(refused.value).startswith(why)


async def test_a_search_tells_how_much_of_the_day_is_recorded(engine: Engine, url: str) -> None:
    found = await LedgerBooks(Ledger(engine), url, ALMATY, LOW).talks(TalksQuery.model_validate({"date": "2024-02-29"}))
    assert (found.talks, found.exact, found.possible, found.adjacent, found.more) == ((), 0, 0, 0, False)
    assert found.coverage is not None and found.coverage.talks == 0


async def test_ratings_are_those_of_the_days_with_how_many_answered(engine: Engine, url: str) -> None:
    books = LedgerBooks(Ledger(engine), url, ALMATY, LOW)
    rated(engine, "first", SPAN.from_ms, "101", 5)
    rated(engine, "last", SPAN.to_ms - 1, "103", 2, "101")
    rated(engine, "after", SPAN.to_ms, "101", None)
    told = await books.ratings(RatingsQuery.model_validate({"from": DAY.isoformat()}))
    assert (told.from_day, told.to_day, told.by, told.time_zone) == (DAY, DAY, "operator", ALMATY)
    assert (told.total.mean, told.total.given, told.total.offered) == (3.5, 2, 2)
    assert [(line.of, line.rated.given, line.same_call and line.same_call.mean) for line in told.lines] == [
        ("101", 1, 2.0),
        ("103", 1, None),
    ]
    told = await books.ratings(RatingsQuery.model_validate({"from": DAY.isoformat(), "to": "2024-03-02", "by": "day"}))
    assert [(line.of, line.rated.given, line.rated.offered, line.rated.mean) for line in told.lines] == [
        ("2024-02-29", 2, 2, 3.5), ("2024-03-01", 0, 1, None), ("2024-03-02", 0, 0, None),
    ]  # fmt: skip


async def test_talks_that_were_rated_low_are_listed_by_pages(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PAGE", 1)
    rated(engine, "first", SPAN.from_ms, "101", 2)
    rated(engine, "fine", SPAN.from_ms, "101", 3)
    rated(engine, "last", SPAN.to_ms - 1, "103", 1, "101")
    books = LedgerBooks(Ledger(engine), url, ALMATY, LOW)
    one, two, none = [
        await books.rated_low(LowRatingsQuery.model_validate({"from": DAY.isoformat(), "page": page}))
        for page in (1, 2, 3)
    ]
    assert [(talk.call, talk.score, talk.others, talk.recorded) for talk in (*one.talks, *two.talks)] == [
        ("first", 2, (), False),
        ("last", 1, ("101",), False),
    ]
    assert (one.at_most, one.more, two.more, none.more, none.talks) == (2, True, True, False, ())


@pytest.mark.parametrize("days", [("2024-02-29", "2024-02-28"), ("2024-01-01", "2024-02-01")])
async def test_days_that_cannot_be_told_of_say_why(engine: Engine, url: str, days: tuple[str, str]) -> None:
    books, asked = LedgerBooks(Ledger(engine), url, ALMATY, LOW), {"from": days[0], "to": days[1]}
    with pytest.raises(UnfitError, match=r"before the first|over 31 days"):
        await books.ratings(RatingsQuery.model_validate(asked))
    with pytest.raises(UnfitError, match=r"before the first|over 31 days"):
        await books.rated_low(LowRatingsQuery.model_validate(asked))


async def test_ratings_that_take_too_long_say_so(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "STATS_PATIENCE_S", 0.001)
    with pytest.raises(BusyError, match="fewer"):
        await LedgerBooks(Ledger(engine), url, ALMATY, LOW).ratings(RatingsQuery())


def rated(engine: Engine, key: str, at_ms: int, operator: str, score: int | None, before: str = "") -> None:
    """A call in the ledger with its rating; none: the caller kept silent. `before`: who talked first."""
    arrived(engine, key, at_ms, 20_000)
    talks = [before, operator] if before else [operator]
    with engine.begin() as connection:
        rows = [
            {"call_id": key, "seq": seq, "operator_id": one, "answered_ms": at_ms + 20_000, "group_id": "portal"}
            for seq, one in enumerate(talks, 1)
        ]
        connection.execute(segment.insert(), rows)
        told = {"outcome": "silence"} if score is None else {"outcome": "given", "score": score}
        connection.execute(rating.insert(), [{"call_id": key, "seq": len(talks), "operator_id": operator, **told}])
