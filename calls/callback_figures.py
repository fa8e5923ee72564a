"""Callbacks as a kind of answer of their own: who was reached, after how long, with how many tries.

The law's average (rule 7) is over the calls that came and were answered while the caller waited on the line. Who asked
for a callback ends that wait by choice, and counts there neither as answered nor as abandoned.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from calls.waits import Waits, seconds_between, waits


@dataclass(frozen=True, slots=True)
class CallbackMade:
    """A call out, made for a callback; instants are UTC epoch ms."""

    asked_in: str
    arrived_ms: int | None = None
    """The arrival of the call it was asked in; None when the ledger does not hold that call any more."""
    asked_ms: int | None = None
    tried: bool = False
    """The caller's phone was called."""
    reached_ms: int | None = None
    """The caller answered, the operator there already."""

    @property
    def wait_s(self) -> float | None:
        """From the caller's arrival to the talk; None when it did not come to one."""
        if self.arrived_ms is None or self.reached_ms is None:
            return None
        return seconds_between(self.arrived_ms, self.reached_ms)


@dataclass(frozen=True, slots=True)
class CallbackFigures:
    """Callbacks, apart from the answered and the abandoned; a share without anything to divide by is None."""

    asked: int
    made: int
    """Calls out that have ended, whatever became of them."""
    tries: int
    """Of them, those that came to the caller's phone: an operator who hangs up before costs no try."""
    callers: int
    """Callers who were tried."""
    reached: int
    share: float | None
    """Reached, of those who were tried."""
    tries_each: float | None
    """Tries to a caller, of those who were tried."""
    since_asked: Waits
    """The asking to the talk of caller and operator, over those reached."""


def callback_figures(asked: int, made: Collection[CallbackMade]) -> CallbackFigures:
    """The figures of so many asked, and of the calls out that have ended."""
    callers = {one.asked_in for one in made if one.tried}
    reached = [one for one in made if one.reached_ms is not None]
    tries = sum(one.tried for one in made)
    return CallbackFigures(
        asked=asked,
        made=len(made),
        tries=tries,
        callers=len(callers),
        reached=len(reached),
        share=len(reached) / len(callers) if callers else None,
        tries_each=tries / len(callers) if callers else None,
        since_asked=waits(
            [
                seconds_between(one.asked_ms, one.reached_ms)
                for one in reached
                if one.asked_ms is not None and one.reached_ms is not None
            ]
        ),
    )
