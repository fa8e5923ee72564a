"""What the command line may ask of the running controller over the control socket: the API's own operations, and a few.

`console.operations.table.LIVE` has those that both offer; what only the machine's own commands may ask stands here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from pydantic import ValidationError

from bailanys.control import ControlError
from console.errors import ApiError
from console.operations.table import LIVE
from console.ports import Live
from console.route import Route, told
from console.scopes import Scope
from dispatch.slowed_addresses import Slowed


class Guessers(Protocol):
    """Who is refused unread for guessing at accounts."""

    @property
    def slowed(self) -> list[Slowed]:
        """Who is slowed now."""

    async def lift(self, address: str, by: str) -> Slowed | None:
        """Let an address in again; None for one that is not slowed. Raises UnavailableError."""


class Requests:
    """Answers what `bailanys` asks, by the operation's name in `do`: `POST /calls/{id}/transfer`."""

    def __init__(self, live: Live, hold_callbacks: Callable[[float], None], guessers: Guessers) -> None:
        """`hold_callbacks`: begin none for so many seconds."""
        self._live = live
        self._hold_callbacks = hold_callbacks
        self._guessers = guessers
        self._own: dict[str, Callable[[str, Mapping[str, Any], str], Awaitable[dict[str, Any]]]] = {
            "GET /disks": self._disks,
            "POST /callbacks/hold": self._hold,
            "GET /guesses": self._guesses,
            "DELETE /guesses/{address}": self._let_in,
        }

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request. Raises ControlError."""
        name, part = str(request.get("do")), str(request.get("part", ""))
        body, by = request.get("body") or {}, str(request.get("by", ""))
        try:
            if name in self._own:
                return await self._own[name](part, body, by)
            if name not in LIVE:
                raise ControlError(f"no such request: {name}")
            return await self._operation(LIVE[name], part, body, by)
        except ApiError as error:
            raise ControlError(str(error)) from error

    async def _operation(self, route: Route, part: str, body: Mapping[str, Any], by: str) -> dict[str, Any]:
        try:
            asked = route.asked(part, {}, body, by, frozenset(Scope), "cli")
        except ValidationError as error:
            raise ControlError(_of_options(route, body, error)) from None
        said = await route.handler(self._live, asked)
        answer: dict[str, Any] = said.model_dump(mode="json")  # type: ignore[union-attr]  # what is live answers so
        return answer

    async def _disks(self, _: str, __: Mapping[str, Any], ___: str) -> dict[str, Any]:
        return {"disks": [asdict(disk) for disk in self._live.state.floor().disks]}

    async def _hold(self, _: str, body: Mapping[str, Any], __: str) -> dict[str, Any]:
        self._hold_callbacks(float(body["seconds"]))
        return {}

    async def _guesses(self, _: str, __: Mapping[str, Any], ___: str) -> dict[str, Any]:
        return {"slowed": [asdict(one) for one in self._guessers.slowed]}

    async def _let_in(self, address: str, _: Mapping[str, Any], by: str) -> dict[str, Any]:
        lifted = await self._guessers.lift(address, f"cli:{by}")
        if lifted is None:
            raise ControlError(f"{address} is not slowed: `bailanys guesses list` shows who is")
        return asdict(lifted)


def _of_options(route: Route, body: Mapping[str, Any], error: ValidationError) -> str:
    """What was wrong, as whoever typed options reads it: how long a text may be, in any alphabet."""
    for one in error.errors(include_url=False):
        name = str(one["loc"][0]) if one["loc"] else ""
        if one["type"] in ("string_too_long", "string_too_short") and route.body is not None:
            rules = route.body.model_fields[name].metadata
            most = next(rule.max_length for rule in rules if hasattr(rule, "max_length"))
            return f"--{name}: {most} characters at most, and not empty; it has {len(str(body[name]))}"
    return told(error)
