"""The callbacks that a controller which starts anew must still make, from the journal alone."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from calls.callback import Callback
from calls.journal import Fact
from calls.journal_lines import format_hangup, format_line
from calls.statistics import figures
from calls.waits import Waits
from storage.journal.projector import Projector
from storage.ledger import Ledger

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


def projected(projector: Projector, journal: Path, lines: list[bytes]) -> None:
    journal.write_bytes(b"".join(lines))
    projector.project_now()


@pytest.fixture
def owed(projector: Projector, journal: Path, ledger: Ledger) -> Callable[[list[bytes]], Awaitable[list[Callback]]]:
    async def read(lines: list[bytes]) -> list[Callback]:
        projected(projector, journal, lines)
        return await ledger.owed_callbacks(2, 24)

    return read


Owed = Callable[[list[bytes]], Awaitable[list[Callback]]]


async def test_what_was_asked_is_owed_with_its_place(owed: Owed) -> None:
    (one,) = await owed(asked())
    assert (one.asked_in, one.number, one.group, one.language) == (ASKED, "77011234567", "portal", "ru")
    assert (one.rank_ms, one.made, one.tried) == (NOW_MS, 0, 0)


async def test_a_try_in_vain_leaves_one_and_an_operator_who_left_costs_none(owed: Owed) -> None:
    (one,) = await owed([*asked(), *made(FIRST, ""), *made(SECOND, "BUSY")])
    assert (one.made, one.tried) == (2, 1)


@pytest.mark.parametrize("second", ["ANSWER", "NOANSWER"])
async def test_two_tries_or_an_answer_settle_it(owed: Owed, second: str) -> None:
    assert await owed([*asked(), *made(FIRST, "BUSY"), *made(SECOND, second)]) == []


async def test_who_is_still_on_the_line_is_not_called(owed: Owed) -> None:
    assert await owed(asked()[:-1]) == []


async def test_what_was_cancelled_is_not_owed(owed: Owed) -> None:
    cancelled = format_line(Fact.CALLBACK_CANCELLED, NOW_MS + 20_000, {}, ASKED)
    assert await owed([*asked(), *made(FIRST, "BUSY"), cancelled]) == []


async def test_the_figures_tell_callbacks_apart(projector: Projector, journal: Path, ledger: Ledger) -> None:
    projected(projector, journal, [*asked(), *made(FIRST, "BUSY"), *made(SECOND, "ANSWER")])
    span = (NOW_MS, NOW_MS + 3_600_000)
    total = figures(await ledger.calls_between(*span))
    back = total.callbacks
    assert (back.asked, back.made, back.tries, back.reached, back.share) == (1, 2, 2, 1, 1.0)
    assert back.since_asked == Waits(1, 51.0, 51.0, 51.0)  # asked after 9 s, reached after 60
    assert total.with_callbacks == Waits(1, 60.0, 60.0, 60.0)
    assert (total.arrived, total.answered) == (1, 0)
    assert await ledger.answered_between(*span) == (0, None)
