"""A caller whom a lost event left without care is found, and nobody else is taken for one."""

from __future__ import annotations

from calls.ids import CallId
from dispatch.snapshot import SeenChannel
from dispatch.stray_callers import StrayCallers, stray_callers

CALLER = {"BLN_GROUP": "portal", "BLN_LANGUAGE": "kk", "BLN_RANK": "1795380779306", "BLN_OFFER": "1"} | {
    "BLN_ARRIVED": "1795380779306"
}


def channel(
    name: str, call: str, *, context: str, application: str = "", leg_of: str = "", up: bool = True
) -> SeenChannel:
    return SeenChannel(name, call, leg_of or call, up, context, application, {} if leg_of else CALLER)


def test_a_waiting_caller_unknown_to_the_router_is_forgotten() -> None:
    seen = [channel("PJSIP/carrier-00000001", "hl1-1.1", context="waiting", application="WaitForCondition")]
    assert [waiting.call for waiting in stray_callers(seen, set()).waiting] == ["hl1-1.1"]
    assert stray_callers(seen, {CallId("hl1-1.1")}).calls == frozenset()


def test_a_caller_in_the_net_with_nobody_ringing_is_forgotten() -> None:
    caller = channel("PJSIP/carrier-00000001", "hl1-1.1", context="net", application="Queue")
    assert stray_callers([caller], set()).in_net == ((CallId("hl1-1.1"), "PJSIP/carrier-00000001"),)
    leg = channel("PJSIP/op101-00000002", "hl1-1.2", context="operators", leg_of="hl1-1.1", up=False)
    assert stray_callers([caller, leg], set()).calls == frozenset()


def test_callers_in_the_menu_in_a_talk_or_in_the_rating_are_not() -> None:
    talk = channel("PJSIP/carrier-00000001", "hl1-1.1", context="connect", application="Dial")
    leg = channel("PJSIP/op101-00000002", "hl1-1.2", context="operators", leg_of="hl1-1.1")
    menu = channel("PJSIP/carrier-00000003", "hl1-1.3", context="hotline", application="AGI")
    rating = channel("PJSIP/carrier-00000004", "hl1-1.4", context="rating", application="Read")
    assert stray_callers([talk, leg, menu, rating], set()).calls == frozenset()


def test_only_who_is_forgotten_twice_is_meant() -> None:
    seen = stray_callers([channel("PJSIP/carrier-00000001", "hl1-1.1", context="waiting")], set())
    assert seen.of(frozenset()).calls == frozenset()
    assert seen.of(seen.calls) == seen
    places = ((CallId("a"), "PJSIP/carrier-a"), (CallId("b"), "PJSIP/carrier-b"))
    both = StrayCallers((), places, places)
    assert both.of({CallId("b")}) == StrayCallers((), places[1:], places[1:])
    assert both.calls == {"a", "b"}
