"""The day's waits so far, summed up for each group, as the ledger tells them (rule 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calls.ids import GroupId


@dataclass(frozen=True, slots=True)
class Waited:
    """Calls of the day that first chose a group; the hotline's own calls for callbacks are apart."""

    answered: int = 0
    waited_s: float = 0.0
    """From the arrival to the operator's answer, by all the answered together."""
    menu_s: float = 0.0
    """Of it, from the arrival to the choice of the group."""
    abandoned: int = 0
    """Who hung up waiting; who asked to be called back did not."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the ledger held at an instant (epoch ms); a group without calls is not named."""

    at_ms: int
    waited: Mapping[GroupId, Waited]
    came: Mapping[GroupId, int]
    """Calls that began to wait in each group lately, transferred ones, too."""
