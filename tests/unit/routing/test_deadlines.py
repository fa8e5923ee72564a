from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.deadlines import Deadlines


def test_earliest_first_and_each_once() -> None:
    wakes: Deadlines[str] = Deadlines()
    wakes.put("late", 30)
    wakes.put("early", 10)
    wakes.put("moved", 20)
    wakes.put("moved", 40)
    assert wakes.next_ms() == 10
    assert wakes.due(30) == ["early", "late"]
    assert wakes.due(30) == []
    assert wakes.next_ms() == 40
    wakes.put("moved", None)
    assert wakes.next_ms() is None


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 50)), max_size=300))
def test_same_as_a_table(changes: list[tuple[int, int | None]]) -> None:
    wakes: Deadlines[int] = Deadlines()
    table: dict[int, int] = {}
    for key, at_ms in changes:
        wakes.put(key, at_ms)
        table.pop(key, None)
        if at_ms is not None:
            table[key] = at_ms
        assert wakes.next_ms() == min(table.values(), default=None)
    assert wakes.due(50) == [key for _, key in sorted((at, key) for key, at in table.items())]
