"""What may be asked of the running controller, once for the command line and for the HTTP API."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from calls.events import DutyChanged
from calls.ids import CallId, OperatorId
from calls.portions import in_portions
from config.settings import Settings
from console.answers import (
    CallNow,
    CancelledCallback,
    Consulting,
    DiskNow,
    Duty,
    Joined,
    OperatorNow,
    OwedCallback,
    OwedState,
    RecordingNow,
    TakenBack,
    TargetNow,
    Transferred,
    WrapUp,
)
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
from console.ports import Floor, LoopNow
from dialplan import names
from dispatch import consultation, recording_pause
from dispatch.ami_events import operator_of
from dispatch.channels import seen_channels
from dispatch.destinations import Destination, destination, staffed
from dispatch.dispatcher import Dispatcher
from dispatch.ports import Asterisk, Clock
from dispatch.redirect import Redirects
from dispatch.snapshot import SeenChannel, is_caller
from dispatch.talks import operators_of, ready_for_three
from routing.presence import State
from routing.wrap_up import ended, extended
from telephony.errors import TelephonyError

T = TypeVar("T")

ON_THE_MOVE = (names.TRANSFER, names.TRANSFER_TO, names.MOVED, names.TOLD_ON, names.GIVEN_BACK, names.GIVEN_ON)
"""Where a caller is being transferred already; the operator's channel may still be there for a moment."""


class LiveDesk:
    """The controller's side of `console.ports.Desk`."""

    def __init__(
        self,
        settings: Settings,
        dispatcher: Dispatcher,
        asterisk: Asterisk,
        clock: Clock,
        ledger_in_step_ms: Callable[[], int],
        target: Callable[[], TargetNow],
        disks: Callable[[], tuple[DiskNow, ...]],
        ledger_away: Callable[[], str] = lambda: "",
        loop: Callable[[], LoopNow | None] = lambda: None,
        faults: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """`ledger_in_step_ms`: the instant up to which the ledger holds all that the journal tells.

        `ledger_away`: why it cannot be written to, or nothing; `loop`: how the event loop does; `faults`: what is wrong
        with the hotline's own files.
        """
        self.target = target
        self._disks, self._ledger_away, self._loop = disks, ledger_away, loop
        self._faults = faults
        self._settings = settings
        self._dispatcher = dispatcher
        self._asterisk = asterisk
        self._clock = clock
        self._redirects = Redirects(asterisk, clock)
        self._ledger_in_step_ms = ledger_in_step_ms
        self._moving = asyncio.Lock()

    def floor(self) -> Floor:
        """The hotline at this moment."""
        router, now_ms = self._dispatcher.router, self._clock.now_ms()
        waiting = Counter(str(caller.group) for caller in router.waiting())
        states = Counter(operator.state(now_ms)[0] for operator in router.operators.values())
        return Floor(
            in_truth=self._dispatcher.synced,
            waiting={group.name: waiting[group.name] for group in self._settings.groups},
            operators={state.value: states[state] for state in State},
            idle_beside_waiting=self._dispatcher.idle_watch.alarms,
            journal_lag_s=max(0, now_ms - self._ledger_in_step_ms()) / 1000,
            disks=self._disks(),
            ledger_away=self._ledger_away(),
            sip_refused=self._dispatcher.slowing.refused,
            loop=self._loop(),
            faults=self._faults(),
        )

    async def operators(self) -> list[OperatorNow]:
        """Every operator's state."""
        now_ms = self._clock.now_ms()
        people = {operator.number: operator for operator in self._settings.operators}
        rows = []
        async for operator in in_portions(list(self._dispatcher.router.operators.values())):
            state, reason = operator.state(now_ms)
            rows.append(
                OperatorNow(
                    operator=operator.id,
                    name=people[operator.id].name,
                    groups=tuple(sorted(operator.groups)),
                    levels={group: operator.levels.get(group, 1) for group in sorted(operator.groups)},
                    languages=tuple(sorted(operator.languages)),
                    changed=bool(self._dispatcher.overrides.change_of(operator.id)),
                    state=state.value,
                    reason=reason,
                    until_ms=operator.until_ms(now_ms),
                )
            )
        return rows

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

    async def callbacks(self) -> list[OwedCallback]:
        """Everybody who is to be called back, oldest place first."""
        router, callbacks, now_ms = self._dispatcher.router, self._dispatcher.callbacks, self._clock.now_ms()
        rows, calls = [], callbacks.made_for()
        async for owed in in_portions(callbacks.owed()):
            made = calls.get(owed.asked_in)
            place = None if made is None else router.place(made)
            state: OwedState = "later" if made is None else "calling" if place is None else "waiting"
            rows.append(
                OwedCallback(
                    call=owed.asked_in,
                    number=f"+{owed.number}",
                    group=owed.group,
                    language=owed.language,
                    asked_ms=owed.asked_ms,
                    tried=owed.tried,
                    state=state,
                    place=place,
                    not_before_ms=callbacks.not_before_ms(owed, now_ms) if state == "later" else None,
                )
            )
        return rows

    async def cancel_callback(self, call: str) -> CancelledCallback:
        """Call nobody for it any more. Raises UnknownCallbackError, UnavailableError."""
        owed = next((one for one in await self.callbacks() if one.call == call), None)
        if owed is None:
            raise UnknownCallbackError(f"no callback is owed for {call}")
        try:
            self._dispatcher.cancel_callback(CallId(call))
        except OSError as error:
            raise UnavailableError(f"not written down, so not cancelled: {error}", "journal-unwritable") from error
        return CancelledCallback(call=call, being_called=owed.state == "calling")

    async def calls(self) -> list[CallNow]:
        """The calls of this moment, asked of Asterisk. Raises UnavailableError."""
        channels = await done(seen_channels(self._asterisk))
        theirs = (c for c in channels if c.uniqueid != c.linkedid)
        legs = {c.linkedid: c async for c in in_portions(theirs) if operator_of(c.name)}
        rows = []
        async for channel in in_portions(channels):
            if not is_caller(channel):
                continue
            leg = legs.get(channel.uniqueid)
            three = channel.context == names.THREE_WAY
            rows.append(
                CallNow(
                    call=channel.uniqueid,
                    where=channel.context if leg is None else ("talking" if leg.up else "offered"),
                    operator=operators_of(channel) if three else (operator_of(leg.name) or "") if leg else "",
                    group=channel.variables.get(names.GROUP, ""),
                    language=channel.variables.get(names.LANGUAGE, ""),
                    place=self._dispatcher.router.place(CallId(channel.uniqueid)),
                    priority_s=self._priority_s(CallId(channel.uniqueid)),
                    for_s=max(0, round(self._clock.now_ms() / 1000 - int(channel.variables[names.ARRIVED]) / 1000)),
                )
            )
        return rows

    def _priority_s(self, call: CallId) -> int:
        waiting = self._dispatcher.router.calls.get(call)
        return waiting.priority_s if waiting else 0

    async def transfer(self, call: str, to: str) -> Transferred:
        """Transfer a talk to a group, or to an operator by number; the caller is told first (rule 11).

        Raises UnknownGroupError, UnknownCallError, NoTalkError, NobodyThereError, UnavailableError.
        """
        where = self._meant(to)
        async with self._moving:  # of two at the same time the second finds no talk any more
            return await self._moved(call, where)

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


def _stays(before: SeenChannel, now: SeenChannel) -> bool:
    """Whether the caller is still in the talk that was to be left: neither elsewhere nor in another segment."""
    return (now.context, now.variables.get(names.SEQ)) == (before.context, before.variables.get(names.SEQ))


async def done(deed: Awaitable[T]) -> T:
    """Raises UnavailableError when Asterisk does not do it."""
    try:
        return await deed
    except TelephonyError as error:
        raise UnavailableError(f"Asterisk did not do it: {error}", error.error_id, retryable=error.retryable) from error
