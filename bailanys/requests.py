"""What the command line may ask of the running controller: the desk's deeds over the control socket."""

from __future__ import annotations

from typing import Any

from bailanys.control import ControlError
from console.answers import CallNow, OperatorNow
from console.errors import ApiError
from console.ports import Desk


class Requests:
    """Answers `ready`, `operators`, `duty`, `wrap-up`, `calls`, `target`, `transfer` and `three-way`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request. Raises ControlError."""
        try:
            match request.get("do"):
                case "ready":
                    return {"ready": self._desk.floor().in_truth}
                case "operators":
                    return {"operators": [_operator_row(operator) for operator in self._desk.operators()]}
                case "duty":
                    reason = None if request["ready"] else str(request.get("reason", ""))
                    return self._desk.duty(str(request["operator"]), reason).model_dump()
                case "wrap-up":
                    return self._desk.wrap_up(str(request["operator"]), longer=bool(request["longer"])).model_dump()
                case "calls":
                    return {"calls": [_call_row(call) for call in await self._desk.calls()]}
                case "target":
                    return self._desk.target().model_dump()
                case "transfer":
                    return (await self._desk.transfer(str(request["call"]), str(request["to"]))).model_dump()
                case "three-way":
                    return (await self._desk.three_way(str(request["call"]))).model_dump()
                case other:
                    raise ControlError(f"no such request: {other}")
        except ApiError as error:
            raise ControlError(str(error)) from error


def _operator_row(operator: OperatorNow) -> dict[str, str | int | None]:
    return {**operator.model_dump(), "groups": ", ".join(operator.groups)}


def _call_row(call: CallNow) -> dict[str, str]:
    return {**call.model_dump(), "place": str(call.place or ""), "for_s": str(call.for_s)}
