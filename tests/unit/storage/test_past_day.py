"""A past day whole, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.engine import open_engine
from storage.errors import LedgerUnavailableError
from storage.journal.projector import Projector
from storage.wait_history import read_past_day
from tests.unit.storage.scene import START_MS, Caller, left_in_menu, left_waiting, plain_call, transferred_call

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


async def take_in(projector: Projector, journal: Path, *callers: Caller) -> None:
    with journal.open("ab") as file:
        for caller in callers:
            file.writelines(caller.lines)
    while await projector.project_once():
        pass


def presence(operator: str, state: str, at_ms: int) -> Caller:
    return Caller(99, at_ms).fact("presence", operator=operator, state=state, reason="", at_ms=at_ms)


async def test_waits_have_their_menu_their_ringing_and_their_end(
    projector: Projector, journal: Path, engine: Engine
) -> None:
    await take_in(projector, journal, plain_call(1), left_in_menu(2), left_waiting(3, START_MS + MINUTE_MS))
    answered, gave_up = read_past_day(engine, START_MS, START_MS + HOUR_MS, "kk").waits
    assert (answered.group, answered.language, answered.operator) == ("portal", "ru", "103")
    assert (answered.rank_ms, answered.queued_ms) == (START_MS, START_MS + 7013)
    assert answered.rung_ms == START_MS + 12_013
    assert answered.answered_ms == START_MS + 14_013
    assert 61_000 < answered.ended_ms - answered.answered_ms < 62_000
    assert (gave_up.answered_ms, gave_up.operator, gave_up.rung_ms) == (None, None, None)
    assert gave_up.ended_ms == gave_up.queued_ms + 14_000
    assert not (answered.moved or answered.asked_callback or answered.callback_of)


async def test_a_transfer_is_a_second_wait(projector: Projector, journal: Path, engine: Engine) -> None:
    await take_in(projector, journal, transferred_call(1))
    first, second = read_past_day(engine, START_MS, START_MS + HOUR_MS, "kk").waits
    assert (first.group, first.moved, first.operator) == ("state-services", False, "103")
    assert (second.group, second.moved, second.operator) == ("ict", True, "104")
    assert first.ended_ms <= second.queued_ms


async def test_a_callback_names_the_call_it_was_asked_in(projector: Projector, journal: Path, engine: Engine) -> None:
    asked = left_waiting(1)
    asked.lines.insert(-1, Caller(1, START_MS + 10_000).fact("callback_asked", seq=1, number="77011234567").lines[0])
    back = Caller(2, START_MS + 5 * MINUTE_MS)
    back.fact("arrived", arrived_ms=back.now_ms, dialled="callback", caller="+77011234567", callback_of=asked.id)
    back.queue(after_ms=0).offer("103", after_ms=1).pick_up("103").talk("103").operator_leaves("103").hang_up()
    await take_in(projector, journal, asked, back)
    first, second = read_past_day(engine, START_MS, START_MS + HOUR_MS, "kk").waits
    assert first.asked_callback
    assert second.callback_of == first.call == asked.id


async def test_states_that_reach_into_the_span(projector: Projector, journal: Path, engine: Engine) -> None:
    await take_in(
        projector,
        journal,
        presence("101", "ready", START_MS - 3 * HOUR_MS),
        presence("101", "paused", START_MS - 2 * HOUR_MS),
        presence("101", "ready", START_MS + MINUTE_MS),
        presence("102", "ready", START_MS + 2 * HOUR_MS),
    )
    found = read_past_day(engine, START_MS, START_MS + HOUR_MS, "kk").states
    assert [(one.operator, one.state, one.from_ms - START_MS, one.to_ms) for one in found] == [
        ("101", "paused", -2 * HOUR_MS, START_MS + MINUTE_MS),
        ("101", "ready", MINUTE_MS, None),
    ]


def test_a_ledger_without_tables_is_told_as_unavailable(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LedgerUnavailableError):
        read_past_day(engine, 0, 1, "kk")
    engine.dispose()
