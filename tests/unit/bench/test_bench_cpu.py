from __future__ import annotations

import os
import time

import pytest

from bench.cpu import ticks, used_s


def test_a_command_with_brackets_and_blanks_moves_no_field() -> None:
    line = "42 (ld (x) y) S 1 42 42 0 -1 4194560 10 20 30 40 100 20 3 4 20 0 16 0 5000 1000 10"

    assert ticks(line) == 127


def test_our_own_process_has_used_some() -> None:
    before_s = time.process_time()
    used = used_s(os.getpid())
    # Counted in ticks of a hundredth, and shared out between user and system on a machine that is itself a guest.
    assert before_s * 0.95 - 0.05 <= used <= time.process_time() * 1.05 + 0.05


def test_a_process_that_is_gone_is_told() -> None:
    with pytest.raises(ProcessLookupError):
        used_s(2**22 + 1)
