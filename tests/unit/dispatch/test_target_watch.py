"""The look at the day: what it takes from the ledger and the router, and that a ledger that is away stops nothing."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from calls.events import CallWaiting, DutyChanged, OperatorAnswered, Reachability
from calls.ids import CallId, GroupId, OperatorId
from calls.journal import Fact
from calls.journal_lines import parse_line
from calls.wait_history import SoFar, Waited
from config.load import load
from config.settings import Settings
from console.errors import UnavailableError
from dispatch import target_watch
from dispatch.recent_answers import RecentAnswers
from dispatch.target_watch import TargetWatch, target_now
from dispatch.wait_announcements import WaitAnnouncements
from routing.from_settings import configured_router
from routing.target.control import Control, Outlook
from routing.target.day import RING_S, DaySoFar, Lent
from routing.target.ladder import Standing
from routing.waits.rates import Tally
from storage.errors import LedgerUnavailableError
from storage.journal.writer import ControllerJournal
from tests.unit.dispatch.virtual_time import NOON_MS, VirtualClock

STATE = GroupId("state-services")
SLOW = Waited(answered=200, waited_s=9000.0, menu_s=1800.0, abandoned=7)


def settings() -> Settings:
    """The shipped centre, where 104 helps the state services; every standing may end at once."""
    shipped = load(Path("config/hotline.toml"))
    groups = (shipped.groups[0].model_copy(update={"helpers": ("104",)}), *shipped.groups[1:])
    target = shipped.target.model_copy(update={"stay_s": 0.0})
    return shipped.model_copy(update={"groups": groups, "target": target})


class PaperDispatcher:
    """A dispatcher without Asterisk: everybody is ready."""

    def __init__(self, centre: Settings) -> None:
        self.router = configured_router(centre)
        self.announcements, self.answers = WaitAnnouncements(), RecentAnswers()
        self.synced = True
        self.lent: Lent = {}
        for operator in self.router.operators:
            self.router.handle(Reachability(operator, True), 0)
            self.router.handle(DutyChanged(operator, True), 0)

    def lend(self, lent: Lent) -> None:
        self.lent = lent


class Desk:
    def __init__(
        self, so_far: Callable[[int, int, int], Awaitable[SoFar]], folder: Path, groups: int | None = None
    ) -> None:
        self.centre = settings()
        if groups is not None:
            kept = self.centre.groups[:groups]
            named = {group.name for group in kept}
            people = tuple(one for one in self.centre.operators if named.issuperset(one.groups))
            self.centre = self.centre.model_copy(update={"groups": kept, "operators": people})
        self.dispatcher = PaperDispatcher(self.centre)
        self.journal = ControllerJournal(folder / "controller.csv")
        dispatcher: Any = self.dispatcher
        self.watch = TargetWatch(self.centre, dispatcher, VirtualClock(), self.journal, so_far)

    def facts(self, fact: Fact) -> list[dict[str, str]]:
        entries = [parse_line(line) for line in self.journal.path.read_bytes().splitlines()]
        return [entry.fields for entry in entries if entry is not None and entry.name == fact]


async def slow_day(_: int, now_ms: int, __: int) -> SoFar:
    return SoFar(now_ms, {STATE: SLOW}, {STATE: 30})


async def test_a_slow_day_is_told_and_the_helper_is_lent(tmp_path: Path) -> None:
    desk = Desk(slow_day, tmp_path)
    with pytest.raises(UnavailableError):
        target_now(desk.watch, desk.centre)
    for _ in range(2):
        await desk.watch.look()
    assert list(desk.dispatcher.lent) == ["104"]
    told = target_now(desk.watch, desk.centre)
    group = next(one for one in told.groups if one.group == STATE)
    assert (group.asa_s, group.answered, group.abandoned, group.state, group.helpers) == (
        45,
        200,
        7,
        "widened",
        ("104",),
    )
    assert group.missed
    assert told.total.state == "widened", "that of the worst group"
    assert told.total.answered == 200
    standings = [(one["group"], one["standing"], one["helpers"]) for one in desk.facts(Fact.TARGET)]
    assert standings == [(STATE, "in danger", ""), (STATE, "widened", "104")]
    alarms = [one["detail"] for one in desk.facts(Fact.ALARM) if one["kind"] == "target-missed"]
    assert [detail.partition(":")[0] for detail in alarms] == [STATE, "all groups"], (
        "once each, however often looked at"
    )
    assert "ASA today 45.0 s of 30" in alarms[0]


async def test_callers_who_wait_count_and_the_places_of_callbacks_do_not(tmp_path: Path) -> None:
    desk = Desk(slow_day, tmp_path)
    for number, channel in enumerate(("PJSIP/carrier-1", "", "PJSIP/carrier-2", "Local/s@callback-leg-1;1")):
        desk.dispatcher.router.handle(CallWaiting(CallId(f"c{number}"), channel, GroupId("ict"), "kk", 0), 0)
    waiting = len(desk.dispatcher.router.waiting())
    await desk.watch.look()
    row = next(one for one in target_now(desk.watch, desk.centre).groups if one.group == "ict")
    assert (waiting, row.waiting) == (3, 1), "the first caller is offered to the only operator"
    assert desk.dispatcher.router.operators[OperatorId("104")].call == "c0"


async def test_the_ledger_away_leaves_the_last_known_figures(tmp_path: Path) -> None:
    looks = 0

    async def fails_later(from_ms: int, now_ms: int, since_ms: int) -> SoFar:
        nonlocal looks
        looks += 1
        if looks > 1:
            raise LedgerUnavailableError("away")
        return await slow_day(from_ms, now_ms, since_ms)

    desk = Desk(fails_later, tmp_path)
    for _ in range(3):
        await desk.watch.look()
        await asyncio.sleep(5)
    told = target_now(desk.watch, desk.centre)
    assert told.at_ms - told.ledger_at_ms == 10_000
    assert told.total.answered == 200
    assert list(desk.dispatcher.lent) == ["104"], "the control goes on"


async def test_an_outage_of_the_ledger_is_logged_once_and_so_is_its_end(tmp_path: Path) -> None:
    away = [False, True, True, False, False, True]

    async def comes_and_goes(from_ms: int, now_ms: int, since_ms: int) -> SoFar:
        if away.pop(0):
            raise LedgerUnavailableError("away")
        return await slow_day(from_ms, now_ms, since_ms)

    desk = Desk(comes_and_goes, tmp_path)
    with capture_logs() as logs:
        for _ in range(6):
            await desk.watch.look()
    told = [one["event"] for one in logs if "kept by" in one["event"]]
    last_known, again = "the target is kept by the last known figures", "the target is kept by the ledger again"
    assert told == [last_known, again, last_known]


async def test_the_day_is_seen_as_the_router_the_ledger_and_the_rates_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[DaySoFar] = []

    def seen(before: Control, day: DaySoFar, reserves: object, rules: object) -> Control:
        days.append(day)
        return before

    monkeypatch.setattr(target_watch, "control", seen)

    async def so_far(*span: int) -> SoFar:
        asked.append(span)
        return await slow_day(*span)

    asked: list[tuple[int, ...]] = []
    desk = Desk(so_far, tmp_path)
    for operator in desk.dispatcher.router.operators:
        desk.dispatcher.router.handle(DutyChanged(operator, False, "lunch"), 0)
    now_ms = NOON_MS
    desk.dispatcher.announcements.begin_with({STATE: Tally(now_ms, talks=2, busy_s=500, gave_up=4, waited_s=1000)})
    for number, rank_ms in enumerate((now_ms - 7_000, now_ms + 9_000)):
        waiting = CallWaiting(CallId(f"c{number}"), f"PJSIP/carrier-{number}", STATE, "kk", rank_ms)
        desk.dispatcher.router.handle(waiting, now_ms)
    await desk.watch.look()
    (day,) = days
    assert asked == [(NOON_MS - 12 * 3_600_000, NOON_MS, NOON_MS - round(day.recent_s * 1000))]
    state = day.groups[STATE]
    assert state.waiting_s == (7.0, 0.0), "who comes from the future has not waited"
    assert (state.answered, state.waited_s, state.abandoned, state.recent) == (200, 9000.0, 7, 30)
    assert (state.busy_s, state.patience_s) == (250, 250)
    assert state.before_s == 1800 / 200 + RING_S
    assert day.groups[GroupId("ict")].before_s == RING_S
    assert day.rest_s == 12 * 3600


async def test_a_ledger_that_hangs_is_asked_once_and_stops_nothing(tmp_path: Path) -> None:
    answer, asked = asyncio.Event(), 0

    async def hangs(from_ms: int, now_ms: int, since_ms: int) -> SoFar:
        nonlocal asked
        asked += 1
        await answer.wait()
        return await slow_day(from_ms, now_ms, since_ms)

    desk = Desk(hangs, tmp_path)
    for _ in range(3):
        await desk.watch.look()
    assert (asked, target_now(desk.watch, desk.centre).total.answered) == (1, 0)
    assert desk.watch.told_ms == 0
    answer.set()
    await desk.watch.look()
    assert target_now(desk.watch, desk.centre).total.answered == 200


async def test_a_ledger_that_does_not_answer_is_logged(tmp_path: Path) -> None:
    async def hangs(*span: int) -> SoFar:
        await asyncio.sleep(3600)
        raise AssertionError

    desk = Desk(hangs, tmp_path)
    with capture_logs() as logs:
        await desk.watch.look()
        await desk.watch.look()
    assert [one["why"] for one in logs if "kept by" in one["event"]] == ["no answer"]


async def test_answers_that_the_ledger_has_are_counted_once(tmp_path: Path) -> None:
    async def with_it(_: int, now_ms: int, __: int) -> SoFar:
        return SoFar(now_ms, {STATE: Waited(1, 10.0)}, {})

    desk = Desk(with_it, tmp_path)
    router = desk.dispatcher.router
    for operator in router.operators:
        router.handle(DutyChanged(operator, False, "lunch"), 0)
    router.handle(CallWaiting(CallId("c1"), "PJSIP/carrier-1", STATE, "kk", NOON_MS - 9_000), NOON_MS - 5)
    answered = OperatorAnswered(OperatorId("101"), CallId("c1"))
    desk.dispatcher.answers.before(answered, router, NOON_MS - 5, NOON_MS - 5)
    await desk.watch.look()
    assert target_now(desk.watch, desk.centre).total.answered == 1
    assert desk.dispatcher.answers.on_top_of(SoFar(0, {}, {}), 0).waited == {}, "forgotten"


@pytest.mark.parametrize(
    ("outlook", "projected_s", "until_ms"),
    [
        (Outlook(30, 1, 0, 0, 5.0, 7.0, 0.2, False), 7.0, None),
        (Outlook(30, 0, 0, 0, None, math.inf, 9.0, True, 2, NOON_MS), None, NOON_MS),
        (Outlook(30, 0, 0, 0, None, None, 0.0, False), None, None),
    ],
)
async def test_what_cannot_be_said_in_numbers_is_left_out(
    tmp_path: Path, outlook: Outlook, projected_s: float | None, until_ms: int | None
) -> None:
    desk = Desk(slow_day, tmp_path)
    desk.watch.decided = Control({STATE: Standing()}, {}, {STATE: outlook}, outlook)
    told = target_now(desk.watch, desk.centre)
    assert (told.total.projected_s, told.total.until_ms) == (projected_s, until_ms)
    assert (told.groups[0].projected_s, told.groups[0].until_ms) == (projected_s, until_ms)


async def test_one_group_is_everybody_and_told_once(tmp_path: Path) -> None:
    desk = Desk(slow_day, tmp_path, groups=1)
    with capture_logs() as logs:
        await desk.watch.look()
    alarms = [one["detail"] for one in desk.facts(Fact.ALARM)]
    assert [detail.partition(":")[0] for detail in alarms] == [STATE]
    assert [one["log_level"] for one in logs if one["event"] == "alarm"] == ["error"]


async def test_nothing_is_decided_before_the_truth_is_known(tmp_path: Path) -> None:
    desk = Desk(slow_day, tmp_path)
    desk.dispatcher.synced = False
    await desk.watch.look()
    assert desk.watch.decided.total is None
