"""A controller that starts beside a running Asterisk knows who waits, who rings and who talks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calls.events import CallWaiting, OperatorAnswered, OperatorRung, Outcome, WrapUpSet
from calls.ids import CallId, GroupId, OperatorId
from dispatch.snapshot import SeenChannel, is_caller, is_misplaced, rebuild
from routing.commands import Offer, Resync, ShowState
from routing.core import Router, Rules
from routing.presence import Operator

PORTAL = GroupId("portal")
READY = {"101": "ready:", "102": "ready:"}
REACHABLE = {"101": "NOT_INUSE", "102": "NOT_INUSE"}


def caller(
    call: str, context: str, application: str = "", *, rank_ms: int = 1000, offers: int = 0, to: str = "s"
) -> SeenChannel:
    said = {"BLN_GROUP": "portal", "BLN_LANGUAGE": "kk", "BLN_RANK": str(rank_ms), "BLN_OFFER": str(offers)}
    said |= {"BLN_ARRIVED": str(rank_ms), "BLN_ID": call}
    return SeenChannel(f"PJSIP/carrier-{call}", call, call, True, context, application, said, to)


def leg(operator: str, number: int, of: str, *, up: bool) -> SeenChannel:
    return SeenChannel(f"PJSIP/op{operator}-0000000{number}", f"leg{number}", of, up, "operators", "", {})


def restarted(*channels: SeenChannel, operators: str = "101 102") -> tuple[Router, list[object]]:
    router = Router(
        [Operator(OperatorId(o), frozenset({PORTAL}), frozenset({"kk"})) for o in operators.split()], Rules()
    )
    duties = {operator: READY[operator] for operator in operators.split()}
    return router, list(router.restore(rebuild(channels, duties, REACHABLE).events, 10_000))


def offers(commands: list[object]) -> list[tuple[str, str]]:
    return [(command.call, command.operator) for command in commands if isinstance(command, Offer)]


def test_a_channel_without_an_arrival_is_no_caller() -> None:
    """A colleague's phone that was transferred like a caller, or whatever else stands in the wait."""
    for context, application in (("waiting", ""), ("net", "Queue"), ("connect", "Dial")):
        strange = caller("a", context, application)
        nobody = replace(strange, variables={**strange.variables, "BLN_ARRIVED": ""})
        found = rebuild([nobody], {}, {})
        assert (found.events, found.in_net, found.misplaced) == ((), (), ())


def test_a_caller_in_another_channels_place_is_no_caller_of_that_places_record() -> None:
    stands_in = caller("a", "waiting")
    misplaced = replace(stands_in, variables={**stands_in.variables, "BLN_ID": "the operator's", "BLN_CONSULT": "1"})
    found = rebuild([misplaced], {}, {})
    assert (found.events, found.misplaced) == ((), (("a", "PJSIP/carrier-a"),))


def test_a_talk_of_three_is_the_first_operators_whoever_has_a_line_in_it() -> None:
    three = caller("a", "three-way", "ConfBridge")
    three = replace(three, variables={**three.variables, "BLN_TALKED": "101"})
    found = rebuild([three, leg("102", 1, "a", up=True)], {}, {})
    talks = [event.operator for event in found.events if isinstance(event, OperatorAnswered)]
    assert talks == ["101"]


@pytest.mark.parametrize(("linkedid", "waits"), [("q", True), ("a", False)])
def test_an_operator_who_asks_a_group_waits_on_a_call_of_their_own(linkedid: str, waits: bool) -> None:
    asked = {"BLN_CONSULT": "1", "BLN_GROUP": "portal", "BLN_RANK": "1000", "BLN_OFFER": "0", "BLN_ID": "q"}
    line = SeenChannel("PJSIP/op101-00000009", "q", linkedid, True, "waiting", "WaitForCondition", asked)
    found = [event.call for event in rebuild([line], {}, {}).events if isinstance(event, CallWaiting)]
    assert found == (["q"] if waits else [])


def test_an_offer_that_rings_or_is_on_its_way_is_ours_and_the_nets_is_the_nets() -> None:
    def rung(*channels: SeenChannel) -> list[OperatorRung]:
        return [event for event in rebuild(channels, {}, {}).events if isinstance(event, OperatorRung)]

    ringing = leg("101", 1, "a", up=False)
    first, call = OperatorId("101"), CallId("a")
    assert rung(caller("a", "connect", "Dial", to="101"), ringing) == [OperatorRung(first, call, by_net=False)]
    assert rung(caller("a", "net", "Queue"), ringing) == [OperatorRung(first, call, by_net=True)]
    assert rung(caller("a", "net", "Playback"), ringing) == [OperatorRung(first, call, by_net=False)]
    assert rung(caller("a", "connect", "", to="102")) == [OperatorRung(OperatorId("102"), call, by_net=False)]
    assert rung(caller("a", "given-back", "", to="102")) == [OperatorRung(OperatorId("102"), call, by_net=False)]
    assert rung(caller("a", "connect", "", to="")) == []
    both = rebuild([caller("a", "connect", "Dial", to="101"), ringing], {}, {}).events
    assert [type(event).__name__ for event in both] == ["LegUp", "CallWaiting", "OperatorRung"]


def test_an_operators_channel_is_nobodys_place_and_a_caller_in_it_is_misplaced() -> None:
    def placed(name: str, begun_for: str) -> bool:
        return is_misplaced(SeenChannel(name, "a", "a", True, "waiting", "", {"BLN_ID": begun_for}))

    assert not placed("PJSIP/op101-00000001", "operator")
    assert placed("PJSIP/carrier-a", "operator")
    assert placed("PJSIP/carrier-a", "b")
    assert not placed("PJSIP/carrier-a", "a")
    assert not placed("PJSIP/carrier-a", "")
    leg = SeenChannel("PJSIP/carrier-a", "a", "a", True, "three-way-leg", "ConfBridge", {"BLN_ID": "operator"})
    assert not is_misplaced(leg), "whom the dialplan itself lets go"


def test_a_callers_channel_is_one_of_its_own_call() -> None:
    assert is_caller(caller("a", "waiting"))
    assert not is_caller(replace(caller("a", "waiting"), linkedid="b"))


def test_who_waited_longest_is_offered_first() -> None:
    _, commands = restarted(
        caller("b", "waiting", rank_ms=2000), caller("a", "callback-ask", rank_ms=1000), operators="101"
    )
    assert offers(commands) == [("a", "101")]


def test_an_operator_who_talks_or_rings_is_offered_nobody() -> None:
    _, commands = restarted(
        *(caller("a", "connect", "Dial", to="101"), leg("101", 1, "a", up=True)),
        *(caller("b", "net", "Queue"), leg("102", 2, "b", up=False)),
        caller("c", "waiting"),
    )
    assert offers(commands) == []


def test_an_offer_whose_phone_has_no_channel_yet_is_an_offer() -> None:
    _, commands = restarted(caller("a", "connect", "MixMonitor", to="101"), caller("b", "waiting"), operators="101")
    assert offers(commands) == []


def test_an_offer_from_before_the_restart_that_is_refused_goes_to_the_next_at_once() -> None:
    ringing = (caller("a", "connect", "Dial", offers=1, to="101"), leg("101", 1, "a", up=False))
    router, commands = restarted(*ringing)
    assert offers(commands) == []
    back = CallWaiting(
        CallId("a"), "PJSIP/carrier-a", PORTAL, "kk", 1000, 1, returned_from=OperatorId("101"), outcome=Outcome.REFUSED
    )
    assert offers(list(router.handle(back, 11_000))) == [("a", "102")]


def test_callers_in_the_net_are_told_apart_from_those_just_moved_out_of_it() -> None:
    moved = caller("b", "waiting", "Queue")
    truth = rebuild([caller("a", "net", "Queue"), moved], READY, REACHABLE)
    assert [call for call, _ in truth.in_net] == ["a"]
    assert [event.call for event in truth.events if isinstance(event, CallWaiting)] == ["b"]


def test_a_phone_that_took_two_calls_is_talking_and_nothing_is_asked_again() -> None:
    """Asking again would bring the same, a hundred times a second, as long as both calls last."""
    router, commands = restarted(
        *(caller("a", "connect", "Dial", to="101"), leg("101", 1, "a", up=True)),
        *(caller("b", "net", "Queue"), leg("101", 2, "b", up=True)),
        operators="101",
    )
    assert not any(isinstance(command, Resync) for command in commands)
    states = [command.state for command in commands if isinstance(command, ShowState)]
    assert states == ["talking"]
    assert router.operators[OperatorId("101")].talking


def test_a_phone_that_rings_for_a_second_call_still_talks() -> None:
    router, _ = restarted(
        *(caller("a", "connect", "Dial", to="101"), leg("101", 1, "a", up=True)),
        *(caller("b", "net", "Queue"), leg("101", 2, "b", up=False)),
        operators="101",
    )
    assert router.operators[OperatorId("101")].call == "a"


def test_a_wrap_up_is_as_asterisk_keeps_it_and_nonsense_is_none() -> None:
    kept = {"101": "9000:14000", "102": "9000:", "103": ":", "104": "x:1", "105": "１:2", "106": "1:２", "107": "1:x"}
    truth = rebuild([], READY, REACHABLE, kept)
    assert [event for event in truth.events if isinstance(event, WrapUpSet)] == [
        WrapUpSet(OperatorId("101"), 9000, 14000)
    ]
