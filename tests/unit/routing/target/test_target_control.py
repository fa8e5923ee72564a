"""Target control: the projection against hand-reckoned sums and queueing theory, and who may be lent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import GroupId, OperatorId
from routing.erlang import erlang_a
from routing.loans import Width
from routing.skills import Step
from routing.target.control import Control, control
from routing.target.day import DaySoFar, GroupSoFar, OnDuty
from routing.target.ladder import Condition, Standing, TargetRules
from routing.target.lending import Reserves, away_from
from routing.target.projection import in_the_end, missing, rest_of, settled, so_far_s, staff_of

STATE, PORTAL, ICT = GroupId("state-services"), GroupId("portal"), GroupId("ict")
GROUPS = (STATE, PORTAL, ICT)
HOUR_S = 3600.0
RULES = TargetRules(settle_calls=0)


def operators(*groups: GroupId, count: int = 10, first: int = 100, level: int = 1) -> tuple[OnDuty, ...]:
    known = dict.fromkeys(groups, level)
    return tuple(OnDuty(OperatorId(str(first + n)), known, frozenset({"kk"})) for n in range(count))


def day(
    groups: dict[GroupId, GroupSoFar], *staff: tuple[OnDuty, ...], now_ms: int = 0, rest_s: float = HOUR_S
) -> DaySoFar:
    return DaySoFar(now_ms, groups, tuple(one for some in staff for one in some), rest_s, 1800.0)


def quiet(**more: object) -> GroupSoFar:
    return GroupSoFar(30.0, 100, 1000.0, before_s=0.0, **more)  # type: ignore[arg-type]


SURGE = GroupSoFar(30.0, 100, 3300.0, recent=90, waiting_s=(40.0, 20.0), before_s=10.0)


def test_projection_is_the_sum_of_what_was_what_waits_and_what_comes() -> None:
    looked = day({STATE: SURGE}, operators(STATE, count=12))
    rest = rest_of(STATE, looked, staff_of(looked, {}))
    line = erlang_a(12, 90 / 1800 * 240, 240, 600)
    assert rest.wait_s == pytest.approx(line.asa_s)
    coming = 180 * (1 - line.abandoned)
    waited_s = 3300 + 60 + 3 * 240 / 12 + coming * (line.asa_s + 10)
    assert in_the_end(SURGE, looked, rest).mean_s == pytest.approx(waited_s / (102 + coming))
    soon = in_the_end(SURGE, looked, rest, 0.0).mean_s
    assert soon == pytest.approx((3300 + 60 + 3 * 20) / 102)


def test_shared_operators_are_split_as_the_loads_and_pooled_by_half() -> None:
    facts = {STATE: GroupSoFar(recent=60, target_s=30), PORTAL: GroupSoFar(recent=20, target_s=30)}
    looked = day(facts, operators(STATE, PORTAL, count=16))
    own, pool = erlang_a(12, 60 / 1800 * 240, 240, 600), erlang_a(16, 80 / 1800 * 240, 240, 600)
    assert rest_of(STATE, looked, staff_of(looked, {})).wait_s == pytest.approx((own.asa_s + pool.asa_s) / 2)


def test_nobody_on_duty_has_no_end_but_only_when_calls_come() -> None:
    facts = {STATE: quiet(recent=5), PORTAL: quiet(), ICT: GroupSoFar(30.0)}
    looked = day(facts)
    ends = {group: in_the_end(looked.groups[group], looked, rest_of(group, looked, {})).mean_s for group in GROUPS}
    assert ends[STATE] is not None and math.isinf(ends[STATE])
    assert (ends[PORTAL], ends[ICT]) == (10.0, None)


def test_who_waits_for_longer_than_the_average_counts_already() -> None:
    assert so_far_s(quiet(waiting_s=(5.0, 120.0))) == pytest.approx((1000 + 120) / 101)
    assert so_far_s(GroupSoFar(30.0)) is None
    assert settled(GroupSoFar(30.0, 1, 60.0), 5).asa_s == pytest.approx((60 + 75) / 6)


def test_missing_is_the_fewest_that_mend_it() -> None:
    looked = day({STATE: SURGE}, operators(STATE, count=12))
    staff = staff_of(looked, {})
    needed = missing(STATE, looked, staff, HOUR_S)
    assert needed is not None and needed > 1

    def end_s(more: int) -> float:
        return in_the_end(SURGE, looked, rest_of(STATE, looked, staff, more), HOUR_S).mean_s or 0.0

    assert end_s(needed) <= 30 < end_s(needed - 1)


def test_the_outlook_tells_how_many_are_missing_and_until_when() -> None:
    """Over its target already: within two hours; only in the end: for the rest of the day. The total adds them up."""
    over = GroupSoFar(30.0, 100, 3300.0, recent=90, before_s=10.0)
    rising = GroupSoFar(30.0, 100, 1000.0, recent=90, before_s=10.0)
    rest_s = 3 * HOUR_S
    facts = {STATE: over, PORTAL: rising, ICT: GroupSoFar(30.0)}
    staff = (operators(STATE, count=10), operators(PORTAL, count=10, first=200), operators(ICT, first=300))
    looked = day(facts, *staff, now_ms=1_000, rest_s=rest_s)
    decided = control(Control(), looked, Reserves({}), RULES)
    known = staff_of(looked, {})
    assert decided.outlooks[STATE].until_ms == 1_000 + 2 * 3_600_000
    assert decided.outlooks[STATE].missing == missing(STATE, looked, known, 2 * HOUR_S)
    assert decided.outlooks[PORTAL].until_ms == 1_000 + 3 * 3_600_000
    assert decided.outlooks[PORTAL].missing == missing(PORTAL, looked, known, rest_s)
    assert (decided.outlooks[ICT].missing, decided.outlooks[ICT].until_ms) == (None, 0)
    needed = [decided.outlooks[group].missing or 0 for group in (STATE, PORTAL)]
    assert all(needed)
    assert decided.total is not None and decided.total.missed
    assert (decided.total.missing, decided.total.until_ms) == (sum(needed), 1_000 + 3 * 3_600_000)
    assert decided.total.pressure == max(one.pressure for one in decided.outlooks.values())
    assert (decided.total.answered, decided.total.asa_s, decided.total.target_s) == (200, 21.5, 30.0)
    short = control(Control(), day(facts, *staff, rest_s=HOUR_S), Reserves({}), RULES)
    assert short.outlooks[STATE].until_ms == 3_600_000, "no longer than the day"


def test_where_nothing_is_missed_or_nobody_can_mend_it_nobody_is_missing() -> None:
    calm = control(Control(), day({STATE: quiet(recent=5)}, operators(STATE)), Reserves({}), RULES)
    assert calm.total is not None and not calm.total.missed
    assert (calm.total.missing, calm.total.until_ms, calm.outlooks[STATE].missing) == (None, 0, None)
    slow = GroupSoFar(30.0, 100, 4000.0, recent=50, before_s=40.0)
    lost = control(Control(), day({STATE: slow}, operators(STATE)), Reserves({}), RULES)
    assert lost.total is not None and lost.total.missed
    assert (lost.outlooks[STATE].missing, lost.total.missing, lost.total.until_ms) == (None, None, 0)
    nothing = control(Control(), day({}), Reserves({}), RULES).total
    assert nothing is not None
    assert (nothing.answered, nothing.pressure, nothing.missed, nothing.asa_s) == (0, 0.0, False, None)


def test_the_total_is_judged_by_the_laws_thirty_seconds_whatever_the_groups_targets() -> None:
    relaxed = GroupSoFar(90.0, 10, 600.0, waiting_s=(7.0,), abandoned=3)
    decided = control(Control(), day({STATE: relaxed, PORTAL: relaxed}, operators(STATE)), Reserves({}), RULES)
    total = decided.total
    assert total is not None
    assert (total.target_s, total.answered, total.abandoned, total.waiting) == (30.0, 20, 6, 2)
    assert total.missed and not decided.outlooks[STATE].missed


def test_a_menu_longer_than_the_target_is_mended_by_nobody() -> None:
    slow = GroupSoFar(30.0, 100, 4000.0, recent=50, before_s=40.0)
    looked = day({STATE: slow}, operators(STATE))
    assert missing(STATE, looked, staff_of(looked, {}), HOUR_S) is None


def look_on(reserves: Reserves, *days: DaySoFar, rules: TargetRules = RULES) -> list[Control]:
    decided = [Control()]
    for one in days:
        decided.append(control(decided[-1], one, reserves, rules))
    return decided[1:]


def later(looked: DaySoFar, seconds: float, **groups: GroupSoFar) -> DaySoFar:
    named = {GroupId(name): facts for name, facts in groups.items()}
    now_ms = looked.now_ms + round(seconds * 1000)
    return DaySoFar(now_ms, {**looked.groups, **named}, looked.operators, looked.rest_s, looked.recent_s)


HELPERS = Reserves({STATE: [OperatorId("200"), OperatorId("201"), OperatorId("202")]})
BEGUN = day({STATE: SURGE, PORTAL: quiet(recent=52)}, operators(STATE), operators(PORTAL, first=200))


def test_a_group_in_danger_gets_helpers_and_the_figures_tell_it() -> None:
    first, second = look_on(HELPERS, BEGUN, later(BEGUN, 60))
    assert (first.standings[STATE].condition, first.lent) == (Condition.DANGER, {})
    assert second.standings[STATE].condition is Condition.WIDENED
    assert second.widths == {STATE: Width.HELPERS}
    assert second.helpers(STATE) == ["200", "201"], "the group lends no more than it can miss"
    outlook = second.outlooks[STATE]
    assert outlook.missed and outlook.missing and outlook.asa_s == 33
    assert outlook.projected_s is not None and first.outlooks[STATE].projected_s is not None
    assert outlook.projected_s < first.outlooks[STATE].projected_s, "helpers shorten it"
    assert outlook.pressure == first.outlooks[STATE].pressure, "but the danger is that without them"
    assert second.total is not None and second.total.answered == 200


def test_helpers_go_at_once_when_their_own_group_comes_in_danger() -> None:
    hurt = quiet(recent=52, waiting_s=(400.0, 400.0, 400.0, 400.0, 400.0))
    decided = look_on(
        HELPERS, BEGUN, later(BEGUN, 60), later(BEGUN, 61, portal=hurt), later(BEGUN, 62), later(BEGUN, 122)
    )
    assert [len(one.lent) for one in decided] == [0, 2, 0, 0, 0]
    calm_again = look_on(HELPERS, BEGUN, later(BEGUN, 60), later(BEGUN, 61, portal=hurt), later(BEGUN, 121),
                         later(BEGUN, 180), later(BEGUN, 181))  # fmt: skip
    assert [len(one.lent) for one in calm_again] == [0, 2, 0, 0, 0, 2], "calm, and for long enough"


def test_levels_and_languages_come_before_helpers() -> None:
    steps = (Step(0, 1, any_language=False), Step(60, 3))
    weak = OnDuty(OperatorId("150"), {STATE: 3}, frozenset({"kk"}))
    mute = OnDuty(OperatorId("151"), {STATE: 1}, frozenset({"ru"}))
    reserves = Reserves(HELPERS.helpers, steps, ("kk", "ru"))
    looked = day(dict(BEGUN.groups), operators(STATE, count=8), (weak, mute), operators(PORTAL, first=200))
    decided = look_on(reserves, *(later(looked, 60 * minute) for minute in range(4)))
    lent = [one.lent for one in decided]
    assert lent[0] == {}
    assert lent[1] == {"150": {STATE: Width.LEVELS}}
    assert set(lent[2]) == {*(str(100 + n) for n in range(8)), "150", "151"}, "who speaks one language serves both"
    assert set(lent[3]) - set(lent[2]) == {"200", "201"}


facts = st.builds(
    lambda answered, mean_s, recent, waits: GroupSoFar(
        30.0, answered, answered * mean_s, recent=recent, waiting_s=tuple(waits)
    ),
    st.integers(0, 300), st.floats(0, 60), st.integers(0, 120), st.lists(st.floats(0, 300), max_size=5),
)  # fmt: skip
people = st.lists(
    st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 5), min_size=1, max_size=2), min_size=1, max_size=8
)
moments = st.lists(
    st.tuples(st.floats(1, 120), st.fixed_dictionaries(dict.fromkeys(GROUPS, facts))), min_size=1, max_size=12
)


@given(people, moments, st.lists(st.integers(0, 7), max_size=4))
def test_no_group_in_danger_lends_and_the_same_day_is_decided_the_same(
    known: list[dict[GroupId, int]], happens: list[tuple[float, dict[GroupId, GroupSoFar]]], named: list[int]
) -> None:
    staff = tuple(OnDuty(OperatorId(str(100 + n)), levels, frozenset({"kk"})) for n, levels in enumerate(known))
    helpers = {group: [OperatorId(str(100 + n)) for n in named] for group in GROUPS}
    reserves = Reserves(helpers, (Step(0, 2, any_language=False), Step(30)), ("kk", "ru"))
    decided, now_ms, recalled_ms = Control(), 0, dict.fromkeys(GROUPS, -(10**9))
    for after_s, groups in happens:
        now_ms += round(after_s * 1000)
        looked = DaySoFar(now_ms, groups, staff, HOUR_S, 1800.0)
        before, decided = decided, control(decided, looked, reserves, RULES)
        assert decided == control(before, looked, reserves, RULES)
        lending = away_from(looked, decided.lent)
        for group in GROUPS:
            standing = decided.standings[group]
            assert not (lending[group] and standing.rung > 0), "a group that is not calm lends nobody"
            assert not (lending[group] and decided.outlooks[group].pressure >= RULES.danger)
            if standing.rung > 0:
                recalled_ms[group] = now_ms
            elif lending[group] > away_from(looked, before.lent)[group]:
                assert now_ms - recalled_ms[group] >= RULES.stay_s * 1000 and standing.has_lasted(now_ms, RULES)
        for operator, helps in decided.lent.items():
            assert all(decided.standings[group].rung > 1 for group in helps), operator


def test_standings_of_groups_that_went_are_forgotten() -> None:
    old = Control(standings={ICT: Standing(2, 0)})
    assert ICT not in control(old, BEGUN, HELPERS, RULES).standings
