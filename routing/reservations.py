"""Which operator has which call: one each way, offered or talked to, and for how long that is believed."""

from __future__ import annotations

from collections.abc import Mapping

from calls.ids import CallId, GroupId, OperatorId
from routing.presence import Operator
from routing.rules import Rules

LEASE_GRACE_S = 5.0
"""How long after the ringing time an offer without any outcome is believed."""


class Reservations:
    """Every change is noted in `touched`, so that the floor follows."""

    def __init__(self, operators: Mapping[OperatorId, Operator], rules: Rules, touched: dict[OperatorId, None]) -> None:
        self._operators = operators
        self._rules = rules
        self._touched = touched
        self._held: dict[CallId, OperatorId] = {}

    def holder(self, call: CallId) -> Operator | None:
        """Return who is offered this call, or talks to it."""
        return self._operators[self._held[call]] if call in self._held else None

    def reserve(self, operator: Operator, call: CallId, now_ms: int, *, ours: bool) -> None:
        """Offer the call. `ours`: by us, not by the safety net."""
        self._hold(operator, call)
        operator.talking, operator.ours, operator.offered_ms = False, ours, now_ms
        self.prolong(operator, now_ms)

    def prolong(self, operator: Operator, now_ms: int) -> None:
        """Believe in the offer for a whole ringing time from now."""
        operator.lease_ends_ms = now_ms + round((self._rules.ring_s + LEASE_GRACE_S) * 1000)

    def talk(self, operator: Operator, call: CallId, group: GroupId | None) -> None:
        """The operator answered; without a group it is still that of the talk before (a colleague who was asked)."""
        operator.group = group or operator.group
        self._hold(operator, call)
        operator.talking, operator.lease_ends_ms, operator.rest_ends_ms = True, None, None
        operator.failures = operator.missed = 0

    def clear(self, operator: Operator, now_ms: int) -> None:
        """The operator has no call any more, and is idle from now on."""
        if operator.call is not None:
            self._held.pop(operator.call, None)
        operator.call, operator.talking, operator.group, operator.lease_ends_ms = None, False, None, None
        operator.idle_since_ms = now_ms
        self._touched[operator.id] = None

    def free(self, operator: Operator, now_ms: int) -> None:
        """The talk ended: its group says how long the wrap-up is, which is the operator's for every group."""
        wrap_up_s = self._rules.wrap_up_of(operator.group)
        self.clear(operator, now_ms)
        if wrap_up_s > 0:
            operator.wrap_up(now_ms, now_ms + round(wrap_up_s * 1000))

    def _hold(self, operator: Operator, call: CallId) -> None:
        if operator.call is not None:
            self._held.pop(operator.call, None)
        operator.call = call
        self._held[call] = operator.id
