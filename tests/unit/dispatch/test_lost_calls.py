"""A call that no channel is left of is ended in the journal, once, and only after two looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from calls.ids import CallId
from calls.journal_lines import parse_line
from dispatch.lost_calls import LostCalls
from storage.journal.writer import ControllerJournal
from telephony.errors import AmiDownError
from tests.unit.dispatch.paper_asterisk import CALL, CALLER, PaperAsterisk
from tests.unit.dispatch.virtual_time import NOON_MS, HandClock


class Ledger:
    """What it believes to be going on."""

    def __init__(self, folder: Path) -> None:
        self.asterisk = PaperAsterisk()
        self.open = [CallId(CALL)]
        self.journal = ControllerJournal(folder / "controller.csv")
        self.lost = LostCalls(self.asterisk, HandClock(), self.journal, self._open)

    async def _open(self) -> list[CallId]:
        return self.open

    def ended(self) -> list[tuple[str, int]]:
        lines = self.journal.path.read_bytes().splitlines() if self.journal.path.exists() else []
        return [(one.linkedid, one.at_ms) for line in lines if (one := parse_line(line))]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


async def test_a_call_with_a_channel_goes_on(ledger: Ledger) -> None:
    ledger.asterisk.caller()
    for _ in range(3):
        assert await ledger.lost.look() == []


async def test_a_call_that_is_missing_twice_is_ended_once(ledger: Ledger) -> None:
    assert (await ledger.lost.look(), ledger.ended()) == ([], [])
    assert await ledger.lost.look() == [CALL]
    assert ledger.ended() == [(CALL, NOON_MS)]
    assert await ledger.lost.look() == [], "the ledger has not read it yet"
    ledger.open = []
    assert await ledger.lost.look() == []
    assert len(ledger.ended()) == 1


async def test_who_was_missing_once_and_is_there_again_has_two_looks_anew(ledger: Ledger) -> None:
    await ledger.lost.look()
    ledger.asterisk.caller()
    await ledger.lost.look()
    del ledger.asterisk.channels[CALLER]
    assert await ledger.lost.look() == []
    assert await ledger.lost.look() == [CALL]


async def test_a_ledger_that_has_ended_it_meanwhile_begins_anew(ledger: Ledger) -> None:
    await ledger.lost.look()
    ledger.open = []
    await ledger.lost.look()
    assert ledger.asterisk.asked == ["Status"], "nothing is open: Asterisk need not be asked"
    ledger.open = [CallId(CALL)]
    assert await ledger.lost.look() == []


async def test_several_are_ended_in_their_order_and_others_go_on(ledger: Ledger) -> None:
    ledger.open = [CallId("hl1-1.3"), CallId("hl1-1.2"), CallId(CALL)]
    ledger.asterisk.caller()
    await ledger.lost.look()
    assert await ledger.lost.look() == ["hl1-1.2", "hl1-1.3"]


async def test_nothing_is_ended_while_asterisk_does_not_answer(ledger: Ledger) -> None:
    await ledger.lost.look()
    ledger.asterisk.refuses["Status"] = [AmiDownError("gone")]
    with pytest.raises(AmiDownError):
        await ledger.lost.look()
    assert ledger.ended() == []
