"""Callbacks: those that are owed, and to cancel one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field

from console.answers import Answer
from console.errors import UnavailableError, UnknownCallbackError
from console.queries import NoBody, Query
from console.route import Asked, Part, Route
from console.scopes import Scope

if TYPE_CHECKING:
    from console.ports import Live

_CALLBACK = Part("id", r"[A-Za-z0-9._-]{1,64}", "The call it was asked in.", UnknownCallbackError, "hl1-1764000000.12")
OwedState = Literal["waiting", "calling", "later"]


class OwedCallback(Answer):
    """A caller who hung up, keeps the place and is to be called."""

    call: str = Field(description="The call it was asked in.")
    number: str | None = Field(description="To be called, E.164; null unless the token has `calls:read`, too.")
    group: str
    language: str
    asked_ms: int
    tried: int = Field(description="How often the caller was called in vain.")
    state: OwedState = Field(
        description="waiting in line; calling (an operator or the caller is rung); later: see `not_before_ms`."
    )
    place: int | None = Field(description="Place in the group's line, from 1, while waiting.")
    not_before_ms: int | None = Field(description="While `later`: in line from then on, inside the hours for calls.")


class OwedCallbacks(Answer):
    """Callbacks that are owed, oldest place first."""

    callbacks: tuple[OwedCallback, ...]


class CancelledCallback(Answer):
    """A callback that is owed no more."""

    call: str
    being_called: bool = Field(description="The caller or the operator is being rung just now, and still will be.")


class CallbacksState(Protocol):
    """What the controller knows of callbacks."""

    async def callbacks(self) -> list[OwedCallback]:
        """Everybody who is to be called back, oldest place first, with the number."""


class CallbacksControl(Protocol):
    """What is done to callbacks."""

    async def cancel_callback(self, call: str) -> CancelledCallback:
        """Call nobody for it any more. Raises UnknownCallbackError."""


async def callbacks(office: Live, asked: Asked[Query, NoBody]) -> OwedCallbacks:
    """Callbacks that are owed."""
    owed = await office.state.callbacks()
    if Scope.CALLS_READ not in asked.scopes:
        owed = [one.model_copy(update={"number": None}) for one in owed]
    return OwedCallbacks(callbacks=tuple(owed))


async def cancel_callback(office: Live, asked: Asked[Query, NoBody]) -> CancelledCallback:
    """Cancel a callback."""
    return await office.control.cancel_callback(asked.part)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/callbacks", "Callbacks that are owed; the numbers only with `calls:read`, too",
        (Scope.CALLBACKS_READ,), callbacks, OwedCallbacks, personal=True, live=True,
    ),
    Route(
        "DELETE", "/callbacks/{id}", "Cancel a callback; a call that is being made goes on", (Scope.CALLBACKS_CANCEL,),
        cancel_callback, CancelledCallback,
        part=_CALLBACK, errors=(UnknownCallbackError, UnavailableError), live=True,
    ),
)  # fmt: skip
