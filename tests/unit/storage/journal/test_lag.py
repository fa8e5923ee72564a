"""How far the ledger is behind the journal, and the law's figure as one question to the database; on both databases."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from calls.statistics import day_figures
from storage.engine import open_engine, sqlite_url
from storage.errors import LedgerUnavailableError
from storage.journal import projector as module
from storage.journal.projector import Projector
from storage.ledger import Ledger
from tests.unit.storage import scene
from tests.unit.storage.scene import START_MS, projector_of

HOUR_MS = 3600_000


def write(journal: Path, *numbers: int) -> None:
    """Calls of their whole length in the journal."""
    journal.write_bytes(b"".join(line for number in numbers for line in scene.plain_call(number).lines))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_the_ledger_is_in_step_once_all_is_read(
    projector: Projector, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert projector.in_step_ms <= now_ms()
    write(journal, 1)
    projector.in_step_ms = 0
    with monkeypatch.context() as patched:
        patched.setattr(module, "BEHIND_LINES", 1)  # so many lines that there may be more
        await projector.project_once()
        assert projector.in_step_ms == 0
    before_ms = now_ms()
    assert await projector.project_once() == 0
    assert before_ms <= projector.in_step_ms <= now_ms()


async def test_a_ledger_that_is_away_falls_behind(tmp_path: Path, journal: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "no-tables.db"))
    taker = projector_of(engine, [journal])
    write(journal, 1)
    began_ms = taker.in_step_ms
    with pytest.raises(LedgerUnavailableError):
        await taker.project_once()
    assert taker.in_step_ms == began_ms
    engine.dispose()


async def test_the_mean_wait_is_that_of_the_figures(projector: Projector, ledger: Ledger, journal: Path) -> None:
    assert await ledger.answered_between(START_MS, START_MS + HOUR_MS) == (0, None)
    write(journal, 1, 2)
    while await projector.project_once():
        pass
    told = day_figures(await ledger.calls_between(START_MS, START_MS + HOUR_MS)).total.to_operator
    count, mean_s = await ledger.answered_between(START_MS, START_MS + HOUR_MS)
    assert (count, mean_s) == (told.count, pytest.approx(told.mean_s))
    assert count > 0
    assert await ledger.answered_between(START_MS - HOUR_MS, START_MS) == (0, None)
