"""A day's figures, or what callers rated on some days, reckoned in a process of its own at low priority.

Measured on a day of 100,000 calls: in a thread beside the dispatcher the look takes 0.6 s and the collector of garbage
stops the dispatcher for up to 100 ms in it. A process costs 0.4 s more and stops nothing; one that hangs in a database
is killed, where a thread could not be.

Run as `python -m bailanys.api.figures_process`: one JSON line on standard input (the database's URL may hold a
password, so it is no argument), one on standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import asdict
from datetime import date
from typing import Any

from bailanys.ratings import Days, report
from calls.local_day import Span
from rating.day import rated_day
from rating.report import By
from storage.engine import open_engine
from storage.errors import LedgerError, LedgerUnavailableError
from storage.ledger import Ledger
from storage.ratings import RatingBook

NICE = 10


async def figures_apart(database_url: str, span: Span, patience_s: float) -> dict[str, Any]:
    """The fields of `RatedDay` of the calls that arrived in that time.

    Raises LedgerUnavailableError, also when it takes longer than the patience.
    """
    try:
        return await _apart({"url": database_url, "from_ms": span.from_ms, "to_ms": span.to_ms}, patience_s)
    except TimeoutError as error:
        raise LedgerUnavailableError(f"the day's figures took longer than {patience_s:g} s") from error


async def ratings_apart(database_url: str, days: Days, by: By, patience_s: float) -> dict[str, Any]:
    """The fields of `RatingReport` of the calls that arrived on those days.

    Raises LedgerUnavailableError; TimeoutError when it takes longer than the patience.
    """
    told = {"first": days.first.isoformat(), "last": days.last.isoformat(), "zone": days.zone, "by": by}
    return await _apart({"url": database_url, **told}, patience_s)


async def _apart(request: dict[str, Any], patience_s: float) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(patience_s):
            out, _ = await process.communicate(json.dumps(request).encode())
        said: dict[str, Any] = json.loads(out)
    except ValueError as error:
        raise LedgerUnavailableError(f"the figures' process ended with status {process.returncode}") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if "error" in said:
        raise LedgerUnavailableError(said["error"])
    return said


def _reckon(request: dict[str, Any]) -> dict[str, Any]:
    engine = open_engine(request["url"])
    try:
        if "by" in request:
            first, last = date.fromisoformat(request["first"]), date.fromisoformat(request["last"])
            return asdict(asyncio.run(report(RatingBook(engine), Days(first, last, request["zone"]), request["by"])))
        calls = asyncio.run(Ledger(engine).calls_between(request["from_ms"], request["to_ms"]))
    except LedgerError as error:
        return {"error": str(error)}
    finally:
        engine.dispose()
    return asdict(rated_day(calls))


if __name__ == "__main__":
    os.nice(NICE)
    sys.stdout.write(json.dumps(_reckon(json.loads(sys.stdin.readline()))))
