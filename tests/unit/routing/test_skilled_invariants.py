"""The core's invariants with skills, languages, steps and every policy, restarts and lost events included.

200 examples by default; `BAILANYS_EXAMPLES=10000` for a night.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls.events import (
    CallGone,
    CallPrioritised,
    CallWaiting,
    DutyChanged,
    Event,
    GroupPrioritised,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    SkillsChanged,
    TalkJoined,
    TalkLeft,
    Tick,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.core import Router, Rules
from routing.policy import POLICIES
from routing.presence import Operator
from routing.skills import Need, Step, reach, skills_of
from routing.width import Width

EXAMPLES = int(os.environ.get("BAILANYS_EXAMPLES", "200"))
GROUPS = [GroupId(name) for name in ("state-services", "portal", "ict")]
OPERATORS = [OperatorId(str(number)) for number in range(101, 106)]
CALLS = [CallId(f"c{number}") for number in range(8)]
LANGUAGES = ["kk", "ru"]


@dataclass(frozen=True)
class Restart:
    """The controller dies; what it knew is rebuilt from what Asterisk knows."""


@dataclass(frozen=True)
class Widen:
    """Target control lends operators, or takes them back."""

    lent: dict[OperatorId, dict[GroupId, Width]]


levels = st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 5), min_size=1)
operators = st.sampled_from(OPERATORS)
calls = st.sampled_from(CALLS)
legs = st.sampled_from(["PJSIP/op-1", "PJSIP/op-2"])
events = st.one_of(
    st.builds(
        CallWaiting, calls, st.just("PJSIP/carrier-1"), st.sampled_from(GROUPS), st.sampled_from(LANGUAGES),
        st.integers(0, 3000), offers=st.integers(0, 3),
        returned_from=st.none() | operators, outcome=st.none() | st.sampled_from(Outcome),
    ),
    st.builds(CallWaiting, calls, st.just("ch"), st.sampled_from(GROUPS), st.sampled_from(LANGUAGES), st.just(3000)),
    st.builds(
        CallWaiting, calls, st.just("ch"), st.sampled_from(GROUPS), st.just("kk"), st.just(3000), wanted=operators
    ),
    st.builds(TalkJoined, calls, st.just("ch"), operators, legs),
    st.builds(TalkLeft, calls, st.just("ch"), calls),
    st.builds(CallGone, calls),
    st.builds(OperatorRung, operators, calls),
    st.builds(OperatorAnswered, operators, calls),
    st.builds(LegUp, operators, legs),
    st.builds(LegGone, operators, legs),
    st.builds(DutyChanged, operators, st.booleans()),
    st.builds(Reachability, operators, st.booleans()),
    st.just(Tick()),
    st.builds(Restart),
    st.builds(
        Widen,
        st.dictionaries(operators, st.dictionaries(st.sampled_from(GROUPS), st.sampled_from(Width), min_size=1)),
    ),
    st.builds(SkillsChanged, operators, levels, st.just(frozenset(LANGUAGES[:1]))),
    st.builds(CallPrioritised, calls, st.integers(-5, 5)),
    st.builds(GroupPrioritised, st.sampled_from(GROUPS), st.integers(-5, 5)),
)  # fmt: skip
rules = st.builds(
    Rules, ring_s=st.just(1), wrap_up_s=st.just(0.5), refusal_rest_s=st.just(0.5), backoff_first_s=st.just(0.1),
    announce_first_s=st.just(1), policy=st.sampled_from(sorted(POLICIES)),
    steps=st.sampled_from([
        (Step(),),
        (Step(0, 1, any_language=False), Step(1, 2, any_language=False), Step(2.5)),
        (Step(0, 3, any_language=False),),
    ]),
)  # fmt: skip
staff = st.fixed_dictionaries(
    {number: st.tuples(levels, st.sets(st.sampled_from(LANGUAGES), min_size=1)) for number in OPERATORS}
)
steps = st.lists(st.tuples(events, st.integers(0, 900)), max_size=200)


def new_router(skills: dict[OperatorId, tuple[dict[GroupId, int], set[str]]], chosen: Rules) -> Router:
    return Router(
        [
            Operator(number, frozenset(known), frozenset(spoken), ready=True, reachable=True, levels=known)
            for number, (known, spoken) in skills.items()
        ],
        chosen,
    )


def truth(router: Router) -> list[Event]:
    """What Asterisk would tell of the same centre."""
    told: list[Event] = []
    for one in router.operators.values():
        told += [Reachability(one.id, one.reachable), DutyChanged(one.id, one.ready, one.reason)]
        told += [LegUp(one.id, leg) for leg in sorted(one.legs)]
        if one.call is not None and one.talking:
            told.append(OperatorAnswered(one.id, one.call))
    for known in router.calls.values():
        told.append(
            CallWaiting(
                known.call,
                known.channel,
                known.group,
                known.language,
                known.rank_ms,
                offers=known.offers,
                priority_s=known.priority_s,
            )
        )
        if known.offered_to is not None:
            told.append(OperatorRung(known.offered_to, known.call, by_net=False))
    return told


def assert_nobody_waits_beside_an_idle_operator(router: Router, now_ms: int) -> None:
    idle = [one for one in router.operators.values() if one.may_be_offered(now_ms)]
    for caller in router.waiting():
        for one in idle:
            by = reach(skills_of(one), Need(caller.group, caller.language), router.rules.steps)
            assert by is None or by.from_ms > max(now_ms - caller.turn_ms, 0), (caller, one)


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no fault
@given(staff, rules, steps)
def test_nobody_waits_beside_an_able_idle_operator(
    skills: dict[OperatorId, tuple[dict[GroupId, int], set[str]]],
    chosen: Rules,
    happens: list[tuple[Event | Restart | Widen, int]],
) -> None:
    router, now_ms = new_router(skills, chosen), 3000
    for event, pause_ms in happens:
        now_ms += pause_ms
        match event:
            case Restart():
                told, older = truth(router), router
                skills = {one.id: (dict(one.levels), set(one.languages)) for one in older.operators.values()}
                router = new_router(skills, chosen)
                router.adopt(older)
                router.restore(told, now_ms)
                assert router.calls.keys() == older.calls.keys(), "nobody is lost"
            case Widen(lent):
                router.widen(lent, now_ms)
            case _:
                router.handle(event, now_ms)
        assert_nobody_waits_beside_an_idle_operator(router, now_ms)
        line = router.waiting()
        assert line == sorted(line)
        assert {one.call for one in line} == {call for call, one in router.calls.items() if one.offered_to is None}
        assert all(router.place(one.call) for one in line)
        held = [one.call for one in router.operators.values() if one.call is not None]
        assert len(set(held)) == len(held), "one call, one operator"
        wake_ms = router.next_wake_ms()
        assert wake_ms is None or wake_ms > now_ms, "a wake that changes nothing would spin"
