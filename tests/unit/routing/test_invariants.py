"""The core's invariants under any order of events, repeated and lost ones included."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from calls.events import (
    CallGone,
    CallWaiting,
    DutyChanged,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    TalkJoined,
    TalkKept,
    TalkLeft,
    Tick,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Offer
from routing.core import Router, Rules
from routing.presence import Operator

OPERATORS = [OperatorId(n) for n in ("101", "102", "103")]
GROUPS = [GroupId("state-services"), GroupId("portal")]
CALLS = [CallId(f"c{n}") for n in range(5)]

operators = st.sampled_from(OPERATORS)
calls = st.sampled_from(CALLS)
legs = st.sampled_from(["PJSIP/op-1", "PJSIP/op-2"])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        CallWaiting, calls, st.just("PJSIP/carrier-1"), st.sampled_from(GROUPS), st.sampled_from(["kk", "ru"]),
        st.integers(0, 1000), offers=st.integers(0, 3),
        returned_from=st.none() | operators, outcome=st.none() | st.sampled_from(Outcome),
        wanted=st.none() | operators, giver=st.none() | operators,
    ),
    st.builds(CallGone, calls),
    st.builds(OperatorRung, operators, calls),
    st.builds(OperatorAnswered, operators, calls),
    st.builds(LegUp, operators, legs),
    st.builds(LegGone, operators, legs),
    st.builds(DutyChanged, operators, st.booleans()),
    st.builds(Reachability, operators, st.booleans()),
    st.builds(TalkJoined, calls, st.just("PJSIP/carrier-1"), operators, legs),
    st.builds(TalkKept, calls, operators),
    st.builds(TalkLeft, calls, st.just("PJSIP/carrier-1"), calls),
    st.just(Tick()),
)  # fmt: skip


def new_router() -> Router:
    groups = {OPERATORS[0]: GROUPS[:1], OPERATORS[1]: GROUPS[1:], OPERATORS[2]: GROUPS}
    return Router(
        [Operator(o, frozenset(groups[o]), frozenset({"kk", "ru"}), ready=True, reachable=True) for o in OPERATORS],
        Rules(ring_s=1, wrap_up_s=0.5, refusal_rest_s=0.5, backoff_first_s=0.1, announce_first_s=1),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(events, st.integers(0, 700)), max_size=200))
def test_invariants_hold_under_any_order_of_events(steps: list[tuple[Event, int]]) -> None:
    router, now_ms = new_router(), 0
    for event, pause_ms in steps:
        now_ms += pause_ms
        busy = {o.id for o in router.operators.values() if o.call is not None or o.legs}
        if isinstance(event, LegGone):
            busy -= {event.operator}
        if isinstance(event, OperatorRung | OperatorAnswered):  # whoever had this call before has it no more
            busy -= {o.id for o in router.operators.values() if o.call == event.call and not o.legs}
        commands = router.handle(event, now_ms)
        offered = [c for c in commands if isinstance(c, Offer)]
        assert len({o.operator for o in offered}) == len(offered), "an operator has at most one offer"
        assert len({o.call for o in offered}) == len(offered), "a caller has at most one offer"
        if not isinstance(event, CallWaiting | CallGone | TalkLeft | Tick):
            assert not {o.operator for o in offered} & (busy - {event.operator}), "nobody is rung while in use"
        line = router.waiting()
        assert len({w.call for w in line}) == len(line), "one caller, one place"
        assert all(w.offered_to is None for w in line)
        assert line == sorted(line)
        idle = [o for o in router.operators.values() if o.may_be_offered(now_ms)]
        assert not [(w, o) for w in line for o in idle if w.group in o.groups], "nobody waits beside an idle operator"
        held = [o.call for o in router.operators.values() if o.call is not None and not o.talking and o.ours]
        assert len(set(held)) == len(held)
        assert all(o.lease_ends_ms is not None for o in router.operators.values() if o.call and not o.talking)
