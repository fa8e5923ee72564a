"""A path of the API as a value: what it asks for, what it answers and who may; served and described from the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from console.errors import ApiError
from console.queries import NoBody, Query
from console.scopes import Scope
from console.stream import Stream

Q = TypeVar("Q", bound=Query)
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """One request that has the right form: the variable part of its path, its query and its body."""

    part: str
    query: Q
    body: B
    by: str = ""
    """The name of the token, or of the person at the command line, for the audit log."""
    scopes: frozenset[Scope] = frozenset()
    """All that the token may do."""
    over: Literal["api", "cli"] = "api"

    @property
    def actor(self) -> str:
        """Who asks, and by which way: `api:wallboard`, `cli:aliya`."""
        return f"{self.over}:{self.by}"


class Asks(Enum):
    """Whom an answer needs; the number is how many requests may ask at once."""

    NOBODY = 0
    ASTERISK = 4
    LEDGER = 2
    ARCHIVE = 3


Said = BaseModel | Mapping[str, Any] | Stream | str
Handler = Callable[[Any, Asked[Any, Any]], Awaitable[Said]]
"""Does what a route says, with those whom the API asks (`console.ports.Office`)."""


@dataclass(frozen=True, slots=True)
class Part:
    """The variable part of a path."""

    name: str
    pattern: str
    description: str
    unknown: type[ApiError]
    example: str


@dataclass(frozen=True, slots=True)
class Route:
    """A method on a path. `scopes`: one of them is enough; none: no token is asked for."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    summary: str
    scopes: tuple[Scope, ...]
    handler: Handler
    answer: type[BaseModel] | None
    """None: the answer is `media`, described in words only."""
    asks: Asks = Asks.NOBODY
    part: Part | None = None
    query: type[Query] = Query
    body: type[BaseModel] | None = None
    media: str = "application/json"
    errors: tuple[type[ApiError], ...] = ()
    """Beyond those that any path may answer with."""
    personal: bool = False
    """Whether who asked is to be logged: personal data is read."""
    live: bool = False
    """Whether the running controller answers it alone (`console.ports.Live`): the command line may ask for it, too."""

    @property
    def name(self) -> str:
        """`POST /calls/{id}/transfer`."""
        return f"{self.method} {self.path}"

    def asked(
        self,
        part: str,
        query: Mapping[str, str],
        body: object,
        by: str,
        scopes: frozenset[Scope],
        over: Literal["api", "cli"] = "api",
    ) -> Asked[Query, BaseModel]:
        """A request in the right form. Raises pydantic's ValidationError, whose own text repeats what was sent."""
        checked = self.query.model_validate(query), (self.body or NoBody).model_validate(body)
        return Asked(part, *checked, by, scopes, over)


def told(error: ValidationError) -> str:
    """What was wrong with a request, without a word of what was sent."""
    lines = (
        f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return "; ".join(lines)[:1000]
