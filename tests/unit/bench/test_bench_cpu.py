from __future__ import annotations

import os

import pytest

from bench.cpu import ticks, used_s


def test_a_command_with_brackets_and_blanks_moves_no_field() -> None:
    line = "42 (ld (x) y) S 1 42 42 0 -1 4194560 10 20 30 40 100 20 3 4 20 0 16 0 5000 1000 10"

    assert ticks(line) == 127


def test_our_own_process_has_used_what_it_and_its_ended_children_have() -> None:
    before_s = sum(os.times()[:4])
    used = used_s(os.getpid())
    assert before_s - 0.05 <= used <= sum(os.times()[:4]) + 0.05  # counted in ticks of a hundredth


def test_a_process_that_is_gone_is_told() -> None:
    with pytest.raises(ProcessLookupError):
        used_s(2**22 + 1)
