"""Talks by date and number among 10 million calls, on SQLite and PostgreSQL (rule 14; promise 6). `--quick`: a million.

The tables are filled by the databases themselves, in temporary folders: five calls of each number over ten years, one
talk with a recording each. A look-up is the product's own, from the number as a person types it to the hits, its
thread included; every one of them must find its talks. `*_unindexed_ms` is a search of the same rows by the end of the
number, which no index helps. `*_lookup_cpu_p99_ms` is the processor's time of ours in a look-up, waiting for a busy
machine or the server left out. `*_day_counted_ms`: what `recordings find` tells beside the hits, how many of that day's
talks are recorded, the median of 20 days.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from bench.figures import Run, Target, percentile
from bench.report import Tell, run
from calls.local_day import local_date, local_day
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.tables import call
from tests.unit.storage.postgres import private_server

CALLS, QUICK_CALLS = 10_000_000, 1_000_000
OF_EACH = 5
LOOKUPS, DAYS, RUNS = 1_000, 20, 3
ZONE = "Asia/Almaty"
TEN_YEARS_MS = 3653 * 24 * 3_600_000
BEGAN_MS = round(datetime(2016, 11, 22, tzinfo=UTC).timestamp() * 1000)
TARGETS = (Target("lookup_p99_ms", 5.0), Target("sqlite_lookup_p99_ms", 5.0), Target("postgresql_lookup_p99_ms", 5.0))

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {calls})",
    "postgresql": "WITH n(i) AS (SELECT generate_series(0::bigint, {calls} - 1))",
}
_EXPRESSIONS = {
    "id": "'hl1-' || (1500000000 + i) || '.1'",
    "key": "'+7' || (7010000000 + (i * 7919) % {numbers})",
    "arrived": f"({BEGAN_MS} + i * {TEN_YEARS_MS} / {{calls}})",
    "sha256": "ab" * 32,
}
_STATEMENTS = Path(__file__).with_name("find.sql")


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Fill each database once, and look up again and again."""
    calls = QUICK_CALLS if quick else CALLS
    runs: list[dict[str, float]] = [{} for _ in range(RUNS)]
    with tempfile.TemporaryDirectory(prefix="bailanys-find-") as folder:
        await _database(sqlite_url(Path(folder) / "ledger.db"), "sqlite", calls, runs, tell)
    with private_server() as server:
        await _database(server.url("postgres"), "postgresql", calls, runs, tell)
    for one in runs:
        one["lookup_p99_ms"] = max(one["sqlite_lookup_p99_ms"], one["postgresql_lookup_p99_ms"])
        one["unindexed_ms"] = min(one["sqlite_unindexed_ms"], one["postgresql_unindexed_ms"])
    return runs


async def _database(url: str, name: str, calls: int, runs: list[dict[str, float]], tell: Tell) -> None:
    upgrade(url)
    engine = open_engine(url)
    began_s = time.perf_counter()
    await asyncio.to_thread(fill, engine, name, calls)
    tell(f"{name}: {calls:,} calls entered in {time.perf_counter() - began_s:.0f} s")
    chance = random.Random(14)  # noqa: S311 - the same look-ups each time are meant
    for number, one in enumerate(runs):
        times_ms, cpu_ms = await _lookups(Ledger(engine), calls, chance)
        one[f"{name}_lookup_p50_ms"] = percentile(times_ms, 0.5)
        one[f"{name}_lookup_p99_ms"] = percentile(times_ms, 0.99)
        one[f"{name}_lookup_cpu_p99_ms"] = percentile(cpu_ms, 0.99)
        one[f"{name}_day_counted_ms"] = await _day_counted(Ledger(engine), chance)
        one[f"{name}_unindexed_ms"] = await asyncio.to_thread(_unindexed, engine, calls, chance)
        tell(f"{name}: run {number + 1} of {len(runs)}")
    engine.dispose()


def fill(engine: Engine, name: str, calls: int) -> None:
    """Fill the tables, their secondary indexes made afterwards: that is many times faster."""
    sizes = {"calls": calls, "numbers": calls // OF_EACH}
    values = {key: value.format(**sizes) for key, value in (_EXPRESSIONS | {"n": _NUMBERS[name]}).items()}
    sql = _STATEMENTS.read_text(encoding="utf-8").partition("\n")[2]
    with engine.begin() as connection:
        if name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # no look at foreign keys
        for index in call.indexes:
            index.drop(connection)
        for statement in sql.format(**values).split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
        for index in call.indexes:
            index.create(connection)
        connection.execute(text("ANALYZE"))


async def _lookups(ledger: Ledger, calls: int, chance: random.Random) -> tuple[list[float], list[float]]:
    times_ms, cpu_ms = [], []
    for _ in range(LOOKUPS):
        index = chance.randrange(calls)
        day, typed = asked_for(index, calls)
        began_s, used_s = time.perf_counter(), time.process_time()
        found = await ledger.recordings.find(day, typed, ZONE)
        times_ms.append((time.perf_counter() - began_s) * 1000)
        cpu_ms.append((time.process_time() - used_s) * 1000)
        if f"hl1-{1500000000 + index}.1" not in {hit.call_id for hit in found if hit.match == "exact"}:
            raise RuntimeError(f"call {index} not found on {day} by {typed}")
    return times_ms, cpu_ms


def asked_for(index: int, calls: int) -> tuple[date, str]:
    """The date and the number, as a person types it, of one of so many calls."""
    digits = str(7010000000 + index * 7919 % (calls // OF_EACH))
    day = local_date(BEGAN_MS + index * TEN_YEARS_MS // calls, ZONE)
    return day, f"8 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}"


async def _day_counted(ledger: Ledger, chance: random.Random) -> float:
    times_ms = []
    for _ in range(DAYS):
        span = local_day(local_date(BEGAN_MS + chance.randrange(TEN_YEARS_MS), ZONE), ZONE)
        began_s = time.perf_counter()
        await ledger.recordings.coverage(span.from_ms, span.to_ms)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return percentile(times_ms, 0.5)


def _unindexed(engine: Engine, calls: int, chance: random.Random) -> float:
    tail = f"%{7010000000 + chance.randrange(calls // OF_EACH)}"[-8:]
    with engine.connect() as connection:
        return _timed_ms(connection, f"%{tail}")


def _timed_ms(connection: Connection, pattern: str) -> float:
    began_s = time.perf_counter()
    connection.execute(text("SELECT id FROM call WHERE caller_key LIKE :pattern"), {"pattern": pattern}).all()
    return (time.perf_counter() - began_s) * 1000


if __name__ == "__main__":
    run("find", "talks by date and number", measure, TARGETS)
