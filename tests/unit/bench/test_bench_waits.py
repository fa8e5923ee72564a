from __future__ import annotations

import pytest

from bench.waits import Served, Waited, read_waits, ring_gaps, served, set_ups
from calls.journal import Fact
from calls.journal_lines import format_line
from phones.legs import Leg


def leg(user: str, invite_at: float, answered_at: float | None, ended_at: float | None) -> Leg:
    return Leg(f"{user}-{invite_at}", user, invite_at, None, answered_at, ended_at, True, 200)


def call(queued_s: float, answered_s: float, ended_s: float) -> Served:
    return Served(queued_s, answered_s, ended_s, answered_s, "201", "7701")


def test_the_journal_tells_when_a_caller_began_to_wait_and_to_talk() -> None:
    lines = [
        format_line(Fact.ARRIVED, 1_000_000, {"arrived_ms": 1_000_000, "caller": "+77010000001"}, "hl1-1.1"),
        format_line(Fact.QUEUED, 1_007_000, {"seq": 1, "queued_ms": 1_006_900}, "hl1-1.1"),
        format_line(Fact.TALKING, 1_009_500, {"seq": 1, "operator": "201"}, "hl1-1.1"),
        format_line(Fact.QUEUED, 1_020_000, {"seq": 2, "queued_ms": 1_020_000}, "hl1-1.1"),  # transferred
        format_line(Fact.TALKING, 1_030_000, {"seq": 2, "operator": "202"}, "hl1-1.1"),
        format_line(Fact.QUEUED, 1_000_000, {"seq": 1}, "hl1-0.9"),  # arrived before the journal begins
        b'"HANGUP","1.0","PJSIP/op201-1","hl1-1.1","hl1-1.1","",""\n',
        b"torn li",
    ]

    assert read_waits(lines) == {
        "hl1-1.1": Waited("hl1-1.1", "+77010000001", 1000.0, 1006.9, 1009.5, "201"),
    }


def test_a_caller_is_joined_with_the_leg_that_was_up_when_the_talk_began() -> None:
    waits = [
        Waited("a", "7701", 0.0, 1.0, 12.0, "201"),
        Waited("b", "7702", 0.0, 1.5, 21.0, "201"),
        Waited("gave up", "7703", 0.0, 1.5),
    ]
    legs = [leg("op201", 9.9, 10.0, 20.0), leg("op202", 9.9, 10.0, 30.0), leg("op201", 20.4, 21.003, 30.0)]

    found = served(waits, legs)

    assert [(one.caller, one.answered_s) for one in found] == [("7701", 10.0), ("7702", 21.003)]
    assert found[0].wait_s == 9.0


def test_a_gap_counts_only_while_somebody_waits() -> None:
    legs = [
        leg("op201", 0.0, 0.1, 5.0),
        leg("op201", 5.25, 5.3, 9.0),
        leg("op201", 12.0, 12.1, 15.0),
        leg("op202", 0.5, 0.6, 8.0),
    ]
    queued = [0.0, 0.5, 1.0, 11.9]  # the third waits when the first talk ends, nobody when the others do

    assert ring_gaps(legs, queued) == [0.25]


def test_a_call_without_an_end_has_no_gap() -> None:
    assert ring_gaps([leg("op201", 0.0, 0.1, None), leg("op201", 9.0, 9.1, 10.0)], [0.0, 0.0, 0.0]) == []


def test_the_set_up_is_measured_where_a_phone_was_idle_and_nobody_before() -> None:
    calls = [
        call(0.0, 0.25, 10.0),
        call(1.0, 1.5, 10.0),
        call(2.0, 10.1, 12.0),
        call(3.0, 10.2, 12.0),
        call(20.0, 20.5, 30.0),
    ]

    assert set_ups(calls, operators=2) == pytest.approx([0.25, 0.5, 0.5])
