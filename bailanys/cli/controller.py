"""What a command asks of the running controller: an operation by the name that it has in the API's table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bailanys.cli.context import ROOT

if TYPE_CHECKING:
    from config.settings import Settings


def asked(
    settings: Settings, operation: str, part: str = "", body: Mapping[str, Any] | None = None, *, by: str = ""
) -> dict[str, Any]:
    """The answer to `POST /calls/{id}/transfer` of this call. `by`: who asks, where that is kept.

    Raises ControlError when the controller is not there or says no.
    """
    from bailanys import control
    from config.places import places_of

    return asyncio.run(control.ask(places_of(settings, ROOT).control, operation, part, body, by=by))


def within_an_hour(seconds: int) -> int:
    """A priority that is asked for; none is larger, and more counts as that."""
    return max(-3600, min(3600, seconds))
