"""The ladder of a group's standing, and when people are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.target.alarm import Notice, Warned, notices
from routing.target.control import Outlook
from routing.target.ladder import Condition, Standing, TargetRules, advance

RULES = TargetRules(stay_s=60)


def climb(pressures: list[tuple[float, float]], widths: int = 2, rules: TargetRules = RULES) -> list[int]:
    """The rungs under these pressures, each so many seconds after the one before."""
    standing, now_ms, rungs = Standing(), 0, []
    for after_s, pressure in pressures:
        now_ms += round(after_s * 1000)
        standing = advance(standing, pressure, widths, now_ms, rules)
        rungs.append(standing.rung)
    return rungs


def test_in_danger_at_once_then_wider_step_by_step_and_back_in_reverse() -> None:
    up = [(10, 0.5), (10, 0.95), (30, 0.95), (30, 0.95), (59, 0.95), (1, 0.95), (60, 0.95)]
    down = [(10, 0.8), (600, 0.71), (10, 0.7), (59, 0.1), (1, 0.1), (60, 0.1), (60, 0.1)]
    assert climb(up) == [0, 1, 1, 2, 2, 3, 3]
    assert climb(up + down)[len(up) :] == [3, 3, 2, 2, 1, 0, 0]


def test_the_rules_of_the_target_are_these_where_nothing_else_is_configured() -> None:
    rules = TargetRules()
    assert (rules.danger, rules.calm, rules.stay_s, rules.settle_calls) == (0.9, 0.7, 60, 5)
    assert (rules.ahead_s, rules.recent_s, rules.remind_s, rules.mend_within_s) == (1800, 1800, 1800, 7200)


def test_a_standing_that_never_moved_has_lasted_and_another_needs_its_time() -> None:
    assert Standing().has_lasted(0, RULES)
    assert [Standing(1, 1000).has_lasted(now_ms, RULES) for now_ms in (1000, 60_999, 61_000)] == [False, False, True]


def test_without_anybody_to_lend_a_group_stays_in_danger() -> None:
    assert climb([(10, 2.0), (100, 2.0), (100, 2.0)], widths=0) == [1, 1, 1]
    assert [Standing(rung).condition for rung in range(4)] == [
        Condition.CALM, Condition.DANGER, Condition.WIDENED, Condition.WIDENED,
    ]  # fmt: skip


looks = st.lists(st.tuples(st.floats(0.1, 200), st.floats(0, 3)), max_size=60)


@given(looks, st.integers(0, 3), st.floats(0, 120))
def test_hysteresis_never_flaps(happens: list[tuple[float, float]], widths: int, stay_s: float) -> None:
    rules = TargetRules(stay_s=stay_s)
    standing, now_ms = Standing(), 0
    for after_s, pressure in happens:
        now_ms += round(after_s * 1000)
        before, standing = standing, advance(standing, pressure, widths, now_ms, rules)
        assert standing == advance(before, pressure, widths, now_ms, rules), "deterministic"
        assert 0 <= standing.rung <= widths + 1
        assert abs(standing.rung - before.rung) <= 1
        if standing.rung != before.rung and before.since_ms is not None and before.rung > 0:
            assert now_ms - before.since_ms >= stay_s * 1000
        if standing.rung > before.rung:
            assert pressure >= rules.danger
        if standing.rung < before.rung:
            assert pressure <= rules.calm


def outlook(missed: bool, projected_s: float) -> Outlook:
    return Outlook(30.0, 100, 0, 3, 34.2, projected_s, 1.2, missed, 3 if missed else None, 0)


def test_people_are_told_once_it_lasts_again_later_and_when_it_is_over() -> None:
    rules = TargetRules(stay_s=60, remind_s=900)
    warned: dict[str, Warned] = {}
    told: list[tuple[int, bool]] = []
    looked = [
        (0, True, 38.0), (10, False, 29.0), (20, True, 38.0), (70, True, 38.0), (80, True, 38.0), (90, False, 20.0),
        (980, True, 38.0), (1800, False, 29.0), (1900, False, 29.0), (1910, False, 26.0), (1920, False, 26.0),
    ]  # fmt: skip
    for at_s, missed, projected_s in looked:
        found = outlook(missed, projected_s)
        warned, said = notices(warned, {"portal": found}, at_s * 1000, rules)
        told += [(at_s, notice.missed) for notice in said]
        assert all(notice == Notice("portal", notice.missed, found) for notice in said)
    assert told == [(80, True), (980, True), (1910, False)]
