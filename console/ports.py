"""What the API asks of the running hotline, as Protocols; the composition root fills them, the tests fake them.

Each subject of `console.operations` says what it asks; here it is put together. Every method may raise ApiError.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from console.operations.callbacks import CallbacksControl, CallbacksState
from console.operations.calls import CallsBooks, CallsControl, CallsState, CallsSupervision
from console.operations.demands import DemandsOffice
from console.operations.figures import FiguresBooks, FiguresState
from console.operations.groups import GroupsSupervision
from console.operations.health import FloorBooks, FloorState
from console.operations.operators import OperatorsControl, OperatorsState, OperatorsSupervision
from console.operations.recordings import Listening, RecordingsBooks
from console.operations.upkeep import Upkeep


class LiveState(FloorState, OperatorsState, CallsState, CallbacksState, FiguresState, Protocol):
    """What the controller knows of this moment."""


class CallControl(OperatorsControl, CallsControl, CallbacksControl, Protocol):
    """What is done to the calls and operators of this moment."""


class Supervision(OperatorsSupervision, CallsSupervision, GroupsSupervision, Protocol):
    """What supervisors change while calls wait. `by` is who asks, for the audit log."""


class Books(FloorBooks, CallsBooks, FiguresBooks, RecordingsBooks, Protocol):
    """What the ledger knows. Every method may raise UnavailableError."""


@dataclass(frozen=True, slots=True)
class Live:
    """Those whom the running controller has beside it: they answer whether or not there is a ledger."""

    state: LiveState
    control: CallControl
    supervision: Supervision
    upkeep: Upkeep | None = field(default=None, kw_only=True)
    """None where nobody takes a changed configuration up."""


@dataclass(frozen=True, slots=True)
class Office(Live):
    """Those whom the API asks."""

    books: Books
    demands: DemandsOffice
    listening: Listening
