"""What the controller tells of this moment: the floor, operators, calls and callbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calls.callback import Callback
from calls.disks import DiskNow
from calls.events import CallPrioritised, WrapUpSet
from calls.ids import CallId, GroupId, OperatorId
from console.errors import UnavailableError
from console.operations.figures import TargetNow
from console.operations.health import LoopNow
from dialplan import names
from dispatch.callbacks import Recalled
from dispatch.live_state import LiveState
from routing.skill_overrides import SkillChange
from telephony.errors import AmiDownError
from tests.unit.dispatch.paper_asterisk import CALL, CALLER, Centre, running, values
from tests.unit.dispatch.virtual_time import NOON_MS


def no_target() -> TargetNow:
    raise UnavailableError("not yet")


class Told:
    """A centre and what is told of it."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.asterisk = centre, centre.asterisk
        self.in_step_ms = NOON_MS - 2_500
        self.disks: tuple[DiskNow, ...] = ()
        self.state = LiveState(
            centre.settings, centre.dispatcher, centre.asterisk, centre.clock, lambda: self.in_step_ms, no_target,
            lambda: self.disks, lambda: "locked", lambda: LoopNow(0.1, 2, 3), lambda: ("a fault",),
        )  # fmt: skip


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    centre = Centre(tmp_path, callback__outbound="192.0.2.1")
    centre.registered("102")
    centre.registered("104", ready=False)
    async with running(centre):
        yield Told(centre)


async def test_the_floor_counts_everybody_and_says_how_the_hotline_does(told: Told) -> None:
    told.asterisk.caller(name="PJSIP/carrier-00000007", call="hl1-1.7", group="ict")
    for channel in (told.asterisk.caller(), told.asterisk.channels["PJSIP/carrier-00000007"]):
        told.centre.says_waiting(channel)
    await told.centre.clock.sleep(0.01)
    floor = told.state.floor()
    assert floor.in_truth
    assert floor.waiting == {"state-services": 0, "portal": 0, "ict": 1}, "an offered caller does not wait"
    assert floor.operators == {
        "ready": 0, "paused": 1, "offered": 1, "talking": 0, "wrap-up": 0, "unreachable": 2,
    }  # fmt: skip
    assert floor.journal_lag_s == pytest.approx(2.5, abs=0.02)
    assert (floor.ledger_away, floor.loop, floor.faults) == ("locked", LoopNow(0.1, 2, 3), ("a fault",))
    assert (floor.idle_beside_waiting, floor.sip_refused, floor.disks) == (0, 0, ())
    told.in_step_ms = told.centre.clock.now_ms() + 5_000
    assert told.state.floor().journal_lag_s == 0


async def test_a_floor_of_itself_knows_no_trouble(told: Told) -> None:
    state = LiveState(
        told.centre.settings, told.centre.dispatcher, told.asterisk, told.centre.clock, lambda: 0, no_target, tuple
    )
    floor = state.floor()
    assert (floor.ledger_away, floor.loop, floor.faults, floor.disks) == ("", None, (), ())
    with pytest.raises(UnavailableError, match="not yet"):
        state.target()


async def test_every_operator_is_told_with_what_they_serve_and_until_when(told: Told) -> None:
    now_ms = told.centre.clock.now_ms()
    told.centre.dispatcher.say(WrapUpSet(OperatorId("102"), now_ms, now_ms + 9_000))
    change = SkillChange({GroupId("ict"): 3})
    told.centre.dispatcher.say(await told.centre.dispatcher.overrides.change(OperatorId("104"), change))
    await told.centre.clock.sleep(0.01)
    rows = await told.state.operators()
    assert values(rows, "operator", "state", "reason", "changed", "until_ms") == [
        ("101", "unreachable", "not registered", False, None),
        ("102", "wrap-up", "", False, now_ms + 9_000),
        ("103", "unreachable", "not registered", False, None),
        ("104", "paused", "lunch", True, None),
    ]
    assert values(rows[3:], "name", "groups", "levels") == [("Қайрат", ("ict", "portal"), {"ict": 3, "portal": 1})]
    assert values(rows[:1], "languages", "levels") == [(("en", "kk", "ru"), {"state-services": 1})]


async def test_calls_are_told_by_where_they_are(told: Told) -> None:
    told.asterisk.caller(names.CONNECT)
    leg = told.asterisk.leg("102", up=False)
    waiting = told.asterisk.caller(name="PJSIP/carrier-00000007", call="hl1-1.7", group="ict", language="kk")
    told.asterisk.caller("three-way", "PJSIP/carrier-00000008", "hl1-1.8", talked="101", **{"with": "103"})
    told.asterisk.caller(name="PJSIP/carrier-00000009", call="hl1-1.9", arrived="")
    told.centre.says_waiting(waiting)
    told.centre.dispatcher.say(CallPrioritised(CallId("hl1-1.7"), 90))
    await told.centre.clock.sleep(0.01)
    shown = ("call", "where", "operator", "group", "language", "place", "priority_s", "for_s")
    assert values(await told.state.calls(), *shown) == [
        (CALL, "offered", "102", "portal", "ru", None, 0, 60),
        ("hl1-1.7", "waiting", "", "ict", "kk", 1, 90, 60),
        ("hl1-1.8", "three-way", "101, 103", "portal", "ru", None, 0, 60),
    ]
    leg.up = True
    await told.centre.clock.sleep(30)
    assert values(await told.state.calls(), "call", "where", "for_s")[0] == (CALL, "talking", 90)
    told.asterisk.channels[CALLER].variables[names.ARRIVED] = str(NOON_MS + 99_000)
    assert (await told.state.calls())[0].for_s == 0, "the clock was set back"


async def test_a_leg_of_another_call_is_no_talk_of_this_one(told: Told) -> None:
    told.asterisk.caller()
    told.asterisk.leg("101", "hl1-1.2")  # the operator's own call
    told.asterisk.leg("102", "hl1-5.5", 3)
    assert values(await told.state.calls(), "call", "where", "operator") == [(CALL, "waiting", "")]


async def test_calls_that_asterisk_does_not_list_are_told_so(told: Told) -> None:
    told.asterisk.refuses["Status"] = [AmiDownError("gone")]
    with pytest.raises(UnavailableError, match="gone"):
        await told.state.calls()


async def test_callbacks_are_told_with_their_place_and_when_they_may_come(told: Told) -> None:
    owed = [
        Callback(CallId(call), number, GroupId(group), "ru", NOON_MS - rank_ms, NOON_MS - 60_000, ready_ms=ready_ms)
        for call, number, group, rank_ms, ready_ms in (
            ("hl1-9.7", "77011234569", "ict", 70_000, NOON_MS + 600_000),
            ("hl1-9.9", "77011234567", "portal", 90_000, 0),
            ("hl1-9.8", "77011234568", "ict", 80_000, 0),
        )
    ]
    told.centre.owed = Recalled(NOON_MS + 9_000, tuple(owed), ())
    await told.centre.clock.sleep(8)
    shown = ("call", "number", "group", "state", "place", "not_before_ms", "tried")
    assert values(await told.state.callbacks(), *shown) == [
        ("hl1-9.9", "+77011234567", "portal", "calling", None, None, 0),
        ("hl1-9.8", "+77011234568", "ict", "waiting", 1, None, 0),
        ("hl1-9.7", "+77011234569", "ict", "later", None, NOON_MS + 600_000, 0),
    ]
