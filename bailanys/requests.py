"""What the command line may ask of the running controller."""

from __future__ import annotations

import time
from typing import Any

from bailanys.control import ControlError
from bailanys.dispatcher import Dispatcher
from bailanys.resync import seen_channels
from calls.events import DutyChanged
from calls.ids import CallId, OperatorId
from calls.tracker import operator_of
from config.settings import Settings
from dialplan import names
from telephony import commands
from telephony.ami import AmiLink
from telephony.errors import TelephonyError


class Requests:
    """Answers `operators`, `duty`, `calls` and `transfer`."""

    def __init__(self, settings: Settings, dispatcher: Dispatcher, link: AmiLink) -> None:
        self._settings = settings
        self._dispatcher = dispatcher
        self._link = link

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request. Raises ControlError."""
        try:
            match request.get("do"):
                case "ready":
                    return {"ready": self._dispatcher.in_truth}
                case "operators":
                    return {"operators": self._operators()}
                case "duty":
                    return self._duty(str(request["operator"]), bool(request["ready"]), str(request.get("reason", "")))
                case "calls":
                    return {"calls": await self._calls()}
                case "transfer":
                    return await self._transfer(str(request["call"]), str(request["to"]))
                case other:
                    raise ControlError(f"no such request: {other}")
        except TelephonyError as error:
            raise ControlError(f"Asterisk did not do it: {error}") from error

    def _operators(self) -> list[dict[str, str]]:
        now_ms = time.time_ns() // 1_000_000
        people = {operator.number: operator for operator in self._settings.operators}
        rows = []
        for operator in self._dispatcher.router.operators.values():
            state, reason = operator.state(now_ms)
            person = people[operator.id]
            rows.append(
                {"operator": operator.id, "name": person.name, "groups": ", ".join(person.groups),
                 "state": state.value, "reason": reason}
            )  # fmt: skip
        return rows

    def _duty(self, number: str, ready: bool, reason: str) -> dict[str, Any]:
        if number not in self._dispatcher.router.operators:
            raise ControlError(f"no operator {number}")
        word = "".join(c if c.isalnum() and c.isascii() else "-" for c in reason)[:40].strip("-") or "break"
        self._dispatcher.say(DutyChanged(OperatorId(number), ready, "" if ready else word), keep=True)
        return {"operator": number, "state": "ready" if ready else "paused"}

    async def _calls(self) -> list[dict[str, str]]:
        channels = await seen_channels(self._link)
        legs = {c.linkedid: c for c in channels if c.uniqueid != c.linkedid and operator_of(c.name)}
        rows = []
        for channel in channels:
            if channel.uniqueid != channel.linkedid or not channel.variables.get(names.ARRIVED):
                continue
            leg = legs.get(channel.uniqueid)
            place = self._dispatcher.router.place(CallId(channel.uniqueid))
            rows.append(
                {
                    "call": channel.uniqueid,
                    "where": channel.context if leg is None else ("talking" if leg.up else "offered"),
                    "operator": (operator_of(leg.name) or "") if leg else "",
                    "group": channel.variables.get(names.GROUP, ""),
                    "language": channel.variables.get(names.LANGUAGE, ""),
                    "place": str(place or ""),
                    "for_s": str(max(0, round(time.time() - int(channel.variables[names.ARRIVED]) / 1000))),
                }
            )
        return rows

    async def _transfer(self, call: str, to: str) -> dict[str, Any]:
        group = next((g for g in self._settings.groups if to in (g.name, g.transfer_number)), None)
        if group is None:
            raise ControlError(f"no group {to}; there are: {', '.join(g.name for g in self._settings.groups)}")
        channels = await seen_channels(self._link)
        caller = next((c for c in channels if c.uniqueid == call and c.linkedid == call), None)
        if caller is None:
            raise ControlError(f"no such call now: {call}")
        if not any(c.linkedid == call and c.uniqueid != call and c.up and operator_of(c.name) for c in channels):
            raise ControlError("the caller talks to no operator: only a talk can be transferred")
        await self._link.send(commands.redirect(caller.name, names.TRANSFER, group.transfer_number))
        return {"call": call, "to": group.name}
