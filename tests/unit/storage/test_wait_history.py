"""What the ledger's segments say of the work, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from calls.wait_history import HALF_HOUR_MS, HalfHour
from storage.engine import open_engine, reading
from storage.errors import LedgerUnavailableError
from storage.journal.projector import Projector
from storage.wait_history import half_hours_between, handled_between, read_half_hours
from tests.unit.storage.scene import START_MS, Caller, left_in_menu, left_waiting, plain_call, transferred_call

MINUTE_MS = 60_000


async def take_in(projector: Projector, journal: Path, *callers: Caller) -> None:
    with journal.open("ab") as file:
        for caller in callers:
            file.writelines(caller.lines)
    while await projector.project_once():
        pass


@pytest.fixture
async def worked(projector: Projector, journal: Path) -> None:
    await take_in(
        projector,
        journal,
        plain_call(1),
        transferred_call(2, START_MS + MINUTE_MS),
        left_in_menu(3),
        left_waiting(4, START_MS + 40 * MINUTE_MS),
    )


async def test_each_wait_is_told_with_its_talk_or_its_giving_up(worked: None, engine: Engine) -> None:
    with reading(engine).begin() as connection:
        found = handled_between(connection, START_MS, START_MS + 3 * HALF_HOUR_MS)
    assert [(one.group, one.answered_ms is not None) for one in found] == [
        ("portal", True),
        ("state-services", True),
        ("ict", True),
        ("portal", False),
    ]
    assert [one.queued_ms - START_MS for one in found if one.group != "ict"] == [7_013, 67_013, 40 * MINUTE_MS + 7_013]
    assert all(one.queued_ms <= (one.answered_ms or one.queued_ms) <= one.ended_ms for one in found)


async def test_half_hours_add_up_what_each_group_did(worked: None, engine: Engine) -> None:
    found = read_half_hours(engine, START_MS, START_MS + 3 * HALF_HOUR_MS)
    with reading(engine).begin() as connection:
        rows = handled_between(connection, START_MS, START_MS + 3 * HALF_HOUR_MS)
    assert {(one.group, one.from_ms) for one in found} == {
        (row.group, row.queued_ms - row.queued_ms % HALF_HOUR_MS) for row in rows
    }
    for one in found:
        mine = [
            row for row in rows if row.group == one.group and one.from_ms <= row.queued_ms < one.from_ms + HALF_HOUR_MS
        ]
        talks = [row for row in mine if row.answered_ms is not None]
        waited_ms = sum((row.answered_ms or row.ended_ms) - row.queued_ms for row in mine)
        assert (one.calls, one.talks, one.gave_up) == (len(mine), len(talks), len(mine) - len(talks))
        assert one.talk_s == pytest.approx(sum(row.ended_ms - (row.answered_ms or 0) for row in talks) / 1000)
        assert one.waited_s == pytest.approx(waited_ms / 1000)


async def test_a_transfer_is_work_but_no_way_through_the_menu(worked: None, engine: Engine) -> None:
    found = {str(one.group): one for one in read_half_hours(engine, START_MS, START_MS + HALF_HOUR_MS)}
    assert found["ict"].calls == 1
    assert (found["ict"].first_waits, found["ict"].menu_s) == (0, 0)
    assert (found["portal"].first_waits, found["portal"].menu_s) == (1, 7.013)


async def test_the_span_is_by_the_beginning_of_the_wait(worked: None, engine: Engine) -> None:
    only: list[HalfHour] = read_half_hours(engine, START_MS + 30 * MINUTE_MS, START_MS + 60 * MINUTE_MS)
    assert sum(one.calls for one in only) == 1
    with reading(engine).begin() as connection:
        assert half_hours_between(connection, 0, START_MS) == []


def test_a_ledger_without_tables_is_told_as_unavailable(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LedgerUnavailableError):
        read_half_hours(engine, 0, 1)
    engine.dispose()
