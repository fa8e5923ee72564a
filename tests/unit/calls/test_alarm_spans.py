"""Alarms by what became of them: told again, over, or still standing."""

from __future__ import annotations

import pytest

from calls.alarms import Alarm, AlarmSpan, spans_of


def told(*alarms: str) -> list[AlarmSpan]:
    """Each as `kind detail`, one a second."""
    parts = (one.partition(" ") for one in alarms)
    return spans_of(Alarm(at_s * 1000, kind, detail) for at_s, (kind, _, detail) in enumerate(parts, 1))


def test_the_same_said_again_in_a_row_is_one_alarm_with_how_often_and_when_last() -> None:
    assert told("phone-failed 101", "phone-failed 101", "phone-failed 101") == [
        AlarmSpan("phone-failed", "101", 1000, None, False, 3, 3000)
    ]
    assert told("store-away x", "store-away x") == [AlarmSpan("store-away", "x", 1000, None, True, 2, 2000)]
    assert [(one.detail, one.times) for one in told("bug a", "bug b", "bug b", "bug a")] == [
        ("a", 1), ("b", 2), ("a", 1),
    ]  # fmt: skip
    assert [(one.kind, one.times) for one in told("bug a", "store-away a", "bug a")] == [("bug", 2), ("store-away", 1)]


def test_what_was_over_and_comes_again_is_another_alarm() -> None:
    first, second = told("store-away x", "store-caught-up", "store-away x")
    assert (first.from_ms, first.to_ms, first.open) == (1000, 2000, False)
    assert (second.from_ms, second.to_ms, second.open, second.times) == (3000, None, True, 1)


def test_an_end_is_of_its_own_kinds_that_stand_and_ends_each_of_them_once() -> None:
    spool, store, behind, moment = told(
        "spool-full a", "store-away b", "store-behind c", "bug d", "store-caught-up", "store-caught-up"
    )
    assert (spool.to_ms, moment.to_ms) == (None, None)
    assert (store.to_ms, behind.to_ms) == (5000, 5000)
    assert told("store-caught-up", "spool-writable") == []


@pytest.mark.parametrize(("over", "ended"), [("portal: 25 s", True), ("ict: 20 s", False)])
def test_a_target_is_met_by_its_own_group_alone(over: str, ended: bool) -> None:
    (missed,) = told("target-missed portal: 40 s", f"target-met {over}")
    assert missed.open is not ended
