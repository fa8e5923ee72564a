"""Groups: who waits for which, who serves it, and which goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field

from console.answers import Answer, Prioritised
from console.day import Seconds
from console.errors import NoSuchGroupError
from console.queries import NoBody, Query
from console.route import Asked, Asks, Part, Route
from console.scopes import Scope

if TYPE_CHECKING:
    from console.ports import Live

_GROUP = Part("name", r"[a-z][a-z0-9-]{0,31}", "The group's name.", NoSuchGroupError, "portal")


class GroupNow(Answer):
    """A group at this moment."""

    group: str
    priority_s: int = Field(description="Its callers count as waiting so much longer, compared with other groups'.")
    waiting: int = Field(description="Callers without an offer.")
    operators: int = Field(description="Who serve it, there or not.")
    ready: int = Field(description="Of them, those who may be offered a call.")


class Groups(Answer):
    """Every group."""

    groups: tuple[GroupNow, ...]


class GroupPriorityBody(BaseModel):
    """Seconds that a group's callers count as waiting longer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority_s: Seconds


class GroupsSupervision(Protocol):
    """What supervisors see and change of groups. `by` is who asks, for the audit log."""

    async def groups(self) -> list[GroupNow]:
        """Every group with its priority, those who wait for it and those who serve it."""

    async def prioritise_group(self, group: str, priority_s: int, by: str) -> Prioritised:
        """Let a group's callers count as waiting so many seconds longer than they do, compared with other groups'.

        Raises NoSuchGroupError, UnavailableError.
        """


async def groups(office: Live, _: Asked[Query, NoBody]) -> Groups:
    """Every group."""
    return Groups(groups=tuple(await office.supervision.groups()))


async def group_priority(office: Live, asked: Asked[Query, GroupPriorityBody]) -> Prioritised:
    """Set a group's priority."""
    return await office.supervision.prioritise_group(asked.part, asked.body.priority_s, asked.actor)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/groups", "Every group: its priority, who waits and who serves",
        (Scope.OPERATORS_READ, Scope.ROUTING_WRITE), groups, Groups, live=True,
    ),
    Route(
        "PATCH", "/groups/{name}", "Let a group's callers count as waiting longer, or shorter, than they do",
        (Scope.ROUTING_WRITE,), group_priority, Prioritised, Asks.ASTERISK,
        part=_GROUP, body=GroupPriorityBody, errors=(NoSuchGroupError,), live=True,
    ),
)  # fmt: skip
