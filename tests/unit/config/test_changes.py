"""What is other in a changed configuration, in words."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.changes import AT_A_START, AT_ASTERISKS_START, changes, differing
from config.load import load

BEFORE: dict[str, Any] = load(Path("config/hotline.toml"), {}).model_dump(mode="json")


def changed(**sections: Any) -> dict[str, Any]:
    after = deepcopy(BEFORE)
    for section, value in sections.items():
        after[section] = {**after[section], **value} if isinstance(value, dict) else value
    return after


def operator(nth: int, **other: Any) -> dict[str, Any]:
    return {**BEFORE["operators"][nth], **other}


def test_the_same_configuration_has_no_changes() -> None:
    assert changes(BEFORE, deepcopy(BEFORE)) == ()


def test_operators_who_come_go_and_serve_something_else_are_named() -> None:
    bolat = operator(0, number="105", name="Болат", groups=["ict", "portal"])
    after = changed(operators=[operator(0), operator(2, groups=["portal"], internet=True), operator(3), bolat])
    assert changes(BEFORE, after) == (
        "operator 102: gone",
        "operator 103: groups: state-services, portal → portal",
        "operator 103: internet: false → true",
        "operator 105 (Болат): new, serves ict, portal",
    )


def test_operators_in_another_order_are_told_once() -> None:
    assert changes(BEFORE, changed(operators=BEFORE["operators"][::-1])) == ("operators: in another order",)


def test_a_group_a_trunk_and_a_person_are_told_by_name() -> None:
    groups = [{**BEFORE["groups"][0], "target_s": 20.0}, *BEFORE["groups"][1:]]
    trunks = [{**BEFORE["trunks"][0], "addresses": ["192.0.2.1", "192.0.2.2"]}]
    people = [{"name": "Aliya", "roles": ["clerk"], "accounts": ["aliya"], "tokens": []}]
    assert changes(BEFORE, changed(groups=groups, trunks=trunks, people=people)) == (
        "trunk carrier: addresses: 127.0.0.1 → 192.0.2.1, 192.0.2.2",
        "group state-services: target_s: 30 → 20",
        "person Aliya: new",
    )
    assert changes(changed(people=people), BEFORE) == ("person Aliya: gone",)


def test_settings_are_told_as_they_were_and_are() -> None:
    after = changed(
        offers={"ring_s": 20.5, "pause_reasons": {"3": "lunch"}},
        sip={"tls_port": 5061},
        hotline={"languages": ["kk", "ru"]},
        menu={"choices": BEFORE["menu"]["choices"][:2]},
    )
    assert changes(BEFORE, after) == (
        "hotline.languages: kk, ru, en → kk, ru",
        "sip.tls_port: nothing → 5061",
        "menu.choices: changed",
        "offers.ring_s: 15 → 20.5",
        "offers.pause_reasons: nothing → 3 = lunch",
    )


def test_what_may_hold_a_password_or_is_long_is_not_repeated() -> None:
    after = changed(alarms={"command": "wake-me --password secret"}, speech={"override_dir": "x" * 100})
    assert changes(BEFORE, after) == ("alarms.command: changed", "speech.override_dir: changed")


def test_what_takes_a_start_is_known() -> None:
    after = changed(storage={"state_dir": "/srv/x"}, ports={"ami": 5039, "agi": 4574}, asterisk={"user": "asterisk"})
    assert differing(BEFORE, after, AT_A_START) == ("storage.state_dir", "ports.ami")
    assert differing(BEFORE, after, AT_ASTERISKS_START) == ("asterisk.user",)
    assert differing(BEFORE, BEFORE, AT_A_START) == ()


@given(st.permutations(range(4)), st.integers(0, 3), st.floats(1, 100))
def test_whatever_differs_is_told_and_nothing_else(order: list[int], gone: int, ring_s: float) -> None:
    operators = [BEFORE["operators"][nth] for nth in order if nth != gone]
    told = changes(BEFORE, changed(operators=operators, offers={"ring_s": ring_s}))
    number = BEFORE["operators"][gone]["number"]
    assert told[0] == f"operator {number}: gone"
    assert bool(told[1:]) == (ring_s != BEFORE["offers"]["ring_s"])
