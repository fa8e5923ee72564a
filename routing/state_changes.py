"""Which state of each operator was shown last, so that only changes are."""

from __future__ import annotations

from collections.abc import Iterable

from calls.ids import OperatorId
from routing.commands import ShowState
from routing.presence import Operator, State


class StateChanges:
    """What supervisors and the ledger were told of the operators."""

    def __init__(self, operators: Iterable[OperatorId]) -> None:
        self._said: dict[OperatorId, tuple[State, str]] = {}
        self.never = dict.fromkeys(operators)
        """Those of whom nothing was said yet."""

    def adopt(self, older: StateChanges) -> None:
        """Take over what another has said."""
        self._said = dict(older._said)

    def show(self, operator: Operator, now_ms: int) -> list[ShowState]:
        """Tell the operator's state if it is another than was told."""
        self.never.pop(operator.id, None)
        state = operator.state(now_ms)
        if self._said.get(operator.id) == state:
            return []
        self._said[operator.id] = state
        return [ShowState(operator.id, state[0].value, state[1])]
