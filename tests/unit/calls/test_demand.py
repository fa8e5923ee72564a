"""A demand's way through its four hours (rule 14; promise 12)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.demand import (
    ALERTS_MS,
    BREAK_GLASS_MS,
    ESCALATE_MS,
    HOUR_MS,
    ActionRefusedError,
    Authority,
    Demand,
    DemandState,
    DemandStep,
    StepKind,
    after,
    check,
    choice_of,
    due,
    honest_now_ms,
    next_due_ms,
    odd_dates,
    state_of,
)
from calls.machine_clock import Reading

ZONE = "Asia/Almaty"
RECEIVED_MS = 1_764_000_000_000
DEMAND = Demand(
    id="D-2025-0001",
    authority=Authority.SERVICE_QUALITY,
    letter="14-2/118",
    ground="complaint",
    day="2025-11-20",
    phone="8 701 234-56-78",
    received_ms=RECEIVED_MS,
    registered_ms=RECEIVED_MS + 60_000,
    registered_by="clerk",
)


def step(
    kind: StepKind, after_ms: int = 0, actor: str = "auditor", files: tuple[str, ...] = (), detail: str = ""
) -> DemandStep:
    return DemandStep(kind, RECEIVED_MS + after_ms, actor, files, detail)


SEARCHED = step(StepKind.SEARCHED, files=("a", "b"))
SELECTED = step(StepKind.SELECTED, files=("a",))


def refused(state: DemandState, deed: DemandStep) -> str:
    with pytest.raises(ActionRefusedError) as error:
        check(state, deed)
    return str(error.value)


def test_the_straight_way_is_delivered_in_time() -> None:
    state = state_of(DEMAND, [])
    for deed in (
        SEARCHED,
        step(StepKind.LISTENED, files=("a",), detail="to know whether it is meant"),
        SELECTED,
        step(StepKind.APPROVED, actor="chief"),
        step(StepKind.PACKAGED, detail="ab" * 32),
        step(StepKind.DELIVERED, 4 * HOUR_MS, detail="courier Ahmetov"),
    ):
        check(state, deed)
        state = after(state, deed)
    assert (state.in_time, state.approved_by, state.alone) == (True, "chief", False)
    assert DEMAND.deadline_ms == RECEIVED_MS + 4 * HOUR_MS
    assert "closed" in refused(state, SELECTED)


def test_a_millisecond_too_late_is_late() -> None:
    state = state_of(DEMAND, [step(StepKind.DELIVERED, 4 * HOUR_MS + 1)])
    assert state.in_time is False
    assert state_of(DEMAND, [step(StepKind.WITHDRAWN)]).in_time is None


def test_nobody_approves_alone_before_the_fourth_hour() -> None:
    state = state_of(DEMAND, [SEARCHED])
    assert "nothing is selected" in refused(state, step(StepKind.APPROVED, actor="chief"))
    state = after(state, SELECTED)
    assert "another person" in refused(state, step(StepKind.APPROVED))
    assert "fourth hour" in refused(state, step(StepKind.BROKE_GLASS, BREAK_GLASS_MS - 1, detail="nobody is there"))
    assert "say why" in refused(state, step(StepKind.BROKE_GLASS, BREAK_GLASS_MS, detail=" "))
    glass = step(StepKind.BROKE_GLASS, BREAK_GLASS_MS, detail="nobody is there")
    check(state, glass)
    assert after(state, glass).alone


def test_another_choice_needs_another_approval_and_package() -> None:
    state = state_of(
        DEMAND, [SEARCHED, SELECTED, step(StepKind.APPROVED, actor="chief"), step(StepKind.PACKAGED, detail="ab")]
    )
    state = after(state, step(StepKind.SELECTED, files=("b",)))
    assert (state.approved_by, state.package_sha256) == ("", "")
    assert "not approved" in refused(state, step(StepKind.PACKAGED, detail="cd"))
    assert "no package" in refused(state, step(StepKind.DELIVERED, detail="courier"))


def test_nothing_found_is_an_answer_too() -> None:
    """Promise 8."""
    state = state_of(DEMAND, [step(StepKind.SEARCHED), step(StepKind.SELECTED, files=())])
    assert state.selected == ()
    check(state, step(StepKind.APPROVED, actor="chief"))


def test_only_what_was_found_can_be_heard_or_chosen() -> None:
    state = state_of(DEMAND, [SEARCHED])
    assert "c" in refused(state, step(StepKind.SELECTED, files=("a", "c")))
    assert "c" in refused(state, step(StepKind.LISTENED, files=("c",), detail="curious"))
    assert "why" in refused(state, step(StepKind.LISTENED, files=("a",)))


def test_the_hours_of_a_demand_are_these() -> None:
    """Rule 14 and promise 12, in hours after the receipt."""
    assert [mark / 3_600_000 for mark in ALERTS_MS] == [0, 1, 2, 3, 3.5, 4]
    assert (ESCALATE_MS / 3_600_000, BREAK_GLASS_MS / 3_600_000) == (2, 3)
    assert (DEMAND.deadline_ms - DEMAND.received_ms) / 3_600_000 == 4
    state = state_of(DEMAND, [])
    hour_ms = 3_600_000
    assert [deed.kind for deed in due(state, RECEIVED_MS + 2 * hour_ms - 1)] == [StepKind.ALERTED] * 2
    assert [deed.kind for deed in due(state, RECEIVED_MS + 2 * hour_ms)] == [StepKind.ALERTED] * 3 + [
        StepKind.ESCALATED
    ]


def test_what_a_deed_must_say_and_build_on_is_asked_for() -> None:
    late = BREAK_GLASS_MS
    searched = state_of(DEMAND, [SEARCHED])
    assert "nothing is selected" in refused(searched, step(StepKind.BROKE_GLASS, late, detail="nobody is there"))
    packed = state_of(
        DEMAND, [SEARCHED, SELECTED, step(StepKind.APPROVED, actor="chief"), step(StepKind.PACKAGED, detail="ab")]
    )
    for nothing in ("", "  "):
        assert "to whom" in refused(packed, step(StepKind.DELIVERED, detail=nothing))
        assert "letter" in refused(searched, step(StepKind.WITHDRAWN, detail=nothing))
    check(packed, step(StepKind.DELIVERED, detail="courier Ahmetov"))
    check(searched, step(StepKind.WITHDRAWN, detail="14-2/119"))


def test_a_choice_is_another_once_selected_or_approved_anew() -> None:
    steps = [SEARCHED, SELECTED, step(StepKind.APPROVED, actor="chief")]
    first = choice_of(steps)
    assert choice_of([*steps, step(StepKind.LISTENED), step(StepKind.PACKAGED), step(StepKind.SEARCHED)]) == first
    again = [*steps, SELECTED, step(StepKind.APPROVED, actor="chief")]
    assert state_of(DEMAND, again) == state_of(DEMAND, steps) and choice_of(again) != first
    assert choice_of([*steps, step(StepKind.BROKE_GLASS, BREAK_GLASS_MS, detail="alone")]) != first


@given(st.lists(st.integers(0, 6 * HOUR_MS), max_size=40))
def test_every_alert_is_told_once_whenever_somebody_looks(looks: list[int]) -> None:
    """Promise 12: whatever restarts lie between."""
    state, told = state_of(DEMAND, []), []
    for since_ms in sorted(looks):
        for deed in due(state, RECEIVED_MS + since_ms):
            state = after(state, deed)
            told.append((deed.kind, deed.detail))
        assert due(state, RECEIVED_MS + since_ms) == []
        expected = [(StepKind.ALERTED, str(mark)) for mark in ALERTS_MS if mark <= since_ms]
        assert sorted(one for one in told if one[0] is StepKind.ALERTED) == sorted(expected)
        assert ((StepKind.ESCALATED, "") in told) == (since_ms >= ESCALATE_MS)
    assert len(told) == len(set(told))


def test_the_next_alert_is_known_and_none_comes_after_the_end() -> None:
    state = state_of(DEMAND, [])
    assert next_due_ms(state) == RECEIVED_MS
    for deed in due(state, RECEIVED_MS):
        state = after(state, deed)
    assert next_due_ms(state) == RECEIVED_MS + HOUR_MS
    for deed in due(state, RECEIVED_MS + ESCALATE_MS - 1):
        state = after(state, deed)
    assert next_due_ms(state) == RECEIVED_MS + ESCALATE_MS
    told = after(state, step(StepKind.ALERTED, detail=str(2 * HOUR_MS)))
    assert next_due_ms(told) == RECEIVED_MS + ESCALATE_MS  # of the approval
    approved = after(after(told, SELECTED), step(StepKind.APPROVED, actor="chief"))
    assert next_due_ms(approved) == RECEIVED_MS + 3 * HOUR_MS
    escalated = after(told, step(StepKind.ESCALATED))
    assert next_due_ms(escalated) == RECEIVED_MS + 3 * HOUR_MS
    closed = after(state, step(StepKind.WITHDRAWN, detail="14-2/119"))
    assert next_due_ms(closed) is None and due(closed, RECEIVED_MS + 9 * HOUR_MS) == []


def test_a_clock_that_is_set_back_wins_no_time() -> None:
    assert honest_now_ms(Reading(100), 200, None) == 200
    assert honest_now_ms(Reading(300), 200, None) == 300
    assert honest_now_ms(Reading(100), 101 + 24 * HOUR_MS, None) == 100  # it was wrong when that was written


@given(st.lists(st.tuples(st.integers(0, HOUR_MS), st.integers(-20 * HOUR_MS, 20 * HOUR_MS)), max_size=20))
def test_while_the_machine_runs_no_setting_of_its_clock_makes_it_earlier_than_it_is(
    settings: list[tuple[int, int]],
) -> None:
    """And when the clock is right again the time is right again, whatever was written meanwhile."""
    first, true_ms, last_ms = Reading(RECEIVED_MS, "a", 5_000), RECEIVED_MS, RECEIVED_MS
    for passed_ms, wrong_ms in settings:
        true_ms += passed_ms
        now_ms = honest_now_ms(Reading(true_ms + wrong_ms, "a", 5_000 + true_ms - RECEIVED_MS), last_ms, first)
        assert now_ms == max(true_ms, true_ms + wrong_ms)
        last_ms = now_ms
    right = Reading(true_ms, "a", 5_000 + true_ms - RECEIVED_MS)
    assert honest_now_ms(right, last_ms, first) == true_ms


@pytest.mark.parametrize("typed", ["Aудитор", "АУДИТОР", "ауди\u200bтор", "\u202eаудитор", "аудитор "])
def test_who_selected_is_no_other_person_by_a_name_typed_in_another_way(typed: str) -> None:
    state = state_of(DEMAND, [SEARCHED, step(StepKind.SELECTED, actor="аудитор", files=("a",))])
    assert "another person" in refused(state, step(StepKind.APPROVED, actor=typed))
    check(state, step(StepKind.APPROVED, actor="аудиторка"))


@pytest.mark.parametrize(
    ("late_ms", "said"),
    [
        (0, ""),
        (24 * HOUR_MS, ""),
        (24 * HOUR_MS + 1, "a receipt at 2025-11-24 21:00, 24 hours ago"),
        (71 * HOUR_MS, "a receipt at 2025-11-24 21:00, 71 hours ago"),
        (366 * 24 * HOUR_MS, "a receipt at 2025-11-24 21:00, 366 days ago"),
        (-HOUR_MS, ""),  # the register refuses it
    ],
)
def test_a_letter_entered_more_than_a_day_late_looks_mistyped(late_ms: int, said: str) -> None:
    assert odd_dates(date(2025, 11, 24), RECEIVED_MS, RECEIVED_MS + late_ms, ZONE) == said


def test_a_talk_of_more_than_a_year_before_the_receipt_looks_mistyped() -> None:
    """By local days: the receipt at 21:00 in Almaty is of 24 November, and one at 01:00 of the 25th."""
    assert odd_dates(date(2024, 11, 24), RECEIVED_MS, RECEIVED_MS, ZONE) == ""
    said = odd_dates(date(2024, 11, 23), RECEIVED_MS, RECEIVED_MS, ZONE)
    assert said == "a talk of 2024-11-23, 366 days before the receipt"
    assert odd_dates(date(2000, 1, 1), RECEIVED_MS, RECEIVED_MS - 1, ZONE) == ""  # in the future: not entered at all
    past_midnight_ms = RECEIVED_MS + 4 * HOUR_MS
    assert "366 days" in odd_dates(date(2024, 11, 24), past_midnight_ms, past_midnight_ms, ZONE)
    both = odd_dates(date(2020, 11, 24), RECEIVED_MS, RECEIVED_MS + 30 * HOUR_MS, ZONE)
    assert both == "a receipt at 2025-11-24 21:00, 30 hours ago and a talk of 2020-11-24, 1826 days before the receipt"
