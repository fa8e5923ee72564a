from __future__ import annotations

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
    TalkLeft,
    Tick,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Alarm, Announce, KeepDuty, MoveOn, Offer, Reclaim, Resync
from routing.core import Router, Rules
from routing.presence import Operator, State

STATE, PORTAL = GroupId("state-services"), GroupId("portal")


def operator(number: str, *groups: GroupId, languages: str = "kk ru en") -> Operator:
    return Operator(OperatorId(number), frozenset(groups or (STATE,)), frozenset(languages.split()))


def router(*operators: Operator, ready: bool = True, **rules: float) -> Router:
    made = Router(operators or (operator("101"), operator("102")), Rules(**rules))
    for at_ms, one in enumerate(made.operators.values()):
        made.handle(Reachability(one.id, True), at_ms)
        if ready:
            made.handle(DutyChanged(one.id, True), at_ms)
    return made


def caller(call: str, rank_ms: int, group: GroupId = STATE, offers: int = 0, **more: object) -> CallWaiting:
    return CallWaiting(CallId(call), f"PJSIP/carrier-{call}", group, "kk", rank_ms, offers=offers, **more)  # type: ignore[arg-type]


def offers(commands: list) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    return [(c.call, c.operator) for c in commands if isinstance(c, Offer)]


def of(kind: type, commands: list) -> list:  # type: ignore[type-arg]
    return [c for c in commands if isinstance(c, kind)]


def talk(made: Router, call: str, number: str, now_ms: int) -> None:
    leg = f"PJSIP/op{number}-0000000{now_ms % 10}"
    made.handle(LegUp(OperatorId(number), leg), now_ms)
    made.handle(OperatorAnswered(OperatorId(number), CallId(call)), now_ms)


def end_talk(made: Router, number: str, now_ms: int) -> list:  # type: ignore[type-arg]
    commands = []
    for leg in list(made.operators[OperatorId(number)].legs):
        commands += made.handle(LegGone(OperatorId(number), leg), now_ms)
    return commands


def test_longest_waiting_caller_goes_first_to_the_operator_who_became_ready() -> None:
    made = router(operator("101"), ready=False)
    made.handle(caller("late", 2_000), 3_000)
    made.handle(caller("early", 1_000), 3_001)
    assert offers(made.handle(DutyChanged(OperatorId("101"), True), 4_000)) == [("early", "101")]


def test_operator_longest_idle_gets_the_call() -> None:
    made = router(wrap_up_s=0)
    for call, number, at in (("a", "101", 10), ("b", "102", 20)):
        assert offers(made.handle(caller(call, at), at)) == [(call, number)]
        talk(made, call, number, at)
    end_talk(made, "102", 1_000)
    end_talk(made, "101", 2_000)
    assert offers(made.handle(caller("c", 3_000), 3_000)) == [("c", "102")]


def test_operator_who_speaks_the_callers_language_is_preferred_but_nobody_waits_for_it() -> None:
    made = router(operator("101", languages="ru"), operator("102", languages="kk"))
    assert offers(made.handle(caller("a", 1), 10)) == [("a", "102")]
    assert offers(made.handle(caller("b", 2), 11)) == [("b", "101")]


def test_an_operator_is_offered_only_calls_of_own_groups() -> None:
    made = router(operator("101", PORTAL))
    assert offers(made.handle(caller("a", 1), 10)) == []
    assert offers(made.handle(caller("b", 2, PORTAL), 11)) == [("b", "101")]


def test_caller_keeps_place_when_operator_does_not_answer() -> None:
    made = router(operator("101"), ring_s=15)
    made.handle(caller("first", 1_000), 1_000)
    made.handle(caller("second", 2_000), 2_000)
    back = caller("first", 1_000, offers=1, returned_from=OperatorId("101"), outcome=Outcome.MISSED)
    commands = made.handle(back, 16_100)
    assert [w.call for w in made.waiting()] == ["first", "second"]
    assert of(KeepDuty, commands) == [KeepDuty(OperatorId("101"), ready=False, reason="missed-call")]
    assert made.operators[OperatorId("101")].state(16_100) == (State.PAUSED, "missed-call")


def test_caller_is_offered_to_the_next_operator_at_once() -> None:
    made = router()
    made.handle(caller("a", 1_000), 1_000)
    back = caller("a", 1_000, offers=1, returned_from=OperatorId("101"), outcome=Outcome.MISSED)
    assert offers(made.handle(back, 16_500)) == [("a", "102")]


def test_refusal_rests_the_operator_and_is_not_a_pause_for_good() -> None:
    made = router(operator("101"), refusal_rest_s=10)
    made.handle(caller("a", 1_000), 1_000)
    back = caller("a", 1_000, offers=1, returned_from=OperatorId("101"), outcome=Outcome.REFUSED)
    assert offers(made.handle(back, 2_000)) == []
    assert made.operators[OperatorId("101")].state(2_000) == (State.PAUSED, "refused")
    assert offers(made.handle(Tick(), 12_000)) == [("a", "101")]


def test_no_answer_before_its_time_is_a_refusal() -> None:
    made = router(operator("101"), ring_s=15)
    made.handle(caller("a", 1_000), 1_000)
    back = caller("a", 1_000, offers=1, returned_from=OperatorId("101"), outcome=Outcome.MISSED)
    made.handle(back, 2_000)
    assert made.operators[OperatorId("101")].state(2_000) == (State.PAUSED, "refused")


def test_failing_phone_is_put_away_longer_each_time_with_an_alarm() -> None:
    made = router(operator("101"), backoff_first_s=5, backoff_last_s=12)
    now_ms, rests = 1_000, []
    made.handle(caller("a", 1_000), now_ms)
    for attempt in range(1, 5):
        back = caller("a", 1_000, offers=attempt, returned_from=OperatorId("101"), outcome=Outcome.FAILED)
        commands = made.handle(back, now_ms)
        assert [alarm.kind for alarm in of(Alarm, commands)] == ["phone-failed"]
        assert made.operators[OperatorId("101")].state(now_ms)[0] is State.UNREACHABLE
        rest_ends = made.operators[OperatorId("101")].rest_ends_ms
        assert rest_ends is not None
        rests.append((rest_ends - now_ms) / 1000)
        now_ms = rest_ends
        assert offers(made.handle(Tick(), now_ms)) == [("a", "101")]
    assert rests == [5, 10, 12, 12]


def test_operator_is_ready_at_once_when_the_caller_hangs_up_during_the_offer() -> None:
    made = router(operator("101"))
    made.handle(caller("a", 1_000), 1_000)
    made.handle(caller("b", 2_000), 2_000)
    made.handle(LegUp(OperatorId("101"), "PJSIP/op101-00000001"), 2_001)
    assert offers(made.handle(CallGone(CallId("a")), 3_000)) == []  # the phone still rings
    assert offers(made.handle(LegGone(OperatorId("101"), "PJSIP/op101-00000001"), 3_005)) == [("b", "101")]


def test_news_from_before_the_offer_changes_nothing() -> None:
    made = router()
    made.handle(caller("a", 1_000), 1_000)
    assert made.handle(caller("a", 1_000, offers=0), 1_001) == []
    assert made.calls[CallId("a")].offered_to == "101"


def test_wrap_up_is_exact_and_ready_ends_it() -> None:
    made = router(operator("101"), wrap_up_s=5)
    made.handle(caller("a", 1), 1)
    talk(made, "a", "101", 2)
    end_talk(made, "101", 10_000)
    made.handle(caller("b", 10_500), 10_500)
    assert made.operators[OperatorId("101")].state(14_999)[0] is State.WRAP_UP
    assert offers(made.handle(Tick(), 14_999)) == []
    assert offers(made.handle(Tick(), 15_000)) == [("b", "101")]
    talk(made, "b", "101", 15_001)
    end_talk(made, "101", 20_000)
    made.handle(caller("c", 20_500), 20_500)
    assert offers(made.handle(DutyChanged(OperatorId("101"), True), 20_600)) == [("c", "101")]


def test_a_group_has_a_wrap_up_of_its_own_and_it_is_of_the_group_that_was_talked_in() -> None:
    rules = Rules(wrap_up_s=5, wrap_ups_s={PORTAL: 60, STATE: 0})
    made = Router([operator("101", STATE, PORTAL)], rules)
    one = made.operators[OperatorId("101")]
    made.handle(Reachability(one.id, True), 0)
    made.handle(DutyChanged(one.id, True), 0)
    made.handle(caller("a", 1, PORTAL), 1)
    talk(made, "a", "101", 2)
    end_talk(made, "101", 10_000)
    assert one.state(69_999)[0] is State.WRAP_UP
    assert one.state(70_000)[0] is State.READY
    made.handle(Tick(), 70_000)
    made.handle(caller("b", 70_001, STATE), 70_001)
    talk(made, "b", "101", 70_002)
    end_talk(made, "101", 80_000)
    assert one.state(80_000)[0] is State.READY  # nothing to write after these
    made.handle(OperatorAnswered(one.id, CallId("c"), PORTAL), 80_001)  # found talking after a restart
    end_talk(made, "101", 80_001)
    made.handle(LegUp(one.id, "PJSIP/op101-00000009"), 80_002)
    end_talk(made, "101", 90_000)
    assert one.wrap_up_ends_ms == 150_000


def test_ring_in_use_never_happens() -> None:
    made = router(operator("101"))
    made.handle(LegUp(OperatorId("101"), "PJSIP/op101-0000000a"), 5)  # dialling a feature code
    assert offers(made.handle(caller("a", 1), 10)) == []
    assert offers(made.handle(LegGone(OperatorId("101"), "PJSIP/op101-0000000a"), 20)) == [("a", "101")]


def test_two_callers_and_one_operator_exactly_one_gets_through() -> None:
    made = router(operator("101"))
    assert offers(made.handle(caller("a", 1), 1) + made.handle(caller("b", 2), 2)) == [("a", "101")]


def test_transferred_caller_is_back_in_line_with_the_waited_time() -> None:
    made = router(operator("101"), operator("102", PORTAL), ready=True)
    made.handle(caller("a", 1_000), 1_000)
    talk(made, "a", "101", 2_000)
    made.handle(DutyChanged(OperatorId("102"), False, "break"), 3_000)
    made.handle(caller("other", 50_000, PORTAL), 50_000)
    made.handle(caller("a", 49_000, PORTAL, offers=1), 60_000)  # waited 1 s before the talk of 10 s
    assert made.operators[OperatorId("101")].state(60_000)[0] is State.WRAP_UP
    assert offers(made.handle(DutyChanged(OperatorId("102"), True), 61_000)) == [("a", "102")]


def test_caller_transferred_by_name_goes_to_that_operator_though_another_is_idle_longer() -> None:
    made = router(operator("101"), operator("102"))
    assert offers(made.handle(caller("a", 1_000, wanted=OperatorId("102")), 1_000)) == [("a", "102")]
    again = made.handle(caller("a", 1_000, offers=1, returned_from=OperatorId("102"), outcome=Outcome.REFUSED), 2_000)
    assert offers(again) == [("a", "101")]


def test_caller_transferred_by_name_to_one_who_is_busy_or_unknown_goes_to_the_group() -> None:
    made = router(operator("101"), operator("102"))
    made.handle(DutyChanged(OperatorId("102"), False, "break"), 500)
    assert offers(made.handle(caller("a", 1_000, wanted=OperatorId("102")), 1_000)) == [("a", "101")]
    assert offers(made.handle(caller("b", 2_000, wanted=OperatorId("999")), 2_000)) == []
    assert offers(made.handle(DutyChanged(OperatorId("102"), True), 3_000)) == [("b", "102")]


def test_consulted_colleague_has_the_call_and_who_consulted_rests() -> None:
    made = router(operator("101"), operator("102", PORTAL))
    made.handle(caller("a", 1_000), 1_000)
    talk(made, "a", "101", 2_000)
    made.handle(caller("asked", 1_500, PORTAL), 3_000)
    talk(made, "asked", "102", 4_000)
    joined = made.handle(TalkJoined(CallId("a"), OperatorId("102")), 5_000)
    assert made.operators[OperatorId("101")].state(5_001)[0] is State.WRAP_UP
    assert made.operators[OperatorId("102")].state(5_001) == (State.TALKING, "a")
    assert of(Resync, joined) == []
    end_talk(made, "102", 6_000)
    assert made.operators[OperatorId("102")].state(6_001)[0] is State.WRAP_UP


def test_consultation_that_rings_is_over_when_the_caller_takes_its_place() -> None:
    made = router(operator("101"), operator("102", PORTAL))
    made.handle(caller("a", 1_000), 1_000)
    talk(made, "a", "101", 2_000)
    assert offers(made.handle(caller("asked", 1_500, PORTAL), 3_000)) == [("asked", "102")]
    left = made.handle(TalkLeft(CallId("a"), "PJSIP/carrier-a", CallId("asked")), 4_000)
    assert of(MoveOn, left) == [MoveOn(CallId("a"), "PJSIP/carrier-a")]
    assert made.operators[OperatorId("101")].state(4_001)[0] is State.WRAP_UP
    assert offers(made.handle(caller("a", 1_000, PORTAL, offers=1), 5_000)) == [("a", "102")]


def test_offer_without_an_outcome_asks_asterisk_for_the_truth() -> None:
    made = router(operator("101"), ring_s=15)
    made.handle(caller("a", 1_000), 1_000)
    assert of(Resync, made.handle(Tick(), 20_999)) == []
    assert len(of(Resync, made.handle(Tick(), 21_000))) == 1


def test_places_are_announced_per_group_and_again_later() -> None:
    made = router(operator("101"), ready=False, announce_first_s=10, announce_every_s=30)
    made.handle(caller("a", 1, PORTAL), 1_000)
    made.handle(caller("b", 2), 1_000)
    made.handle(caller("c", 3), 1_000)
    assert made.next_wake_ms() == 11_000
    said = of(Announce, made.handle(Tick(), 11_000))
    assert [(a.call, a.place) for a in said] == [("a", 1), ("b", 1), ("c", 2)]
    assert of(Announce, made.handle(Tick(), 40_999)) == []
    assert len(of(Announce, made.handle(Tick(), 41_000))) == 3


def test_unreachable_operator_is_not_rung_and_returns_by_registering() -> None:
    made = router(operator("101"))
    made.handle(Reachability(OperatorId("101"), False), 5)
    assert offers(made.handle(caller("a", 1), 10)) == []
    assert offers(made.handle(Reachability(OperatorId("101"), True), 20)) == [("a", "101")]


def test_offer_of_the_safety_net_is_respected_and_its_caller_taken_back() -> None:
    made = router(operator("101"), operator("102"), ready=False)
    restored: list[Event] = [
        Reachability(OperatorId("101"), True), DutyChanged(OperatorId("101"), True),
        Reachability(OperatorId("102"), True), DutyChanged(OperatorId("102"), True),
        LegUp(OperatorId("101"), "PJSIP/op101-00000001"), caller("a", 1, offers=1),
        OperatorRung(OperatorId("101"), CallId("a")),
    ]  # fmt: skip
    assert offers(made.restore(restored, 100)) == []
    commands = made.handle(LegGone(OperatorId("101"), "PJSIP/op101-00000001"), 200)
    assert of(Reclaim, commands) == [Reclaim(CallId("a"), "PJSIP/carrier-a")]
    assert offers(made.handle(caller("a", 1, offers=1), 210)) == [("a", "102")]


def test_rebuilt_truth_is_taken_whole_before_anybody_is_offered() -> None:
    made = router(operator("101"), ready=False)
    restored: list[Event] = [
        Reachability(OperatorId("101"), True), DutyChanged(OperatorId("101"), True),
        caller("young", 2_000), caller("old", 1_000),
    ]  # fmt: skip
    assert offers(made.restore(restored, 3_000)) == [("old", "101")]


def test_a_rank_that_is_no_instant_of_these_years_goes_before_nobody() -> None:
    now_ms = 1_795_000_000_000
    router = Router([Operator(OperatorId("101"), frozenset({STATE}), frozenset({"kk"}))], Rules())
    for event in (caller("waits", now_ms - 5_000), caller("strange", 1), caller("late", now_ms + 3_600_000)):
        commands = router.handle(event, now_ms)
        strange = event.call != "waits"
        assert [command.kind for command in commands if isinstance(command, Alarm)] == ["rank-refused"] * strange
    assert next(iter(router.waiting())).call == "waits"


def test_a_talk_ends_with_the_last_of_the_phones_channels() -> None:
    made = router(operator("101"), wrap_up_s=0)
    made.handle(caller("a", 100), 1_000)
    talk(made, "a", "101", 2_000)
    made.handle(LegUp(OperatorId("101"), "PJSIP/op101-consult"), 3_000)
    made.handle(caller("b", 200), 3_500)
    assert offers(made.handle(LegGone(OperatorId("101"), "PJSIP/op101-consult"), 4_000)) == []
    one = made.operators[OperatorId("101")]
    assert (one.call, one.talking, one.state(4_000)[0]) == ("a", True, State.TALKING)
    assert offers(end_talk(made, "101", 5_000)) == [("b", "101")]
    assert one.idle_since_ms == 5_000


def test_a_phone_that_is_away_still_comes_back_with_its_rest_and_one_that_was_away_without() -> None:
    made = router(operator("101"))
    one = made.operators[OperatorId("101")]
    one.failures, one.rest_ends_ms = 2, 60_000
    made.handle(Reachability(one.id, True), 1_000)
    assert (one.failures, one.rest_ends_ms) == (2, 60_000), "it was there all the time"
    made.handle(Reachability(one.id, False, "no SRTP"), 1_500)
    made.handle(Reachability(one.id, False), 2_000)
    assert (one.failures, one.rest_ends_ms, one.away_reason) == (2, 60_000, "no SRTP")
    made.handle(Reachability(one.id, True), 3_000)
    assert (one.failures, one.rest_ends_ms, one.away_reason) == (0, None, "")


def test_asterisk_is_asked_when_an_operator_has_another_call_than_ours_and_not_when_it_is_ours() -> None:
    made = router(operator("101"))
    made.handle(caller("a", 100), 1_000)
    ours = made.handle(OperatorAnswered(OperatorId("101"), CallId("a")), 2_000)
    assert of(Resync, ours) == []
    other = made.handle(OperatorAnswered(OperatorId("101"), CallId("b")), 3_000)
    assert of(Resync, other) == [Resync("operator 101 has another call than ours")]
    assert made.operators[OperatorId("101")].call == "b"


def test_of_two_who_are_said_to_have_one_call_the_last_has_it() -> None:
    made = router()
    made.handle(caller("a", 100), 1_000)
    holder = next(one for one in made.operators.values() if one.call == "a")
    other = next(one for one in made.operators.values() if one is not holder)
    made.handle(OperatorRung(other.id, CallId("a"), by_net=True), 2_000)
    assert (holder.call, other.call) == (None, "a")
    assert of(Resync, made.handle(OperatorRung(other.id, CallId("a"), by_net=True), 2_100)) == []


def test_a_caller_whom_the_nets_phone_let_go_is_fetched_back_if_still_there() -> None:
    made = router(operator("101"))
    made.handle(DutyChanged(OperatorId("101"), False, "break"), 500)
    made.handle(caller("a", 100), 1_000)
    leg = "PJSIP/op101-1"
    made.handle(LegUp(OperatorId("101"), leg), 1_500)
    made.handle(OperatorRung(OperatorId("101"), CallId("a"), by_net=True), 2_000)
    assert of(Reclaim, made.handle(LegGone(OperatorId("101"), leg), 3_000)) == [Reclaim(CallId("a"), "PJSIP/carrier-a")]
    made.handle(LegUp(OperatorId("101"), leg), 3_500)
    made.handle(OperatorRung(OperatorId("101"), CallId("gone"), by_net=True), 4_000)
    assert of(Reclaim, made.handle(LegGone(OperatorId("101"), leg), 5_000)) == []
