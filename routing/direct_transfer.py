"""A transfer to an operator by name (rule 11): who is rung next, and to whom the caller returns when it fails.

The named operator is rung if idle. Who does not answer, refuses, or is gone (phone away, logged out), leaves the
caller to the operator who transferred, if that one is free: told so, with the place kept, wrap-up notwithstanding.
Otherwise, and while the named one talks or is paused, the group follows: the caller is never lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calls.events import CallWaiting
from calls.ids import OperatorId
from routing.presence import Operator


@dataclass(frozen=True, slots=True)
class Next:
    """The operator to ring before any other."""

    operator: Operator
    given_back: bool = False


def is_by_name(said: CallWaiting) -> bool:
    """Whether somebody in particular may come before the group."""
    return said.wanted is not None or said.giver is not None


def next_by_name(said: CallWaiting, operators: Mapping[OperatorId, Operator], now_ms: int) -> Next | None:
    """Who comes before the group at this moment; None: the group."""
    wanted = None if said.wanted is None else operators.get(said.wanted)
    if wanted is not None:
        if wanted.may_be_offered(now_ms):
            return Next(wanted)
        if not wanted.is_absent():
            return None
    elif said.returned_from is None:
        return None  # said again while the group follows already
    giver = None if said.giver is None else operators.get(said.giver)
    if giver is not None and giver.may_take_back(now_ms):
        return Next(giver, given_back=True)
    return None
