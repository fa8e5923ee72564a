"""The callbacks that a controller which starts anew must still make, from the journal alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from calls.callback import Callback
from calls.journal import Fact
from calls.journal_lines import format_hangup, format_line
from storage.engine import open_engine
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.projector import Projector

NOW_MS = time.time_ns() // 1_000_000
ASKED, FIRST, SECOND = "hl1-1795384683.16", "hl1-1795384683.0100000016", "hl1-1795384683.0200000016"


def asked() -> list[bytes]:
    return [
        format_line(Fact.ARRIVED, NOW_MS, {"arrived_ms": NOW_MS, "dialled": "1414", "caller": "77011234567"}, ASKED),
        format_line(
            Fact.QUEUED,
            NOW_MS + 1000,
            {"seq": 1, "group": "portal", "queued_ms": NOW_MS + 1000, "rank_ms": NOW_MS, "language": "ru"},
            ASKED,
        ),
        format_line(Fact.CALLBACK_ASKED, NOW_MS + 9000, {"seq": 1, "number": "77011234567"}, ASKED),
        format_hangup(NOW_MS + 10_000, ASKED),
    ]


def made(call: str, status: str) -> list[bytes]:
    at_ms = NOW_MS + 60_000
    told = {"arrived_ms": at_ms, "dialled": "callback", "caller": "+77011234567", "callback_of": ASKED}
    tried = [format_line(Fact.CALLBACK_TRIED, at_ms, {"of": ASKED, "status": status}, call)] if status else []
    return [format_line(Fact.ARRIVED, at_ms, told, call), *tried, format_hangup(at_ms + 1000, call)]


async def owed(folder: Path, lines: list[bytes]) -> list[Callback]:
    journal, url = folder / "journal.csv", f"sqlite:///{folder / 'ledger.db'}"
    journal.write_bytes(b"".join(lines))
    upgrade(url)
    engine = open_engine(url)
    try:
        Projector(engine, [journal]).project_now()
        return await Ledger(engine).owed_callbacks(2, 24)
    finally:
        engine.dispose()


async def test_what_was_asked_is_owed_with_its_place(tmp_path: Path) -> None:
    (one,) = await owed(tmp_path, asked())
    assert (one.asked_in, one.number, one.group, one.language) == (ASKED, "77011234567", "portal", "ru")
    assert (one.rank_ms, one.made, one.tried) == (NOW_MS, 0, 0)


async def test_a_try_in_vain_leaves_one_and_an_operator_who_left_costs_none(tmp_path: Path) -> None:
    (one,) = await owed(tmp_path, [*asked(), *made(FIRST, ""), *made(SECOND, "BUSY")])
    assert (one.made, one.tried) == (2, 1)


@pytest.mark.parametrize("second", ["ANSWER", "NOANSWER"])
async def test_two_tries_or_an_answer_settle_it(tmp_path: Path, second: str) -> None:
    assert await owed(tmp_path, [*asked(), *made(FIRST, "BUSY"), *made(SECOND, second)]) == []


async def test_who_is_still_on_the_line_is_not_called(tmp_path: Path) -> None:
    assert await owed(tmp_path, asked()[:-1]) == []
