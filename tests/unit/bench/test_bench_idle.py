"""What counts as an operator left idle beside a caller, journal by journal."""

from __future__ import annotations

from bench.idle import Beside, idle_beside_waiting
from calls.journal import Fact
from calls.journal_lines import format_line

STAFF = {"101": ("state", "portal"), "102": ("ict",)}


def queued(at_ms: int, call: str = "c1", group: str = "state", via: str = "menu") -> bytes:
    return format_line(Fact.QUEUED, at_ms, {"seq": 1, "group": group, "queued_ms": at_ms, "via": via}, call)


def offered(at_ms: int, call: str = "c1", operator: str = "101", via: str = "router") -> bytes:
    return format_line(Fact.OFFERED, at_ms, {"seq": 1, "offer": 1, "operator": operator, "via": via}, call)


def offer_ended(at_ms: int, call: str = "c1", operator: str = "101") -> bytes:
    return format_line(Fact.OFFER_ENDED, at_ms, {"seq": 1, "operator": operator, "status": "NOANSWER"}, call)


def shown(at_ms: int, state: str, reason: str = "", operator: str = "101") -> bytes:
    values: dict[str, str | int] = {"operator": operator, "state": state, "reason": reason, "at_ms": at_ms}
    return format_line(Fact.PRESENCE, at_ms + 1, values)


def hangup(at_ms: int, channel: str, uniqueid: str, call: str) -> bytes:
    return f"HANGUP,{at_ms / 1000:.3f},{channel},{uniqueid},{call},,\n".encode()


def phone_gone(at_ms: int, call: str, operator: str = "101") -> bytes:
    return hangup(at_ms, f"PJSIP/op{operator}-00000001", f"leg-{call}", call)


def caller_gone(at_ms: int, call: str = "c1") -> bytes:
    return hangup(at_ms, "PJSIP/carrier-00000001", call, call)


def test_an_operator_ready_beside_a_caller_for_longer_than_an_offer_takes() -> None:
    lines = [shown(1_000, "ready"), queued(5_000), shown(5_150, "offered", "c1"), offered(5_155)]

    assert idle_beside_waiting(lines, STAFF) == [Beside("c1", "101", 5_000, 5_150)]
    assert idle_beside_waiting(lines, STAFF, longest_ms=150) == []


def test_an_offer_at_once_is_none() -> None:
    lines = [shown(1_000, "ready"), queued(5_000), shown(5_003, "offered", "c1"), offered(5_006)]

    assert idle_beside_waiting(lines, STAFF) == []


def test_only_who_serves_the_group_counts() -> None:
    lines = [shown(1_000, "ready", operator="102"), shown(1_000, "ready", operator="999"), queued(5_000)]
    end = [caller_gone(9_000)]

    assert idle_beside_waiting(lines + end, STAFF) == []
    assert idle_beside_waiting([*lines, queued(6_000, "c2", "ict"), *end], STAFF) == [Beside("c2", "102", 6_000, 9_000)]


def test_the_journals_may_come_in_any_order() -> None:
    lines = [offered(5_155), queued(5_000), shown(5_150, "offered", "c1"), shown(1_000, "ready")]

    assert idle_beside_waiting(lines, STAFF) == [Beside("c1", "101", 5_000, 5_150)]


def test_a_paused_operator_or_one_who_wraps_up_is_not_idle() -> None:
    for state in ("paused", "wrap-up", "unreachable"):
        lines = [shown(1_000, "ready"), shown(2_000, state), queued(5_000), caller_gone(9_000)]

        assert idle_beside_waiting(lines, STAFF) == []


def test_a_controller_late_to_learn_of_a_talks_end_is_found_out() -> None:
    talk = [shown(1_000, "talking", "c0"), queued(2_000), phone_gone(4_000, "c0")]
    ready = [*talk, shown(4_400, "ready"), shown(4_401, "offered", "c1"), offered(4_405)]
    at_once = [*talk, shown(4_400, "offered", "c1"), offered(4_405)]

    assert idle_beside_waiting(ready, STAFF) == [Beside("c1", "101", 4_000, 4_401)]
    assert idle_beside_waiting(at_once, STAFF) == [Beside("c1", "101", 4_000, 4_400)]


def test_a_wrap_up_or_a_pause_after_the_talk_is_no_idleness() -> None:
    talk = [shown(1_000, "talking", "c0"), queued(2_000), phone_gone(4_000, "c0")]
    for state in ("wrap-up", "paused", "unreachable"):
        lines = [*talk, shown(4_300, state), shown(9_000, "ready"), shown(9_002, "offered", "c1"), offered(9_005)]

        assert idle_beside_waiting(lines, STAFF) == []


def test_an_older_leg_that_ends_late_says_nothing_about_the_next_offer() -> None:
    lines = [
        queued(1_000),
        queued(1_100, "c2"),
        shown(2_000, "offered", "c1"),
        offered(2_003),
        phone_gone(2_001, "c0"),
        shown(9_000, "talking", "c1"),
        caller_gone(9_500, "c2"),
    ]

    assert idle_beside_waiting(lines, STAFF) == []


def test_who_comes_back_from_an_offer_waits_again() -> None:
    lines = [
        queued(1_000),
        shown(1_002, "offered", "c1"),
        offered(1_004),
        offer_ended(16_000),
        shown(16_001, "paused", "no answer"),
        shown(20_000, "ready"),
        caller_gone(21_000),
    ]

    assert idle_beside_waiting(lines, STAFF) == [Beside("c1", "101", 20_000, 21_000)]


def test_a_transferred_caller_waits_when_the_notice_has_been_played() -> None:
    lines = [
        shown(1_000, "ready"),
        queued(5_000, via="transfer"),
        format_line(Fact.NOTICE, 8_000, {"seq": 2, "language": "kk"}, "c1"),
        shown(8_004, "offered", "c1"),
        offered(8_006),
    ]

    assert idle_beside_waiting(lines, STAFF) == []


def test_callers_in_the_safety_net_are_not_ours() -> None:
    into_net = [shown(1_000, "ready"), queued(5_000, via="net"), offered(5_001, operator="", via="net")]

    assert idle_beside_waiting([*into_net, caller_gone(9_000)], STAFF) == []


def test_the_end_of_the_journal_ends_what_still_goes_on() -> None:
    lines = [shown(1_000, "ready"), queued(5_000), queued(7_000, "c2", "ict")]

    assert idle_beside_waiting(lines, STAFF) == [Beside("c1", "101", 5_000, 7_000)]
    assert idle_beside_waiting([], STAFF) == []
    assert idle_beside_waiting([b"torn li", b""], STAFF) == []
