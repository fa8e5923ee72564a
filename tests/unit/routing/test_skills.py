"""Groups, levels and languages: who may serve whom, and from when on."""

from __future__ import annotations

from calls.events import CallGone, CallWaiting, DutyChanged, Outcome, Reachability, SkillsChanged, Tick
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Offer
from routing.core import Router, Rules
from routing.presence import Operator
from routing.skills import Need, Reach, Skills, Step, next_step_ms, reach

STATE, PORTAL = GroupId("state-services"), GroupId("portal")
STEPS = (
    Step(0, level=1, any_language=False),
    Step(20, level=3, any_language=False),
    Step(40, level=3),
    Step(60, level=5),
)


def operator(number: str, languages: str = "kk", **levels: int) -> Operator:
    named = {GroupId(group.replace("_", "-")): level for group, level in (levels or {"state_services": 1}).items()}
    return Operator(OperatorId(number), frozenset(named), frozenset(languages.split()), levels=named)


def router(*operators: Operator, steps: tuple[Step, ...] = STEPS, **rules: float | str) -> Router:
    made = Router(operators, Rules(steps=steps, **rules))  # type: ignore[arg-type]
    for one in operators:
        made.handle(Reachability(one.id, True), 0)
        made.handle(DutyChanged(one.id, True), 0)
    return made


def caller(call: str, rank_ms: int, group: GroupId = STATE, language: str = "kk", **more: object) -> CallWaiting:
    return CallWaiting(CallId(call), call, group, language, rank_ms, **more)  # type: ignore[arg-type]


def offers(commands: list[Command]) -> list[tuple[str, str]]:
    return [(c.call, c.operator) for c in commands if isinstance(c, Offer)]


def test_reach_is_the_first_step_that_is_wide_enough() -> None:
    skills = Skills(((STATE, 3),), frozenset({"ru"}))
    assert reach(skills, Need(STATE, "ru"), STEPS) == Reach(20_000, 3, True)
    assert reach(skills, Need(STATE, "kk"), STEPS) == Reach(40_000, 3, False)
    assert reach(skills, Need(PORTAL, "ru"), STEPS) is None
    assert reach(skills, Need(STATE, "en"), STEPS[:2]) is None


def test_next_step_is_on_the_callers_own_clock() -> None:
    assert next_step_ms(1_000, 1_000, STEPS) == 21_000
    assert next_step_ms(1_000, 21_000, STEPS) == 41_000
    assert next_step_ms(1_000, 61_000, STEPS) is None


def test_lower_level_serves_once_the_caller_has_waited() -> None:
    made = router(operator("101", state_services=3))
    assert offers(made.handle(caller("a", 1_000), 5_000)) == []
    assert made.next_wake_ms() == 15_000  # the announcement
    made.handle(Tick(), 15_000)
    assert made.next_wake_ms() == 21_000
    assert offers(made.handle(Tick(), 20_999)) == []
    assert offers(made.handle(Tick(), 21_000)) == [("a", "101")]


def test_another_language_serves_at_its_step() -> None:
    made = router(operator("101", "ru"))
    made.handle(caller("a", 0), 0)
    assert offers(made.handle(Tick(), 39_999)) == []
    assert offers(made.handle(Tick(), 40_000)) == [("a", "101")]


def test_younger_caller_relaxes_on_the_own_clock_after_the_older_has_gone() -> None:
    made = router(operator("101", "ru"))
    made.handle(caller("old", 0), 0)
    made.handle(caller("young", 10_000), 10_000)
    made.handle(CallGone(CallId("old")), 30_000)
    assert offers(made.handle(Tick(), 49_999)) == []
    assert offers(made.handle(Tick(), 50_000)) == [("young", "101")]


def test_eligibility_relaxes_while_a_phone_rings() -> None:
    made = router(operator("101"), operator("102", "ru", state_services=3), ring_s=30)
    assert offers(made.handle(caller("a", 12_000), 12_000)) == [("a", "101")]
    back = caller("a", 12_000, offers=1, returned_from=OperatorId("101"), outcome=Outcome.REFUSED)
    assert offers(made.handle(back, 52_000)) == [("a", "102")]  # 40 s, most of them ringing


def test_waited_time_of_a_transferred_caller_counts() -> None:
    made = router(operator("101", state_services=3))
    assert offers(made.handle(caller("a", 10_000, offers=1), 30_000)) == [("a", "101")]


def test_longer_waiting_caller_who_may_not_be_served_holds_nobody_up() -> None:
    made = router(operator("101", "ru"), steps=(Step(0, any_language=False),))
    made.handle(caller("kazakh", 0), 0)
    assert offers(made.handle(caller("russian", 5_000, language="ru"), 5_000)) == [("russian", "101")]


def test_best_level_goes_first_among_the_able() -> None:
    made = router(operator("101", state_services=2), operator("102", state_services=1), steps=(Step(),))
    assert offers(made.handle(caller("a", 0), 0)) == [("a", "102")]
    assert offers(made.handle(caller("b", 1), 1)) == [("b", "101")]


def test_learning_a_group_serves_its_waiting_caller_at_once() -> None:
    made = router(operator("101"))
    made.handle(caller("a", 0, PORTAL), 0)
    commands = made.handle(SkillsChanged(OperatorId("101"), {STATE: 1, PORTAL: 1}, frozenset({"kk"})), 10)
    assert offers(commands) == [("a", "101")]
    assert made.handle(SkillsChanged(OperatorId("999"), {STATE: 1}, frozenset({"kk"})), 10) == []


def test_every_policy_takes_the_only_able_operator() -> None:
    for policy in ("longest_wait", "recommended", "foresight", "balanced", "queue_ratio"):
        made = router(operator("101", state_services=1, portal=1), operator("102", state_services=1), policy=policy)
        assert offers(made.handle(caller("a", 0, PORTAL), 0)) == [("a", "101")]
        assert offers(made.handle(caller("b", 0), 1)) == [("b", "102")]
        assert offers(made.handle(caller("c", 0), 2)) == []


def test_the_next_step_is_the_first_that_is_yet_to_come_even_a_millisecond_after_the_arrival() -> None:
    steps = (Step(0, 1), Step(0.001, 2), Step(2.5))
    assert [next_step_ms(5_000, now_ms, steps) for now_ms in (4_000, 5_000, 5_001, 7_499, 7_500)] == [
        5_001, 5_001, 7_500, 7_500, None,
    ]  # fmt: skip
