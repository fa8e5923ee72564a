"""The API's short look-ups among a million calls, in threads and in the event loop, side by side (decision 4).

The look-ups are the product's own: a caller's earlier calls by the number as a person types it, one call's story, a
recording by its name, as 2 : 1 : 1. 50 a second are begun by the clock, whether those before have ended or not, and
timed from the instant at which they were due. Then 40 readers ask one after the other, as fast as they are answered
(`*_full_*`). A ticker in the same loop looks each two milliseconds how late it is: so late a call's event would be
handled. Each way has four connections; threads give way as in the controller. `*_cpu_ms`: of this process for each
look-up of the 40 readers, PostgreSQL's own left out.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from bailanys.loop.at_hand import share_finely
from bench.figures import Run, Target, percentile
from bench.find import QUICK_CALLS, ZONE, asked_for, fill
from bench.report import Tell, run
from storage.async_reader import reads_in_loop
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.unit.storage.postgres import private_server

CALLS = QUICK_CALLS
PER_S, READERS = 50, 40
STEADY_S, FULL_S, RUNS = 20.0, 5.0, 3
QUICK_STEADY_S, QUICK_FULL_S, QUICK_RUNS = 4.0, 1.0, 1
TICK_S = 0.002
WAYS = ("threads", "loop")
TARGETS = (Target("loop_p99_ms", 15.0), Target("loop_lag_p99_ms", 20.0))

LookUp = Callable[[], Awaitable[None]]


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Fill each database once, and ask both ways in turn."""
    share_finely()
    steady_s, full_s, runs = (QUICK_STEADY_S, QUICK_FULL_S, QUICK_RUNS) if quick else (STEADY_S, FULL_S, RUNS)
    found: list[dict[str, float]] = [{} for _ in range(runs)]
    with tempfile.TemporaryDirectory(prefix="bailanys-reads-") as folder:
        await _database(sqlite_url(Path(folder) / "ledger.db"), "sqlite", (steady_s, full_s), found, tell)
    with private_server() as server:
        await _database(server.url("postgres"), "postgresql", (steady_s, full_s), found, tell)
    for one in found:
        for key in ("p99_ms", "lag_p99_ms"):
            one[f"loop_{key}"] = max(one[f"sqlite_loop_{key}"], one[f"postgresql_loop_{key}"])
    return found


async def _database(
    url: str, name: str, seconds: tuple[float, float], runs: list[dict[str, float]], tell: Tell
) -> None:
    upgrade(url)
    engine = open_engine(url)
    began_s = time.perf_counter()
    await asyncio.to_thread(fill, engine, name, CALLS)
    tell(f"{name}: {CALLS:,} calls entered in {time.perf_counter() - began_s:.0f} s")
    async with reads_in_loop(url, engine) as reader:
        asked = {"threads": Ledger(engine), "loop": Ledger(engine, reader)}
        for number, one in enumerate(runs):
            for way in WAYS if number % 2 else reversed(WAYS):
                look_up = _look_ups(asked[way], random.Random(14 + number))  # noqa: S311 - the same for both ways
                for _ in range(READERS):
                    await look_up()  # connections, statements and pages are there
                one |= {f"{name}_{way}_{key}": value for key, value in (await _asked(look_up, *seconds)).items()}
            tell(f"{name}: run {number + 1} of {len(runs)}")
    engine.dispose()


def _look_ups(ledger: Ledger, chance: random.Random) -> LookUp:
    """One look-up after the other; each has to find what is there."""

    async def look_up() -> None:
        index = chance.randrange(CALLS)
        call = f"hl1-{1500000000 + index}.1"
        match chance.randrange(4):
            case 0:
                story = await ledger.call_story(call)
                there = story is not None and story.record.call.id == call
            case 1:
                made = await ledger.recordings.named(f"{call}-1-1")
                there = made is not None and made.call == call
            case _:
                day, typed = asked_for(index, CALLS)
                there = call in {hit.call_id for hit in await ledger.recordings.find(day, typed, ZONE)}
        if not there:
            raise RuntimeError(f"{call} is not found")

    return look_up


async def _asked(look_up: LookUp, steady_s: float, full_s: float) -> dict[str, float]:
    late_ms, full_late_ms = list[float](), list[float]()
    async with _Ticker(late_ms):
        times_ms = await _by_the_clock(look_up, steady_s)
    async with _Ticker(full_late_ms):
        began_s, used_s = time.perf_counter(), time.process_time()
        ended = await _by_readers(look_up, began_s + full_s)
        took_s, used_s = time.perf_counter() - began_s, time.process_time() - used_s
    return {
        "p50_ms": percentile(times_ms, 0.5),
        "p99_ms": percentile(times_ms, 0.99),
        "lag_p99_ms": percentile(late_ms, 0.99),
        "full_per_s": ended / took_s,
        "full_lag_p99_ms": percentile(full_late_ms, 0.99),
        "cpu_ms": used_s / ended * 1000,
    }


async def _by_the_clock(look_up: LookUp, seconds: float) -> list[float]:
    times_ms: list[float] = []

    async def timed(due_s: float) -> None:
        await look_up()
        times_ms.append((time.perf_counter() - due_s) * 1000)

    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * PER_S)):
            due_s = began_s + number / PER_S
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            group.create_task(timed(due_s))
    return times_ms


async def _by_readers(look_up: LookUp, until_s: float) -> int:
    async def reader() -> int:
        count = 0
        while time.perf_counter() < until_s:
            await look_up()
            count += 1
        return count

    return sum(await asyncio.gather(*(reader() for _ in range(READERS))))


class _Ticker:
    """Looks how late it is, for as long as it is entered."""

    def __init__(self, late_ms: list[float]) -> None:
        self._late_ms = late_ms

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._tick())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _tick(self) -> None:
        while True:
            due_s = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            self._late_ms.append((time.perf_counter() - due_s) * 1000)


if __name__ == "__main__":
    run("reads", "the API's look-ups, in threads and in the event loop", measure, TARGETS)
