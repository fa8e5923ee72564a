"""Where a call may be transferred to, and who is there to take it."""

from __future__ import annotations

from pathlib import Path

import pytest

from calls.ids import CallId, GroupId, OperatorId
from config.load import load
from config.settings import Settings
from dispatch.destinations import destination, is_logged_in, unstaffed_numbers
from routing.presence import Operator

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "hotline.toml"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(SHIPPED, {})


def operator(number: str, *groups: str, **state: object) -> Operator:
    return Operator(OperatorId(number), frozenset(map(GroupId, groups)), frozenset({"kk"}), **state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("to", "number", "name"),
    [("portal", "62", "portal"), ("62", "62", "portal"), ("103", "7103", "103"), ("7103", "7103", "103")],
)
def test_groups_and_operators_are_known_by_name_and_number(settings: Settings, to: str, number: str, name: str) -> None:
    found = destination(settings, to)
    assert found is not None
    assert (found.number, found.name) == (number, name)


def test_anything_else_is_no_destination(settings: Settings) -> None:
    assert [destination(settings, to) for to in ("", "69", "7", "7999", "op103", "1414")] == [None] * 6


def test_who_is_ready_paused_or_talking_is_there_and_who_went_home_is_not() -> None:
    assert is_logged_in(operator("101", "ict", reachable=True, ready=True, reason=""))
    assert is_logged_in(operator("101", "ict", reachable=True, reason="lunch"))
    assert is_logged_in(operator("101", "ict", call=CallId("a"), talking=True))
    assert not is_logged_in(operator("101", "ict", reachable=True, reason="logged-out"))
    assert not is_logged_in(operator("101", "ict", ready=True, reason=""))


def test_dialplan_hears_the_numbers_of_groups_that_nobody_is_there_for(settings: Settings) -> None:
    there = operator("101", "portal", reachable=True, ready=True)
    assert unstaffed_numbers(settings, [there, operator("104", "ict")]) == "-61-63-"
    everywhere = operator("103", "portal", "ict", "state-services", reachable=True, ready=True)
    assert unstaffed_numbers(settings, [everywhere]) == "--"
