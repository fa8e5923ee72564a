"""An operator left idle beside a caller whom they could serve is seen, whatever the router believes."""

from __future__ import annotations

import pytest

from calls.events import (
    CallGone,
    CallPrioritised,
    CallWaiting,
    DutyChanged,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    SkillsChanged,
    TalkLeft,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.core import Router, Rules
from routing.idle_beside import LONGEST_MS, Beside, Watch
from routing.presence import Operator
from routing.skills import Step

PORTAL, ICT = GroupId("portal"), GroupId("ict")
AIGUL, NURLAN = OperatorId("101"), OperatorId("102")
CALL = CallId("a")


class Scene:
    """A router that hears all, and the watch beside it; `loses` is heard by the watch alone."""

    def __init__(self, *steps: Step, wrap_up_s: float = 0.0) -> None:
        people = [Operator(AIGUL, frozenset({PORTAL}), frozenset({"kk"}), levels={PORTAL: 2}),
                  Operator(NURLAN, frozenset({ICT}), frozenset({"kk"}))]  # fmt: skip
        self.router = Router(people, Rules(steps=steps or (Step(),), wrap_up_s=wrap_up_s))
        self.watch = Watch()
        for operator in (AIGUL, NURLAN):
            self.says(Reachability(operator, True), 0)
            self.says(DutyChanged(operator, True), 0)

    def says(self, event: Event, at_ms: int) -> None:
        self.watch.heard(event, at_ms)
        self.router.handle(event, at_ms)

    def loses(self, event: Event, at_ms: int) -> None:
        self.watch.heard(event, at_ms)

    def looks(self, *at_ms: int) -> list[Beside]:
        router = self.router
        return [
            one
            for at in at_ms
            for one in self.watch.look(router.operators, router.calls, router.rules.steps, at)
        ]  # fmt: skip


def waiting(group: GroupId = PORTAL, rank_ms: int = 1000, **more: object) -> CallWaiting:
    return CallWaiting(CALL, "PJSIP/carrier-1", group, "kk", rank_ms, **more)  # type: ignore[arg-type]


def test_offer_that_was_decided_and_not_carried_out_is_seen() -> None:
    scene = Scene()
    scene.says(waiting(), 1000)
    assert scene.router.calls[CALL].offered_to == AIGUL
    assert scene.looks(1010, 1010 + LONGEST_MS) == []
    assert scene.looks(1011 + LONGEST_MS) == [Beside(AIGUL, CALL, 1000)]
    assert scene.looks(1300, 1400) == []  # told once
    scene.says(LegUp(AIGUL, "PJSIP/op101-1"), 1450)
    scene.says(OperatorRung(AIGUL, CALL), 1451)
    assert scene.looks(1500, 1700) == []


def test_caller_whom_the_router_lost_is_seen() -> None:
    scene = Scene()
    scene.loses(waiting(), 1000)
    assert scene.looks(1050, 1200) == [Beside(AIGUL, CALL, 1000)]


def test_next_occurrence_is_told_again() -> None:
    scene = Scene()
    scene.loses(waiting(), 1000)
    assert len(scene.looks(1050, 1200)) == 1
    scene.loses(CallGone(CALL), 1300)
    assert scene.looks(1350) == []
    scene.loses(waiting(), 2000)
    assert len(scene.looks(2050, 2200)) == 1


@pytest.mark.parametrize(
    "ends",
    [
        OperatorRung(NURLAN, CALL),
        OperatorAnswered(NURLAN, CALL),
        CallGone(CALL),
        LegUp(AIGUL, "PJSIP/op101-1"),
        Reachability(AIGUL, False),
        TalkLeft(CallId("b"), "PJSIP/carrier-2", CALL),
    ],
)
def test_whatever_ends_it_in_time_is_no_alarm(ends: Event) -> None:
    scene = Scene()
    scene.says(waiting(), 1000)
    assert scene.looks(1050) == []
    scene.loses(ends, 1090)
    assert scene.looks(1200, 1300, 1400) == []


def test_who_is_paused_or_wraps_up_or_has_another_group_is_not_idle_for_the_caller() -> None:
    scene = Scene(wrap_up_s=5)
    scene.says(DutyChanged(AIGUL, False, "break"), 500)
    scene.says(waiting(), 1000)
    assert scene.looks(1050, 1200) == []
    scene.router.operators[AIGUL].wrap_up(1200, 6200)
    scene.router.operators[AIGUL].ready = True
    assert scene.looks(1300, 1500, 6100) == []
    assert scene.looks(6200, 6290) == []
    assert scene.looks(6310) == [Beside(AIGUL, CALL, 1000)]


def test_eligibility_begins_with_the_step_and_the_seconds_that_were_added() -> None:
    scene = Scene(Step(0, level=1), Step(20, level=5))
    scene.says(waiting(), 1000)
    assert scene.looks(2000, 20_900) == []
    assert scene.router.calls[CALL].offered_to is None
    assert scene.looks(21_000, 21_101) == [Beside(AIGUL, CALL, 21_000)]
    scene = Scene(Step(0, level=1), Step(20, level=5))
    scene.says(waiting(), 1000)
    scene.says(CallPrioritised(CALL, 15), 2000)
    assert scene.looks(6000, 6101) == [Beside(AIGUL, CALL, 6000)]


def test_skill_that_was_learnt_counts_at_once() -> None:
    scene = Scene()
    scene.says(waiting(ICT), 1000)
    scene.says(LegUp(NURLAN, "PJSIP/op102-1"), 1010)
    assert scene.looks(1100, 1300) == []
    scene.says(SkillsChanged(AIGUL, {ICT: 1}, frozenset({"kk"})), 1300)
    assert scene.looks(1310, 1420) == [Beside(AIGUL, CALL, 1000)]


def test_caller_who_comes_back_from_an_offer_waits_anew_and_the_phone_is_free_from_its_last_channel_on() -> None:
    scene = Scene()
    scene.says(waiting(), 1000)
    scene.says(LegUp(AIGUL, "PJSIP/op101-1"), 1010)
    scene.says(OperatorRung(AIGUL, CALL), 1011)
    scene.says(LegGone(AIGUL, "PJSIP/op101-1"), 5000)
    scene.loses(waiting(offers=1, returned_from=AIGUL, outcome=Outcome.CANCELLED), 5010)
    assert scene.looks(5020, 5110) == []
    assert scene.looks(5121) == [Beside(AIGUL, CALL, 5010)]


def test_look_after_a_stall_waits_for_what_may_lie_unread() -> None:
    scene = Scene()
    scene.says(waiting(), 1000)
    assert scene.looks(1900) == []  # the first look that sees it, however late
    scene.loses(OperatorRung(AIGUL, CALL), 1002)
    assert scene.looks(1960, 2020) == []


def test_nothing_to_look_at_without_a_caller_or_a_free_phone() -> None:
    scene = Scene()
    assert not scene.watch.must_look
    scene.says(waiting(), 1000)
    assert scene.watch.must_look
    for operator in (AIGUL, NURLAN):
        scene.loses(Reachability(operator, False), 1100)
    assert not scene.watch.must_look


def test_who_is_kept_free_for_a_caller_given_back_is_not_idle_until_that_has_ended() -> None:
    scene = Scene()
    other = CallWaiting(CallId("b"), "PJSIP/carrier-2", PORTAL, "kk", 900)
    scene.says(waiting(), 1000)
    scene.says(OperatorRung(AIGUL, CALL, by_net=False), 1010)  # the caller is told first: no leg for seconds
    scene.loses(other, 1020)
    assert scene.looks(1100, 1300, 3000) == []
    scene.loses(CallGone(CALL), 4000)
    assert scene.looks(4010, 4120) == [Beside(AIGUL, CallId("b"), 4000)]


def test_phone_that_was_rung_is_free_when_its_leg_is_gone() -> None:
    scene = Scene()
    scene.says(waiting(), 1000)
    scene.says(LegUp(AIGUL, "PJSIP/op101-1"), 1010)
    scene.says(OperatorRung(AIGUL, CALL), 1011)
    scene.says(LegGone(AIGUL, "PJSIP/op101-1"), 3000)
    scene.loses(waiting(returned_from=AIGUL, outcome=Outcome.CANCELLED), 3001)
    assert scene.looks(3010, 3120) == [Beside(AIGUL, CALL, 3001)]
