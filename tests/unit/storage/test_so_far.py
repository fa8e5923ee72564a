"""The day's waits for each group, on both databases."""

from __future__ import annotations

from pathlib import Path

from calls.ids import GroupId
from calls.wait_history import Waited
from storage.journal.projector import Projector
from storage.ledger import Ledger
from tests.unit.storage.scene import START_MS, Caller

PORTAL, ICT = GroupId("portal"), GroupId("ict")
MINUTE_MS = 60_000


async def take_in(projector: Projector, journal: Path, *callers: Caller) -> None:
    with journal.open("ab") as file:
        for caller in callers:
            file.writelines(caller.lines)
    while await projector.project_once():
        pass


def answered(number: int, at_ms: int, group: str = "portal") -> Caller:
    caller = Caller(number, at_ms).arrive().choose().queue(group)
    return caller.offer("101").pick_up("101").talk("101").operator_leaves("101").hang_up()


async def test_each_groups_waits_are_summed_as_the_law_counts_them(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    gave_up = Caller(3, START_MS + 2 * MINUTE_MS).arrive().choose().queue("ict").hang_up(20_000)
    in_menu = Caller(4, START_MS + 3 * MINUTE_MS).arrive().hang_up(9_000)
    waiting = Caller(5, START_MS + 4 * MINUTE_MS).arrive().choose().queue("ict")
    yesterday = answered(6, START_MS - 30 * MINUTE_MS)
    both = answered(1, START_MS), answered(2, START_MS + MINUTE_MS)
    await take_in(projector, journal, yesterday, *both, gave_up, in_menu, waiting)
    now_ms = START_MS + 10 * MINUTE_MS
    told = await ledger.so_far(START_MS - MINUTE_MS, now_ms, START_MS + 30_000)
    times = await ledger.calls_between(START_MS - MINUTE_MS, now_ms)
    waited_s = sum(one.answered_ms - one.arrived_ms for one in times if one.answered_ms) / 1000
    menu_s = sum(one.queued_ms - one.arrived_ms for one in times if one.answered_ms and one.queued_ms) / 1000
    assert told.at_ms == now_ms
    assert told.waited == {PORTAL: Waited(2, waited_s, menu_s, 0), ICT: Waited(0, 0.0, 0.0, 1)}
    assert told.came == {PORTAL: 1, ICT: 2}
    count, mean_s = await ledger.answered_between(START_MS - MINUTE_MS, now_ms)
    assert (count, mean_s) == (2, waited_s / 2)


async def test_callbacks_are_apart_and_an_empty_day_has_no_groups(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    asked = Caller(1).arrive().choose().queue("ict").fact("callback_asked", 9_000, seq=1, number="+77011234567")
    made = Caller(2, START_MS + MINUTE_MS).fact("arrived", arrived_ms=START_MS + MINUTE_MS, callback_of=asked.id)
    made.queue("ict", via="callback").offer("101").pick_up("101").talk("101").operator_leaves("101").hang_up()
    await take_in(projector, journal, asked.hang_up(), made)
    told = await ledger.so_far(START_MS, START_MS + 10 * MINUTE_MS, START_MS)
    assert told.waited == {ICT: Waited(0, 0.0, 0.0, 0)}
    nothing = await ledger.so_far(0, 1000, 0)
    assert (nothing.waited, nothing.came) == ({}, {})
