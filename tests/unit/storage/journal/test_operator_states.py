"""Operators' states from the journal: each closes the one before, also when it is told late."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import Engine, select

from calls.journal import Entry
from calls.journal_fields import Fields
from storage.journal import operator_states
from storage.journal.operator_states import StateRow, follow, state_of
from storage.tables import operator_state

READY, TALKING, PAUSED = (
    StateRow("101", 10, "ready"),
    StateRow("101", 20, "talking"),
    StateRow("101", 30, "paused", "lunch"),
)


def test_each_state_closes_the_one_before_of_the_same_operator() -> None:
    other = StateRow("102", 15, "ready")
    rows, now, late = follow([READY, other, TALKING], {"103": PAUSED})
    assert [(row.operator_id, row.state, row.to_ms) for row in rows] == [
        ("101", "ready", 20),
        ("102", "ready", None),
        ("101", "talking", None),
    ]
    assert now == {"101": TALKING, "102": other, "103": PAUSED}
    assert late == []


@pytest.mark.parametrize("from_ms", [20, 19])
def test_what_is_not_after_the_last_one_known_is_late(from_ms: int) -> None:
    late = StateRow("101", from_ms, "paused")
    assert follow([late], {"101": TALKING}) == ([], {"101": TALKING}, [late])


@pytest.mark.parametrize("order", list(permutations((READY, TALKING, PAUSED))))
@pytest.mark.parametrize("remembered", [True, False])
def test_in_whatever_order_they_are_told_they_come_to_the_same(
    engine: Engine, order: tuple[StateRow, ...], remembered: bool
) -> None:
    last: dict[str, StateRow] = {}
    for row in (*order, order[0]):  # and one of them twice
        with engine.begin() as connection:
            last = operator_states.save(connection, [row], last if remembered else {})
    with engine.connect() as connection:
        rows = connection.execute(select(operator_state).order_by(operator_state.c.from_ms))
        assert [(row.state, row.from_ms, row.to_ms) for row in rows] == [
            ("ready", 10, 20),
            ("talking", 20, 30),
            ("paused", 30, None),
        ]
        assert operator_states.present_states(connection) == [PAUSED]
        assert operator_states.open_states(connection, ["101", "102"]) == {"101": PAUSED}
    assert last["101"] == PAUSED


def test_one_at_the_very_instant_of_another_ends_at_once_and_of_nobody_else(engine: Engine) -> None:
    other = StateRow("102", 5, "ready")
    with engine.begin() as connection:
        last = operator_states.save(connection, [other, READY, TALKING], {})
        last = operator_states.save(connection, [StateRow("101", 20, "paused")], last)
    with engine.connect() as connection:
        rows = connection.execute(select(operator_state).order_by(operator_state.c.from_ms, operator_state.c.state))
        assert [(row.operator_id, row.state, row.to_ms) for row in rows] == [
            ("102", "ready", None),
            ("101", "ready", 20),
            ("101", "paused", None),
            ("101", "talking", 20),
        ]
        assert [row.state for row in operator_states.present_states(connection)] == ["paused", "ready"]


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ({"operator": "101", "state": "ready"}, StateRow("101", 77, "ready")),
        ({"operator": "101", "state": "ready", "at_ms": "50"}, StateRow("101", 50, "ready")),
        ({"operator": "101", "state": "ready", "at_ms": "0"}, StateRow("101", 77, "ready")),
        (
            {"operator": "101", "state": "ready", "at_ms": "x", "reason": "r" * 300},
            StateRow("101", 77, "ready", "r" * 200),
        ),
        ({"operator": "1" * 70, "state": "ready"}, StateRow("1" * 64, 77, "ready")),
        ({"operator": "101"}, None),
        ({"state": "ready"}, None),
    ],
)
def test_a_state_needs_an_operator_and_its_instant_is_that_told(values: dict[str, str], row: StateRow | None) -> None:
    assert state_of(Entry("USER_DEFINED", 77, "", "", "", "presence", Fields(values))) == row
