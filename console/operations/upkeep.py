"""The hotline itself: its changed configuration taken up while calls go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from console.answers import Answer
from console.errors import AtWorkError, NotTakenUpError, UnavailableError, UnfitConfigurationError
from console.queries import NoBody, Query
from console.route import Asked, Route
from console.scopes import Scope

if TYPE_CHECKING:
    from console.ports import Live


class Reloaded(Answer):
    """What was taken up; a new controller begins within a second or two, and the API with it."""

    changed: tuple[str, ...] = Field(description="In words, a line each; nothing where the settings are the same.")
    wants_start: tuple[str, ...] = Field(
        description="What Asterisk takes only at its start (`bailanys stop`, then start): it goes on as it was."
    )


class Upkeep(Protocol):
    """What is done to the hotline itself. `by` is who asks, for the audit log."""

    async def reload(self, by: str) -> Reloaded:
        """Check the configuration, have Asterisk take it, and make way for a controller that has it.

        Raises UnfitConfigurationError, NotTakenUpError (then all is as it was), AtWorkError.
        """


async def reload(office: Live, asked: Asked[Query, NoBody]) -> Reloaded:
    """Take up the changed configuration."""
    if office.upkeep is None:
        raise UnavailableError("this controller cannot be told to reload")
    return await office.upkeep.reload(asked.actor)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST", "/reload", "Take up the changed configuration while calls go on, and say what changed",
        (Scope.HOTLINE_RELOAD,), reload, Reloaded,
        body=NoBody, errors=(UnfitConfigurationError, NotTakenUpError, AtWorkError, UnavailableError), live=True,
    ),
)  # fmt: skip
