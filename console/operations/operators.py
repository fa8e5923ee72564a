"""Operators: who is there and serves what; ready, paused or skilled by a supervisor's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from console.answers import Answer
from console.day import Flag, Level
from console.errors import (
    NothingLeftError,
    NoWrapUpError,
    UnknownGroupError,
    UnknownLanguageError,
    UnknownOperatorError,
)
from console.queries import NoBody, Query
from console.route import Asked, Asks, Part, Route
from console.scopes import Scope

if TYPE_CHECKING:
    from console.ports import Live

_OPERATOR = Part("number", r"[0-9]{2,6}", "The operator's number.", UnknownOperatorError, "101")


class OperatorNow(Answer):
    """An operator's state at this moment."""

    operator: str
    name: str
    groups: tuple[str, ...]
    levels: dict[str, int] = Field(description="How well each group is known, 1 (best) to 5.")
    languages: tuple[str, ...]
    changed: bool = Field(description="Whether a supervisor changed groups, levels or languages.")
    state: str = Field(description="ready, paused, offered, talking, wrap-up or unreachable.")
    reason: str = Field(description="Why; the call's id while offered or talking.")
    until_ms: int | None = Field(default=None, description="When the state ends by itself: wrap-up, rest, back-off.")


class Operators(Answer):
    """Every operator."""

    operators: tuple[OperatorNow, ...]


class Duty(Answer):
    """What an operator's duty will be."""

    operator: str
    state: Literal["ready", "paused"]


class WrapUp(Answer):
    """A wrap-up that was made longer, or ended."""

    operator: str
    until_ms: int = Field(description="When it ends; now, if it was ended.")


class SkillsNow(Answer):
    """What an operator serves from now on."""

    operator: str
    levels: dict[str, int] = Field(description="How well each group is known, 1 (best) to 5.")
    languages: tuple[str, ...]
    changed: bool = Field(description="Whether it is other than the configuration says.")


class PauseBody(BaseModel):
    """Why an operator is paused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(default="break", max_length=80, description="Shown to supervisors and kept.")


class WrapUpBody(BaseModel):
    """What becomes of a running wrap-up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["extend", "end"] = Field(
        description="`extend`: longer by `[offers] wrap_up_extension_s`, up to `wrap_up_most_s` in all."
    )


class SkillsBody(BaseModel):
    """What changes at an operator; what is not named stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: dict[str, Level] = Field(
        default={}, max_length=64, description="Groups served from now on, each with the level 1 (best) to 5."
    )
    remove: tuple[str, ...] = Field(default=(), max_length=64, description="Groups served no longer.")
    add_languages: tuple[str, ...] = Field(default=(), max_length=8)
    remove_languages: tuple[str, ...] = Field(default=(), max_length=8)
    reset: Flag = Field(default=False, description="First forget every earlier change: as the configuration says.")


class OperatorsState(Protocol):
    """What the controller knows of operators."""

    async def operators(self) -> list[OperatorNow]:
        """Every operator's state."""


class OperatorsControl(Protocol):
    """What is done to operators."""

    def duty(self, number: str, reason: str | None) -> Duty:
        """Make an operator ready (no reason) or pause them. Raises UnknownOperatorError."""

    def wrap_up(self, number: str, *, longer: bool) -> WrapUp:
        """Make a running wrap-up longer, or end it. Raises UnknownOperatorError, NoWrapUpError."""


class OperatorsSupervision(Protocol):
    """What supervisors change at operators. `by` is who asks, for the audit log."""

    async def skills(self, number: str, asked: SkillsBody, by: str) -> SkillsNow:
        """Change what an operator serves; the configuration stays as it is.

        Raises UnknownOperatorError, UnknownGroupError, UnknownLanguageError, NothingLeftError, UnavailableError.
        """


async def operators(office: Live, _: Asked[Query, NoBody]) -> Operators:
    """Every operator's state."""
    return Operators(operators=tuple(await office.state.operators()))


async def ready(office: Live, asked: Asked[Query, NoBody]) -> Duty:
    """Make an operator ready."""
    return office.control.duty(asked.part, None)


async def pause(office: Live, asked: Asked[Query, PauseBody]) -> Duty:
    """Pause an operator."""
    return office.control.duty(asked.part, asked.body.reason)


async def wrap_up(office: Live, asked: Asked[Query, WrapUpBody]) -> WrapUp:
    """Make a wrap-up longer, or end it."""
    return office.control.wrap_up(asked.part, longer=asked.body.do == "extend")


async def skills(office: Live, asked: Asked[Query, SkillsBody]) -> SkillsNow:
    """Change what an operator serves."""
    return await office.supervision.skills(asked.part, asked.body, asked.actor)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/operators", "Every operator's state and skills",
        (Scope.OPERATORS_READ, Scope.ROUTING_WRITE), operators, Operators, live=True,
    ),
    Route(
        "POST", "/operators/{number}/ready", "Make an operator ready, as `*1` on the phone does",
        (Scope.OPERATORS_WRITE,), ready, Duty,
        part=_OPERATOR, body=NoBody, errors=(UnknownOperatorError,), live=True,
    ),
    Route(
        "POST", "/operators/{number}/pause", "Pause an operator, as `*2` on the phone does; a talk goes on",
        (Scope.OPERATORS_WRITE,), pause, Duty,
        part=_OPERATOR, body=PauseBody, errors=(UnknownOperatorError,), live=True,
    ),
    Route(
        "POST", "/operators/{number}/wrap-up", "Make a running wrap-up longer, as `*3` on the phone does, or end it",
        (Scope.OPERATORS_WRITE,), wrap_up, WrapUp,
        part=_OPERATOR, body=WrapUpBody, errors=(UnknownOperatorError, NoWrapUpError), live=True,
    ),
    Route(
        "PATCH", "/operators/{number}", "Change an operator's groups, levels and languages, at once and until reset",
        (Scope.ROUTING_WRITE,), skills, SkillsNow, Asks.ASTERISK,
        part=_OPERATOR, body=SkillsBody,
        errors=(UnknownOperatorError, UnknownGroupError, UnknownLanguageError, NothingLeftError), live=True,
    ),
)  # fmt: skip
