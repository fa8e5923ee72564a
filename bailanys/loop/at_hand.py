"""Keeps the interpreter quick for the event loop that handles the calls (decision 16)."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

SWITCH_S = 0.0002
"""How long another thread may keep the loop from running Python: by default it is 5 ms, and again after each system
call."""
YOUNG, MIDDLE, OLD = 2_000, 10, 50
"""A round over ten thousand young objects is 4 ms; over two thousand none that anybody notices."""


def share_finely() -> None:
    """Let threads give way to the loop after a fifth of a millisecond."""
    sys.setswitchinterval(SWITCH_S)


def settle_memory() -> None:
    """Take all that has been loaded so far out of the garbage collector's rounds, and make those rarer.

    What is loaded once is never garbage, and a full round over it stops every thread for some 80 ms. For the same
    reason there is none before: the little garbage of the start stays.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def give_back_memory() -> None:
    """Return to the system what a big look took for a while; blocks for milliseconds. Nothing where that is unknown."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
