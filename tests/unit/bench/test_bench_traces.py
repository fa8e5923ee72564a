from __future__ import annotations

from bench.dispatch import FULL, QUICK, parts, talk_table


def test_every_caller_of_every_run_has_a_number_and_a_talk_of_their_own() -> None:
    for size in (FULL, QUICK):
        calls = (size.gap_calls + size.wait_calls) * size.runs
        table = talk_table(size)

        assert len(table) == calls
        assert {len(number) for number in table} == {11}
        assert min(table.values()) >= 3.0


def test_both_sides_get_the_same_trace_each_time_and_each_run_another() -> None:
    assert parts(0, FULL) == parts(0, FULL)
    assert parts(0, FULL) != parts(1, FULL)
