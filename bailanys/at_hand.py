"""Keeps the interpreter quick for the event loop that handles the calls (decision 16)."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005
"""How long another thread may keep the loop from running Python: by default it is 5 ms, and again after each system
call."""
YOUNG, MIDDLE, OLD = 10_000, 20, 50


def share_finely() -> None:
    """Let threads give way to the loop after half a millisecond."""
    sys.setswitchinterval(SWITCH_S)


def settle_memory() -> None:
    """Take all that was loaded at the start out of the garbage collector's rounds, and make those rarer.

    What is loaded once is never garbage, and a full round over it stops every thread for some 50 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
