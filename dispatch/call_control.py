"""What may be done to the calls of this moment, once for the command line and for the HTTP API."""

from __future__ import annotations

import asyncio
from functools import partial

from calls.events import DutyChanged
from calls.ids import CallId, OperatorId
from config.settings import Settings
from console.errors import (
    NobodyThereError,
    NoTalkError,
    NoWrapUpError,
    UnavailableError,
    UnknownCallbackError,
    UnknownCallError,
    UnknownGroupError,
    UnknownOperatorError,
)
from console.operations.callbacks import CancelledCallback
from console.operations.calls import Consulting, Joined, RecordingNow, TakenBack, Transferred
from console.operations.operators import Duty, WrapUp
from dialplan import names
from dispatch import consultation, recording_pause
from dispatch.ami_events import operator_of
from dispatch.api_errors import done
from dispatch.channels import seen_channels
from dispatch.destinations import Destination, destination, staffed
from dispatch.dispatcher import Dispatcher
from dispatch.ports import Asterisk, Clock
from dispatch.redirect import Redirects
from dispatch.snapshot import SeenChannel, is_caller
from dispatch.talks import ready_for_three
from routing.wrap_up import ended, extended

ON_THE_MOVE = (names.TRANSFER, names.TRANSFER_TO, names.MOVED, names.TOLD_ON, names.GIVEN_BACK, names.GIVEN_ON)
"""Where a caller is being transferred already; the operator's channel may still be there for a moment."""


class CallControl:
    """The controller's side of `console.ports.CallControl`."""

    def __init__(self, settings: Settings, dispatcher: Dispatcher, asterisk: Asterisk, clock: Clock) -> None:
        self._settings = settings
        self._dispatcher = dispatcher
        self._asterisk = asterisk
        self._clock = clock
        self._redirects = Redirects(asterisk, clock)
        self._moving = asyncio.Lock()

    def duty(self, number: str, reason: str | None) -> Duty:
        """Make an operator ready (no reason) or pause them. Raises UnknownOperatorError."""
        if number not in self._dispatcher.router.operators:
            raise UnknownOperatorError(f"no operator {number}")
        ready = reason is None
        words = " ".join((reason or "").split())
        event = DutyChanged(OperatorId(number), ready, "" if ready else words or "break")
        self._dispatcher.say(event, keep=True)
        return Duty(operator=number, state="ready" if ready else "paused")

    def wrap_up(self, number: str, *, longer: bool) -> WrapUp:
        """Make a running wrap-up longer, or end it. Raises UnknownOperatorError, NoWrapUpError."""
        router, now_ms = self._dispatcher.router, self._clock.now_ms()
        operator = router.operators.get(OperatorId(number))
        if operator is None:
            raise UnknownOperatorError(f"no operator {number}")
        event = extended(operator, now_ms, router.rules) if longer else ended(operator, now_ms)
        if event is None:
            raise NoWrapUpError(f"operator {number} has no wrap-up at the moment")
        self._dispatcher.say(event, keep=True)
        return WrapUp(operator=number, until_ms=event.ends_ms)

    async def cancel_callback(self, call: str) -> CancelledCallback:
        """Call nobody for it any more. Raises UnknownCallbackError, UnavailableError."""
        callbacks = self._dispatcher.callbacks
        if not any(one.asked_in == call for one in callbacks.owed()):
            raise UnknownCallbackError(f"no callback is owed for {call}")
        made = callbacks.call_for(CallId(call))
        being_called = made is not None and self._dispatcher.router.place(made) is None
        try:
            self._dispatcher.cancel_callback(CallId(call))
        except OSError as error:
            raise UnavailableError(f"not written down, so not cancelled: {error}", "journal-unwritable") from error
        return CancelledCallback(call=call, being_called=being_called)

    async def transfer(self, call: str, to: str) -> Transferred:
        """Transfer a talk to a group, or to an operator by number; the caller is told first (rule 11).

        Raises UnknownGroupError, UnknownCallError, NoTalkError, NobodyThereError, UnavailableError.
        """
        where = self._meant(to)
        async with self._moving:  # of two at the same time the second finds no talk any more
            return await self._moved(call, where)

    async def three_way(self, call: str) -> Joined:
        """Bring caller, operator and the colleague who is being asked together; the caller is told first (rule 11).

        Raises UnknownCallError, NoTalkError, NoConsultationError, UnavailableError.
        """
        async with self._moving:
            caller = ready_for_three(await done(seen_channels(self._asterisk)), call)
            await done(self._redirects.placed(caller.name, (names.THREE_WAY, "s"), partial(_stays, caller)))
        return Joined(call=call)

    async def pause_recording(self, call: str, reason: str, by: str) -> RecordingNow:
        """Pause a talk's recording (rule 14); it goes on by itself.

        Raises UnknownCallError, NoTalkError, RecordingPausedError, UnavailableError.
        """
        async with self._moving:
            await done(recording_pause.pause(self._asterisk, self._clock, call, reason, by))
        return RecordingNow(call=call, paused=True, most_s=self._settings.recordings.pause_most_s)

    async def resume_recording(self, call: str, by: str) -> RecordingNow:
        """Have it go on. Raises UnknownCallError, NoTalkError, RecordingGoesOnError, UnavailableError."""
        async with self._moving:
            await done(recording_pause.resume(self._asterisk, self._clock, call, by))
        return RecordingNow(call=call, paused=False)

    async def consult(self, call: str, to: str) -> Consulting:
        """Put the caller on hold and let the operator ask a group or an operator by number (rule 11).

        Raises UnknownGroupError, UnknownCallError, NoTalkError, AlreadyConsultingError, NobodyThereError,
        UnavailableError.
        """
        where, operators = self._meant(to), self._dispatcher.router.operators
        codecs = self._settings.sip.codecs
        async with self._moving:
            return await done(consultation.consult(self._asterisk, self._clock, call, where, operators, codecs))

    async def join(self, call: str) -> Joined:
        """Give the caller to the colleague who is being asked; the caller is told first (rule 11).

        Raises UnknownCallError, NoTalkError, NoConsultationError, UnavailableError.
        """
        async with self._moving:
            return await done(consultation.join(self._asterisk, self._clock, call))

    async def take_back(self, call: str) -> TakenBack:
        """End the question to a colleague: the caller stays with the operator.

        Raises UnknownCallError, NoTalkError, NoConsultationError, UnavailableError.
        """
        async with self._moving:
            return await done(consultation.take_back(self._asterisk, call))

    def _meant(self, to: str) -> Destination:
        where = destination(self._settings, to)
        if where is None:
            groups = ", ".join(group.name for group in self._settings.groups)
            raise UnknownGroupError(f"no group {to}, nor an operator of that number; there are: {groups}")
        return where

    async def _moved(self, call: str, where: Destination) -> Transferred:
        channels = await done(seen_channels(self._asterisk))
        caller = next((c for c in channels if c.uniqueid == call and is_caller(c)), None)
        if caller is None:
            raise UnknownCallError(f"no such call now: {call}")
        talks = caller.context == names.THREE_WAY or any(
            c.linkedid == call and c.uniqueid != call and c.up and operator_of(c.name) for c in channels
        )
        if not talks or caller.context in ON_THE_MOVE:
            raise NoTalkError("the caller talks to no operator: only a talk can be transferred")
        if where.group not in staffed(self._dispatcher.router.operators.values()):
            raise NobodyThereError(f"nobody is logged in who serves {where.group}: the call stays where it is")
        stays = partial(_stays, caller)
        await done(self._redirects.placed(caller.name, (names.TRANSFER_TO, where.number), stays))
        return Transferred(call=call, to=where.name)


def _stays(before: SeenChannel, now: SeenChannel) -> bool:
    """Whether the caller is still in the talk that was to be left: neither elsewhere nor in another segment."""
    return (now.context, now.variables.get(names.SEQ)) == (before.context, before.variables.get(names.SEQ))
