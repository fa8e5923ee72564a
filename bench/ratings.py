"""What callers rated on one of 100 days of 100,000 calls, on SQLite and PostgreSQL. `--quick`: of 10,000 calls.

The tables are filled by the databases themselves, in temporary folders. A look-up is the product's own, from the local
dates to the figures, its thread included: `*_operator_day_ms` by operator, with what other operators of rated calls
share in; `*_days_ms` ten days by day; `*_low_day_ms` the first page of the talks that were rated low. Each figure is
the median over the looks of a run. `*_read_whole`: tables that the database reads from end to end for a day, by its own
plan; there must be none.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, text

from bailanys.ratings import Days, report
from bench.figures import Run, Target, percentile
from bench.report import Tell, run
from rating.report import By
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from storage.ratings import RatingBook
from storage.tables import call
from tests.unit.storage.postgres import private_server

CALLS, QUICK_CALLS = 10_000_000, 1_000_000
DAYS = 100
OPERATORS = 1_000
LOOKS, RUNS = 5, 3
ZONE = "Asia/Almaty"
BEGAN = date(2026, 8, 1)
BEGAN_MS = round(datetime(2026, 7, 31, 19, tzinfo=UTC).timestamp() * 1000)
"""Midnight of that day in the zone."""
DAY_MS = 24 * 3_600_000
LOW, PAGE = 2, 200
TARGETS = (
    Target("sqlite_operator_day_ms", 1_000), Target("postgresql_operator_day_ms", 1_000),
    Target("sqlite_read_whole", 0), Target("postgresql_read_whole", 0),
)  # fmt: skip

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {calls})",
    "postgresql": "WITH n(i) AS (SELECT generate_series(0::bigint, {calls} - 1))",
}
_EXPRESSIONS = {
    "id": "'hl1-' || (1500000000 + i) || '.1'",
    "arrived": f"({BEGAN_MS} + i * {DAYS * DAY_MS} / {{calls}})",
    "operator": f"('' || (2000 + (i * 7919) % {OPERATORS}))",
    "second": f"('' || (2000 + (i * 7907 + 1) % {OPERATORS}))",
    "group": "CASE i % 3 WHEN 0 THEN 'portal' WHEN 1 THEN 'state-services' ELSE 'ict' END",
    "language": "CASE WHEN i % 20 = 0 THEN 'en' WHEN i % 20 < 9 THEN 'ru' ELSE 'kk' END",
}
_STATEMENTS = Path(__file__).with_name("ratings.sql")


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Fill each database once, and look up again and again."""
    calls = QUICK_CALLS if quick else CALLS
    runs: list[dict[str, float]] = [{} for _ in range(RUNS)]
    with tempfile.TemporaryDirectory(prefix="bailanys-ratings-") as folder:
        await _database(sqlite_url(Path(folder) / "ledger.db"), "sqlite", calls, runs, tell)
    with private_server() as server:
        await _database(server.url("postgres"), "postgresql", calls, runs, tell)
    return runs


async def _database(url: str, name: str, calls: int, runs: list[dict[str, float]], tell: Tell) -> None:
    upgrade(url)
    engine = open_engine(url)
    began_s = time.perf_counter()
    await asyncio.to_thread(_fill, engine, name, calls)
    tell(f"{name}: {calls:,} calls entered in {time.perf_counter() - began_s:.0f} s")
    chance = random.Random(13)  # noqa: S311 - the same look-ups each time are meant
    book = RatingBook(engine)

    def some(days: int) -> Days:
        first = BEGAN + timedelta(days=chance.randrange(DAYS - days + 1))
        return Days(first, first + timedelta(days=days - 1), ZONE)

    async def by(axis: By, days: int = 1) -> None:
        found = await report(book, some(days), axis)
        if not found.total.given or sum(line.rated.offered for line in found.lines) != found.total.offered:
            raise RuntimeError(f"ratings by {axis}: {found.total}")

    async def low() -> None:
        if len(await book.rated_low(some(1).span, LOW, PAGE)) != PAGE:
            raise RuntimeError("no page of low talks on a day that has many")

    looks: dict[str, Callable[[], Awaitable[None]]] = {
        "operator_day_ms": lambda: by("operator"),
        "group_day_ms": lambda: by("group"),
        "language_day_ms": lambda: by("language"),
        "days_ms": lambda: by("day", 10),
        "low_day_ms": low,
    }
    for number, one in enumerate(runs):
        for figure, look in looks.items():
            one[f"{name}_{figure}"] = percentile([await _timed_ms(look) for _ in range(LOOKS)], 0.5)
        one[f"{name}_read_whole"] = await _read_whole(engine, looks)
        tell(f"{name}: run {number + 1} of {len(runs)}")
    engine.dispose()


def _fill(engine: Engine, name: str, calls: int) -> None:
    values = {key: value.format(calls=calls) for key, value in (_EXPRESSIONS | {"n": _NUMBERS[name]}).items()}
    sql = _STATEMENTS.read_text(encoding="utf-8").partition("\n")[2].partition("\n")[2]
    with engine.begin() as connection:
        if name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # no look at foreign keys
        for index in call.indexes:
            index.drop(connection)
        for statement in sql.format(**values).split(";\n"):
            connection.execute(text(statement))
        for index in call.indexes:
            index.create(connection)
        connection.execute(text("ANALYZE"))


async def _timed_ms(look: Callable[[], Awaitable[None]]) -> float:
    began_s = time.perf_counter()
    await look()
    return (time.perf_counter() - began_s) * 1000


async def _read_whole(engine: Engine, looks: dict[str, Callable[[], Awaitable[None]]]) -> float:
    """How many tables the plans of these looks read from end to end."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    whole: set[str] = set()

    def plan(_: Any, cursor: Any, statement: str, values: Any, *__: Any) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(explain + statement, values)
            lines = [str(row[-1]).strip(" ->") for row in cursor.fetchall()]
            whole.update(line for line in lines if line.startswith(("SCAN", "Seq Scan", "Parallel Seq Scan")))

    event.listen(Engine, "before_cursor_execute", plan)
    try:
        for figure, look in looks.items():
            if figure != "days_ms":
                await look()
    finally:
        event.remove(Engine, "before_cursor_execute", plan)
    return len(whole)


if __name__ == "__main__":
    run("ratings", "what callers rated on a day", measure, TARGETS)
