"""What the command line may ask of the running controller: over the control socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from pydantic import ValidationError

from bailanys.control import ControlError
from console.errors import ApiError
from console.operations.calls import CallNow, PauseRecordingBody
from console.operations.operators import OperatorNow, PauseBody, SkillsBody
from console.ports import CallControl, LiveState, Supervision
from dispatch.slowed_addresses import Slowed


class Guessers(Protocol):
    """Who is refused unread for guessing at accounts."""

    @property
    def slowed(self) -> list[Slowed]:
        """Who is slowed now."""

    async def lift(self, address: str, by: str) -> Slowed | None:
        """Let an address in again; None for one that is not slowed. Raises UnavailableError."""


class Requests:
    """What `bailanys` asks over the control socket, by the word in `do`."""

    def __init__(
        self,
        state: LiveState,
        control: CallControl,
        supervision: Supervision,
        hold_callbacks: Callable[[float], None],
        guessers: Guessers,
    ) -> None:
        """`hold_callbacks`: begin none for so many seconds."""
        self._state = state
        self._control = control
        self._supervision = supervision
        self._hold_callbacks = hold_callbacks
        self._guessers = guessers

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request. Raises ControlError."""
        try:
            match request.get("do"):
                case "ready":
                    return {"ready": self._state.floor().in_truth}
                case "operators":
                    return {"operators": [_operator_row(operator) for operator in await self._state.operators()]}
                case "duty":
                    reason = None if request["ready"] else _said(PauseBody, request.get("reason", ""))
                    return self._control.duty(str(request["operator"]), reason).model_dump()
                case "wrap-up":
                    return self._control.wrap_up(str(request["operator"]), longer=bool(request["longer"])).model_dump()
                case "callbacks":
                    return {"callbacks": [owed.model_dump() for owed in await self._state.callbacks()]}
                case "no-callbacks":
                    self._hold_callbacks(float(request["seconds"]))
                    return {}
                case "cancel-callback":
                    return (await self._control.cancel_callback(str(request["call"]))).model_dump()
                case "calls":
                    return {"calls": [_call_row(call) for call in await self._state.calls()]}
                case "disks":
                    return {"disks": [asdict(disk) for disk in self._state.floor().disks]}
                case "target":
                    return self._state.target().model_dump()
                case "transfer":
                    return (await self._control.transfer(str(request["call"]), str(request["to"]))).model_dump()
                case "three-way":
                    return (await self._control.three_way(str(request["call"]))).model_dump()
                case "pause-recording":
                    why = _said(PauseRecordingBody, request["reason"])
                    by = f"cli:{request['by']}"
                    return (await self._control.pause_recording(str(request["call"]), why, by)).model_dump()
                case "resume-recording":
                    by = f"cli:{request['by']}"
                    return (await self._control.resume_recording(str(request["call"]), by)).model_dump()
                case "consult":
                    return (await self._control.consult(str(request["call"]), str(request["to"]))).model_dump()
                case "join":
                    return (await self._control.join(str(request["call"]))).model_dump()
                case "take-back":
                    return (await self._control.take_back(str(request["call"]))).model_dump()
                case "skills":
                    asked = SkillsBody.model_validate(request["change"])
                    by = f"cli:{request['by']}"
                    return (await self._supervision.skills(str(request["operator"]), asked, by)).model_dump()
                case "guesses":
                    return {"slowed": [asdict(one) for one in self._guessers.slowed]}
                case "let-in":
                    return await self._let_in(str(request["address"]), f"cli:{request['by']}")
                case "groups":
                    return {"groups": [group.model_dump() for group in await self._supervision.groups()]}
                case "priority":
                    return await self._prioritise(request)
                case other:
                    raise ControlError(f"no such request: {other}")
        except ApiError as error:
            raise ControlError(str(error)) from error

    async def _let_in(self, address: str, by: str) -> dict[str, Any]:
        lifted = await self._guessers.lift(address, by)
        if lifted is None:
            raise ControlError(f"{address} is not slowed: `bailanys guesses list` shows who is")
        return asdict(lifted)

    async def _prioritise(self, request: dict[str, Any]) -> dict[str, Any]:
        by = f"cli:{request['by']}"
        if "group" in request:
            done = await self._supervision.prioritise_group(str(request["group"]), int(request["to_s"]), by)
        else:
            to_s, by_s = (int(request[key]) if key in request else None for key in ("to_s", "by_s"))
            done = await self._supervision.prioritise_call(str(request["call"]), by_s, to_s, by)
        return done.model_dump()


def _said(body: type[PauseBody | PauseRecordingBody], reason: object) -> str:
    """A reason that is as long as the API allows it to be, in any alphabet. Raises ControlError."""
    try:
        return body(reason=str(reason)).reason
    except ValidationError:
        most = next(rule.max_length for rule in body.model_fields["reason"].metadata if hasattr(rule, "max_length"))
        raise ControlError(f"--reason: {most} characters at most, and not empty; it has {len(str(reason))}") from None


def _operator_row(operator: OperatorNow) -> dict[str, str | int | None]:
    groups = ", ".join(group if level == 1 else f"{group} {level}" for group, level in operator.levels.items())
    return {
        "operator": operator.operator,
        "name": operator.name,
        "groups": groups,
        "languages": ", ".join(operator.languages),
        "changed": "yes" if operator.changed else "",
        "state": operator.state,
        "reason": operator.reason,
        "until_ms": operator.until_ms,
    }


def _call_row(call: CallNow) -> dict[str, str]:
    return {**call.model_dump(), "place": str(call.place or ""), "for_s": str(call.for_s),
            "priority_s": str(call.priority_s or "")}  # fmt: skip
