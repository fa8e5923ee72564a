"""A supervisor's change of skills: a delta over the configuration, merged with later ones, kept as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import GroupId
from routing.skill_overrides import SkillChange, Skilled, applied, merged, read, written

STATE, PORTAL, ICT = GroupId("state-services"), GroupId("portal"), GroupId("ict")
GROUPS = [STATE, PORTAL, ICT]
CONFIGURED = Skilled({STATE: 1, ICT: 3}, frozenset({"kk", "ru"}))


def change(
    levels: dict[GroupId, int] | None = None, *without: GroupId, speaks: str = "", not_: str = ""
) -> SkillChange:
    return SkillChange(levels, frozenset(without), frozenset(speaks.split()), frozenset(not_.split()))


changes = st.builds(
    lambda levels, without, speaks, not_: SkillChange(levels, frozenset(without - set(levels)), speaks, not_ - speaks),
    st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 5)),
    st.sets(st.sampled_from(GROUPS)),
    st.frozensets(st.sampled_from(["kk", "ru", "en"])),
    st.frozensets(st.sampled_from(["kk", "ru", "en"])),
)


def test_what_is_not_named_stays() -> None:
    after = applied(change({PORTAL: 2}, ICT, speaks="en", not_="kk"), CONFIGURED, GROUPS)
    assert after == Skilled({STATE: 1, PORTAL: 2}, frozenset({"ru", "en"}))
    assert str(after) == "portal=2 state-services=1 en/ru"


def test_group_that_the_centre_no_longer_has_is_left_out() -> None:
    assert applied(change({PORTAL: 2}), CONFIGURED, [STATE, ICT]).levels == {STATE: 1, ICT: 3}


def test_later_change_holds() -> None:
    both = merged(change({PORTAL: 2}, ICT, speaks="en"), change({ICT: 4}, PORTAL, not_="en"))
    assert both == change({ICT: 4}, PORTAL, not_="en")


def test_no_change_is_false() -> None:
    assert not SkillChange()
    assert change({}, ICT)


@given(changes, changes)
def test_merged_is_one_after_the_other(first: SkillChange, second: SkillChange) -> None:
    one_by_one = applied(second, applied(first, CONFIGURED, GROUPS), GROUPS)
    assert applied(merged(first, second), CONFIGURED, GROUPS) == one_by_one


@given(changes)
def test_kept_text_says_the_same(made: SkillChange) -> None:
    assert read(written(made)) == made


@pytest.mark.parametrize("text", ["", "portal=2", "portal=6;", "Portal=2;", "portal;", ";kk", ";+kkk", "a=1;b;c"])
def test_what_makes_no_sense_is_no_change(text: str) -> None:
    assert read(text) is None


def test_a_change_is_written_in_one_way_only() -> None:
    spoken = frozenset(f"l{number}" for number in range(9))
    whole = SkillChange({PORTAL: 2, ICT: 1}, frozenset({STATE}), spoken, frozenset(f"n{one}" for one in spoken))
    assert written(whole) == (
        "ict=1,portal=2,-state-services;+l0,+l1,+l2,+l3,+l4,+l5,+l6,+l7,+l8,"
        "-nl0,-nl1,-nl2,-nl3,-nl4,-nl5,-nl6,-nl7,-nl8"
    )
