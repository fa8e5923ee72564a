"""What callers are told while they wait: place, a range of minutes, and the truth when nobody is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calls.events import CallGone, CallWaiting, DutyChanged, Event, LegGone, LegUp, OperatorAnswered, Reachability
from calls.ids import CallId, GroupId, OperatorId
from calls.wait_history import Handled
from dispatch.wait_announcements import NOBODY, WaitAnnouncements, Words, kept, learnt, recalled
from routing.commands import Announce
from routing.core import Router, Rules
from routing.presence import Operator
from routing.waits.announced import Announced, Minutes
from routing.waits.expectation import Expectations
from routing.waits.rates import Tally
from speech.expectation import wait_range

PORTAL = GroupId("portal")
AIGUL = OperatorId("101")


class Line:
    """A core with what is told beside it, driven as the dispatcher does."""

    def __init__(self) -> None:
        self.router = Router([Operator(AIGUL, frozenset({PORTAL}), frozenset({"ru"}))], Rules(wrap_up_s=0))
        self.announcements = WaitAnnouncements()
        self.now_ms = 1_000_000

    def hears(self, *events: Event) -> None:
        for event in events:
            self.announcements.before(event, self.router, self.now_ms, self.now_ms)
            self.router.handle(event, self.now_ms)
            self.announcements.after(event, self.router, self.now_ms)
        self.now_ms += 2000

    def comes(self, number: int) -> CallId:
        call = CallId(f"hl1-{number}.1")
        self.hears(CallWaiting(call, f"PJSIP/carrier-{number}", PORTAL, "ru", 1000 * number))
        return call

    def told(self, call: CallId) -> Words:
        place = self.router.place(call)
        assert place is not None
        return self.announcements.words(Announce(call, "", "ru", place), self.router, self.now_ms)


def at_work() -> Line:
    line = Line()
    line.hears(Reachability(AIGUL, True), DutyChanged(AIGUL, True))
    first = line.comes(1)
    line.hears(LegUp(AIGUL, "PJSIP/op101-1"), OperatorAnswered(AIGUL, first))
    return line


def test_the_place_and_a_range_of_minutes() -> None:
    line = at_work()
    line.comes(2)
    words = line.told(line.comes(3))
    assert words.prompts[0] == "position-2"
    assert words.prompts[1] == "wait-before"
    assert words.wait_s is not None
    assert words.told.minutes is not None
    assert words.told.minutes.low * 60 < words.wait_s < words.told.minutes.high * 60


def test_nobody_on_duty_is_said_and_no_minutes() -> None:
    line = at_work()
    call = line.comes(2)
    line.hears(DutyChanged(AIGUL, False, "break"))
    words = line.told(call)
    assert words.prompts == ("position-1", NOBODY)
    assert words.wait_s is None


def test_short_talks_shorten_what_is_told_later() -> None:
    line = at_work()
    line.comes(2)
    last = line.comes(3)
    before = line.told(last)
    for number in range(4, 40):
        line.hears(LegGone(AIGUL, "PJSIP/op101-1"))
        call = line.router.operators[AIGUL].call
        assert call is not None
        line.hears(LegUp(AIGUL, "PJSIP/op101-1"), OperatorAnswered(AIGUL, call))
        line.hears(CallGone(call))
        line.comes(number)
    after = line.told(line.router.waiting()[1].call)
    assert before.wait_s is not None
    assert after.wait_s is not None
    assert after.wait_s < before.wait_s / 2


def test_a_started_controller_knows_the_talks_of_the_last_hours() -> None:
    line = at_work()
    call = line.comes(2)
    usual = line.told(call).wait_s
    past = [Handled(PORTAL, n * 1000, n * 1000, n * 1000 + 30_000) for n in range(200)]
    line.announcements.begin_with(learnt(past, lambda _: 0.0))
    known = line.told(call).wait_s
    assert usual is not None
    assert known is not None
    assert known < usual / 2


def test_a_restarted_controller_never_tells_more_than_was_told() -> None:
    line = at_work()
    call = line.comes(2)
    line.announcements = WaitAnnouncements()
    for _ in line.announcements.rebuilding(line.router, {call: Announced(1, None, Minutes(0, 1))}, line.now_ms):
        pass
    told = line.told(call)
    assert told.wait_s is not None and told.wait_s > 120
    assert told.told == Announced(1, Minutes(0, 1), Minutes(0, 1))
    assert told.prompts == ("position-1", *wait_range(0, 1, "ru"))
    for _ in line.announcements.rebuilding(line.router, {call: Announced(2, None, None)}, line.now_ms):
        pass
    fresh = line.told(call).told.minutes
    assert fresh is not None and fresh.high > 1  # where nothing is recalled that holds it


def test_whom_a_restarted_controller_comes_to_first_is_told_no_more_than_before_at_once() -> None:
    line = at_work()
    first, second = line.comes(2), line.comes(3)
    line.announcements = WaitAnnouncements()
    before = dict.fromkeys((first, second), Announced(2, None, Minutes(0, 1)))
    steps = line.announcements.rebuilding(line.router, before, line.now_ms)
    next(steps)
    assert line.told(first).told.minutes == Minutes(0, 1)


def test_a_language_that_we_do_not_speak_is_told_in_the_first_one() -> None:
    line = at_work()
    call = line.comes(2)
    place = Announce(call, "", "de", 1)
    told = line.announcements.words(place, line.router, line.now_ms)
    assert told.prompts == line.announcements.words(replace(place, language="kk"), line.router, line.now_ms).prompts
    assert told.prompts != line.told(call).prompts


def test_a_caller_who_is_gone_is_told_of_nobody() -> None:
    line = at_work()
    call = line.comes(2)
    line.hears(CallGone(call))
    told = line.announcements.words(Announce(call, "", "ru", 1), line.router, line.now_ms)
    assert (told.prompts, told.wait_s) == (("position-1", NOBODY), None)


def test_who_is_on_duty_is_counted_once_a_second_and_anew_after_a_restart() -> None:
    line = at_work()
    call = line.comes(2)
    line.now_ms -= 1_100  # within the second in which the duties were counted
    line.router.handle(DutyChanged(AIGUL, False, "break"), line.now_ms)
    assert line.told(call).wait_s is not None
    for _ in line.announcements.rebuilding(line.router, {}, line.now_ms):
        pass
    assert line.told(call).wait_s is None
    line.router.handle(DutyChanged(AIGUL, True), line.now_ms)
    line.now_ms += 999
    assert line.told(call).wait_s is None
    line.now_ms += 1
    assert line.told(call).wait_s is not None


def test_who_left_before_a_restart_is_followed_no_more() -> None:
    line = at_work()
    gone = line.comes(2)
    line.router.handle(CallGone(gone), line.now_ms)
    for _ in line.announcements.rebuilding(line.router, {}, line.now_ms):
        pass
    before = dict(line.announcements.tallies)
    line.hears(CallGone(gone))
    assert line.announcements.tallies == before


def test_given_expectations_are_taken() -> None:
    own = Expectations()
    announcements = WaitAnnouncements(own)
    announcements.begin_with({PORTAL: Tally(0)})
    assert own.tallies == {PORTAL: Tally(0)}


def test_a_talk_keeps_its_operator_for_its_own_time_and_the_wrap_up() -> None:
    line = Line()
    line.router.rules = replace(line.router.rules, wrap_up_s=20.0)
    line.hears(Reachability(AIGUL, True), DutyChanged(AIGUL, True))
    call = line.comes(1)
    line.hears(LegUp(AIGUL, "PJSIP/op101-1"), OperatorAnswered(AIGUL, call))
    line.now_ms += 98_000
    before = line.announcements.tallies.get(PORTAL, Tally(line.now_ms))
    line.hears(CallGone(call), LegGone(AIGUL, "PJSIP/op101-1"))
    after = line.announcements.tallies[PORTAL]
    assert after.busy_s - before.faded(after.at_ms).busy_s == pytest.approx(100 + 20, abs=0.01)
    line.hears(LegGone(AIGUL, "PJSIP/op101-1"))
    assert line.announcements.tallies[PORTAL].talks == pytest.approx(after.talks, abs=0.01), "once for each talk"


def test_who_asked_for_a_callback_neither_gave_up_nor_was_answered() -> None:
    line = at_work()
    call = line.comes(2)
    before = dict(line.announcements.tallies)
    line.announcements.forget(call)
    line.hears(CallGone(call))
    assert line.announcements.tallies == before
    other = line.comes(3)
    line.hears(CallGone(other))
    assert line.announcements.tallies != before, "as who hangs up does"


@pytest.mark.parametrize("told", [Announced(3), Announced(2, None, Minutes(1, 4))])
def test_what_was_told_is_kept_on_the_channel(told: Announced) -> None:
    assert recalled(kept(told)) == told


@pytest.mark.parametrize("text", ["", "1:2", "a", "1:2:x", "1:2:3:4", "-1"])
def test_anything_else_was_not_told_by_us(text: str) -> None:
    assert recalled(text) is None
