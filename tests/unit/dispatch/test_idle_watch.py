"""The live watch looks sixteen times a second, and only while there is something to look at."""

from __future__ import annotations

import pytest

from calls.events import CallGone, CallWaiting, DutyChanged, Event, Reachability
from calls.ids import CallId, GroupId, OperatorId
from dispatch.idle_watch import LOOK_EVERY_S, IdleWatch, when_said_ms
from routing.commands import Alarm
from routing.from_settings import configured_router
from tests.unit.dispatch.paper_asterisk import hotline
from tests.unit.dispatch.virtual_time import NOON_MS, HandClock

WAITS = CallWaiting(CallId("hl1-1.1"), "PJSIP/carrier-1", GroupId("portal"), "ru", NOON_MS - 9_000)


class Scene:
    """A core that knows of the caller and offers nobody, with the watch beside it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.watch = IdleWatch(self.clock)
        self.router = configured_router(hotline())
        for event in (Reachability(OperatorId("102"), True), DutyChanged(OperatorId("102"), True)):
            self.hears(event)

    def hears(self, event: Event, said_ms: int = NOON_MS) -> None:
        self.watch.before(event, self.router, self.clock.now_ms(), said_ms)
        self.router.handle(event, self.clock.now_ms())

    def look(self, after_s: float, *, heard_all: bool = True) -> list[Alarm]:
        self.clock.at_s += after_s
        self.clock.at_ms += round(after_s * 1000)
        return self.watch.look(self.router, heard_all=heard_all)


def test_there_is_nothing_to_look_at_without_a_caller_and_a_free_phone() -> None:
    scene = Scene()
    assert scene.watch.patience_s() is None
    scene.hears(WAITS)
    assert scene.watch.patience_s() == 0.0
    scene.hears(CallGone(WAITS.call))
    assert scene.watch.patience_s() is None


def test_an_operator_left_idle_for_a_tenth_of_a_second_is_an_alarm_once() -> None:
    scene = Scene()
    scene.hears(WAITS)
    assert scene.look(0) == []
    assert scene.watch.patience_s() == pytest.approx(LOOK_EVERY_S)
    assert scene.look(LOOK_EVERY_S / 2) == [], "it is not time"
    assert scene.look(LOOK_EVERY_S / 2) == []
    (alarm,) = scene.look(LOOK_EVERY_S)
    assert alarm == Alarm("idle-beside-waiting", "call hl1-1.1 operator 102 120 ms, offered to 102")
    assert (scene.watch.alarms, scene.look(LOOK_EVERY_S)) == (1, [])


def test_while_anything_is_unread_the_clock_is_that_of_the_last_thing_read() -> None:
    scene = Scene()
    scene.hears(WAITS)
    scene.look(0, heard_all=False)
    for _ in range(10):
        assert scene.look(LOOK_EVERY_S, heard_all=False) == []
    scene.hears(Reachability(OperatorId("103"), True), scene.clock.now_ms())
    (alarm,) = scene.look(LOOK_EVERY_S, heard_all=False)
    assert "600 ms" in alarm.detail


def test_a_rebuilt_state_is_believed_and_nothing_of_before() -> None:
    scene = Scene()
    scene.hears(WAITS)
    scene.clock.at_ms += 5_000
    scene.clock.at_s += 5
    scene.watch.rebuilt([Reachability(OperatorId("102"), True), DutyChanged(OperatorId("102"), True)], NOON_MS + 5_000)
    assert scene.watch.patience_s() is None
    scene.watch.rebuilt(
        [Reachability(OperatorId("102"), True), DutyChanged(OperatorId("102"), True), WAITS], NOON_MS + 5_000
    )
    assert scene.look(LOOK_EVERY_S) == []
    scene.look(LOOK_EVERY_S)
    assert len(scene.look(LOOK_EVERY_S)) == 1, "counted from the moment of the state"


@pytest.mark.parametrize(
    ("said", "at_ms"), [({"Timestamp": "1795935600.123456"}, NOON_MS + 123), ({}, 7), ({"Timestamp": "soon"}, 7)]
)
def test_an_event_was_said_at_asterisks_own_instant_or_now(said: dict[str, str], at_ms: int) -> None:
    assert when_said_ms(said, 7) == at_ms
