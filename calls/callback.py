"""A callback that keeps the caller's place, and the ids of the calls that are made for it."""

from __future__ import annotations

from dataclasses import dataclass

from calls.ids import CallId, GroupId

REACHED = "ANSWER"
"""DIALSTATUS of a try that reached the caller."""
CANCELLED = "CANCELLED"
"""What the call it was asked in is marked with: nobody is to be called any more."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A caller who hung up and is to be called; instants are UTC epoch ms."""

    asked_in: CallId
    number: str
    """Digits only, international."""
    group: GroupId
    language: str
    rank_ms: int
    """What orders callers: the place is that of the call it was asked in."""
    asked_ms: int
    made: int = 0
    """Calls begun for it, whatever became of them."""
    tried: int = 0
    """Of them, those in which the caller's phone rang in vain."""
    priority_s: int = 0
    """Seconds of waiting that a supervisor added."""
    ready_ms: int = 0
    """Not before this instant."""


def call_of(callback: Callback, at_ms: int) -> CallId:
    """The id of a call made for it, put into the line at this instant (UTC epoch ms, another for each).

    It looks like one of Asterisk's own, whose last number counts channels and is far smaller. It holds the instant, so
    that no restart and no old backup makes one id twice: a recording is found by it.
    """
    node, _, asked = callback.asked_in.rpartition("-")
    number = int(asked.rpartition(".")[2])
    return CallId(f"{node}-{at_ms // 1000}.9{at_ms % 1000:03}{number % 10**6:06}")
