"""The live dispatcher: manager events in, the routing core in the middle, manager actions out.

One queue, one consumer: order is kept, and every handler is idempotent. The heartbeat is sent by the consumer itself,
so that a dispatcher that is stuck stops beating and the dialplan's safety net takes the callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from calls.alarms import AlarmKind
from calls.events import CallGone, Event, Tick
from calls.ids import CallId, OperatorId
from calls.journal import Fact
from calls.portions import Pace, in_portions
from config.settings import Settings
from dialplan import names
from dispatch.actions import Actions
from dispatch.ami_events import doubtful, events_of, left_unnamed, lost_contact, taken_over
from dispatch.callbacks import Callbacks, Recalled, callback_of
from dispatch.channels import seen_channels
from dispatch.idle_watch import IdleWatch, when_said_ms
from dispatch.notes import Notes
from dispatch.overrides import Overrides
from dispatch.ports import Asterisk, Clock
from dispatch.pulse import Pulse
from dispatch.recent_answers import RecentAnswers
from dispatch.resync import ask_silent_phones, read_state
from dispatch.running import Running, tolerated
from dispatch.safety_net import keep_net_in_step
from dispatch.slowing import Slowing
from dispatch.snapshot import Snapshot
from dispatch.stray_callers import stray_callers
from dispatch.wait_announcements import WaitAnnouncements, recalled
from dispatch.watchers import Watcher
from routing.commands import Alarm, Command, MoveOn, Offer, Reclaim, Resync
from routing.core import Router
from routing.from_settings import configured_router
from routing.target.day import Lent
from storage.errors import LedgerUnavailableError
from storage.journal.writer import ControllerJournal
from telephony import commands
from telephony.ami_event import AmiEvent, LinkDown, LinkItem, LinkUp
from telephony.errors import TelephonyError

log = structlog.get_logger(__name__)

BEAT_EVERY_S = 1.0
AUDIT_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """An event of our own on the same queue: from the command line, or from an action that failed."""

    event: Event
    keep: bool = False
    """Whether a duty or a wrap-up must also be kept in Asterisk, where it outlives us."""


Inbox = asyncio.Queue[LinkItem | Said]


class Dispatcher:
    """Drives the core with what Asterisk says, and Asterisk with what the core decides."""

    def __init__(
        self,
        settings: Settings,
        asterisk: Asterisk,
        clock: Clock,
        inbox: Inbox,
        journal: ControllerJournal,
        alive: Callable[[], None],
        recall: Callable[[], Awaitable[Recalled]],
    ) -> None:
        """`alive`: called with each beat; `recall`: what the ledger holds of callbacks."""
        self._settings = settings
        self._asterisk = asterisk
        self._clock = clock
        self._inbox = inbox
        self._journal = journal
        self._alive = alive
        self._recall = recall
        self._pace = Pace()
        self._synced = False
        self._resync_asked = False
        self._before_sync = 0
        """So many items at the head of the inbox came before the state that we know."""
        self._beat_due_s = 0.0
        self._stray: frozenset[CallId] = frozenset()
        self._running = Running(self.say)
        self._notes = Notes(journal, clock)
        self.router = self._new_router()
        self.announcements = WaitAnnouncements()
        self.answers = RecentAnswers()
        self.callbacks = Callbacks(settings.callback, settings.hotline.time_zone, clock)
        self.overrides = Overrides(settings, asterisk)
        self.slowing = Slowing(settings, asterisk, clock, self._notes)
        self.idle_watch = IdleWatch(clock)
        self._pulse = Pulse(asterisk, clock, self._notes, settings.sip.silent_s)
        self._actions = Actions(settings, asterisk, clock, self._notes, self.callbacks, self.announcements, self.router)
        self._watchers: tuple[Watcher, ...] = (
            self.idle_watch, self.announcements, self.answers, self.callbacks, self._pulse, self._actions,
        )  # fmt: skip
        """All that follows every event beside the core."""

    async def run(self) -> None:
        """Consume until cancelled. An error in a handler is a bug of ours: told, and mended by reading the state."""
        while True:
            try:
                await self._step()
                await self._pace.breathe()
            except Exception as error:  # one bad event must not throw every caller into the safety net
                log.exception("event not handled")
                self._notes.note(Fact.ALARM, kind=AlarmKind.BUG, detail=repr(error)[:200])
                await self._resync("an event was not handled")

    async def _step(self) -> None:
        item: LinkItem | Said | None
        try:
            item = self._inbox.get_nowait()  # a time-out costs a timer, so only when there is nothing to do
        except asyncio.QueueEmpty:
            item = await self._next_item()
            self._pace.began()
        if item is None:
            self._handle(Tick())
        else:
            await self._take(item)
        if self._clock.passed_s() >= self._beat_due_s:
            self._handle(Tick())
            if self._synced:
                self._look_at_callbacks()
            self._beat()
        if self._synced and self.idle_watch.patience_s() == 0.0:
            self._perform(self.idle_watch.look(self.router, heard_all=self._inbox.empty()))

    @property
    def synced(self) -> bool:
        """Whether what we know is what Asterisk says."""
        return self._synced

    async def _next_item(self) -> LinkItem | Said | None:
        """The next item, or None when it is time for a tick."""
        try:
            async with asyncio.timeout(self._patience_s()):
                return await self._inbox.get()
        except TimeoutError:
            return None

    def say(self, event: Event, *, keep: bool = False) -> None:
        """Put an event of our own on the queue."""
        self._inbox.put_nowait(Said(event, keep))

    def cancel_callback(self, asked_in: CallId) -> None:
        """Call nobody for it any more, nor after a restart; a call that is being made goes on.

        Raises OSError when it cannot be written down: who asked must know that it is not so.
        """
        now_ms = self._clock.now_ms()
        self._journal.write(Fact.CALLBACK_CANCELLED, now_ms, {}, asked_in)
        made = self.callbacks.call_for(asked_in)
        self.callbacks.cancel(asked_in, now_ms)
        if made is not None and (place := self.router.calls.get(made)) is not None and place.offered_to is None:
            self.say(CallGone(made))

    def lend(self, lent: Lent) -> None:
        """Let these operators help groups in danger, and nobody else, from this moment on (rule 7)."""
        if self._synced:
            self._perform(self.router.widen(lent, self._clock.now_ms()))

    # -- events ----------------------------------------------------------------------------------------------------

    async def _take(self, item: LinkItem | Said) -> None:
        older = self._before_sync > 0
        self._before_sync -= older
        match item:
            case LinkUp():
                self.slowing.say_again()
                await self._resync("the link is up")
            case LinkDown(reason):
                self._synced = False
                log.warning("asterisk is away", reason=reason)
            case Said(event, keep):
                if keep:
                    self._running.begin(self._actions.keep(event))
                self._handle(event)
            case AmiEvent(name, fields):
                # Asterisk stamps each event; a caller's line breaks in a number, which it puts into one raw, do not.
                if "Timestamp" in fields:
                    self.slowing.heard(name, fields, self._clock.now_ms())
                    if self._synced and not older:
                        self._take_event(name, fields)

    def _take_event(self, name: str, fields: dict[str, str]) -> None:
        if detail := taken_over(fields):
            self._perform([Alarm(AlarmKind.DIALOG_NOT_OWN, detail)])
        if name == "UserEvent":
            self._heed_callback(fields)
        elif left_unnamed(name, fields):
            self._running.begin(self._actions.looks_for_misplaced())
        elif operator := lost_contact(name, fields):
            self._running.begin([self._actions.look_for_phone(operator)])
        for event in events_of(name, fields):
            self._handle(event, when_said_ms(fields, self._clock.now_ms()))
        if (operator := doubtful(name, fields)) and (lines := self._talking().get(operator)):
            self._running.begin([self._pulse.doubt(operator, lines)])

    def _heed_callback(self, fields: Mapping[str, str]) -> None:
        now_ms = self._clock.now_ms()
        match fields.get("UserEvent"):
            case names.CALLBACK_EVENT if asked := callback_of(fields, now_ms):
                self.callbacks.asked(asked)
                self.announcements.forget(asked.asked_in)
                self._handle(CallGone(asked.asked_in))  # from now on the place is kept without the channel
            case names.CALLBACK_TRIED_EVENT:
                self.callbacks.tried(CallId(fields.get("Of", "")), fields.get("Status", ""), now_ms)
            case _:
                pass

    def _handle(self, event: Event, said_ms: int | None = None) -> None:
        """Tell the core and all that follow it; `said_ms`: when Asterisk said it, now if it is our own."""
        if not self._synced:
            return
        now_ms = self._clock.now_ms()
        for watcher in self._watchers:
            watcher.before(event, self.router, now_ms, now_ms if said_ms is None else said_ms)
        self._perform(self.router.handle(event, now_ms))
        for watcher in self._watchers:
            self._running.begin(watcher.after(event, self.router, now_ms))

    def _perform(self, decided: Sequence[Command]) -> None:
        """Do what the core has decided."""
        self._running.begin(self._actions.of(decided))
        for command in decided:
            if isinstance(command, Resync):
                self._ask_resync(command.why)

    def _talking(self) -> dict[OperatorId, tuple[str, ...]]:
        """Who talks, with the channels of the phone."""
        return {one.id: tuple(one.legs) for one in self.router.operators.values() if one.talking}

    # -- what no event tells ---------------------------------------------------------------------------------------

    async def audit(self) -> None:
        """Look every few seconds for callers whom a lost event has left without care. Runs until cancelled."""
        while True:
            await self._clock.sleep(AUDIT_EVERY_S)
            if self._synced:
                await self._running.run(self._look_for_stray_callers())
                await self._look_for_owed()

    def _look_at_callbacks(self) -> None:
        """Who may be called enters the line, who may not leaves it."""
        now_ms = self._clock.now_ms()
        for call in self.callbacks.leaving(now_ms):
            if (place := self.router.calls.get(call)) is not None and place.offered_to is None:
                self._handle(CallGone(call))
        for waiting in self.callbacks.due(now_ms):
            self._handle(waiting)
        for asked_in, why in self.callbacks.dropped():  # after a restart it is decided anew, if it cannot be written
            self._notes.note(Fact.CALLBACK_CANCELLED, asked_in, reason=why)

    async def _look_for_owed(self) -> None:
        """Callbacks that were asked of a controller before us, or whose news was lost."""
        try:
            self.callbacks.recalled(await self._recall())
        except LedgerUnavailableError as error:
            log.warning("callbacks not recalled", error_id=error.error_id, error=str(error))

    async def _look_for_stray_callers(self) -> None:
        """Take care of whom two looks have found without it: the news may be under way. Raises TelephonyError."""
        channels = await seen_channels(self._asterisk)
        self._running.begin([self._pulse.listen(self._talking(), channels)])
        seen = await asyncio.to_thread(stray_callers, channels, frozenset(self.router.calls))
        twice = seen.of(self._stray)
        self._stray = seen.calls
        for waiting in twice.waiting:
            self._perform([Alarm(AlarmKind.FORGOTTEN_CALLER, waiting.call)])
            self.say(waiting)
        self._perform([Reclaim(call, channel) for call, channel in twice.in_net])
        for call, channel in twice.misplaced:
            self._perform([Alarm(AlarmKind.MISPLACED_CALLER, call), MoveOn(call, channel)])

    # -- the state, read from Asterisk -----------------------------------------------------------------------------

    def _new_router(self) -> Router:
        return configured_router(self._settings)

    async def _resync(self, why: str) -> None:
        """Rebuild from Asterisk; what was said before counts no more. On failure it is tried again in a second."""
        self._synced = self._resync_asked = False
        self._actions.forget()
        started_s, older = self._clock.passed_s(), self._inbox.qsize()
        try:
            await self._say_beat()  # first, so that nobody falls into the net while we look
            state = await read_state(self._asterisk, self.router.operators)
            if state.in_net:  # nobody is offered while the net may ring the same phones
                await asyncio.gather(*(tolerated(self._actions.reclaim(channel)) for _, channel in state.in_net))
                started_s, older = self._clock.passed_s(), self._inbox.qsize()
                state = await read_state(self._asterisk, self.router.operators)
            changed = await self.overrides.recall()
        except TelephonyError as error:
            log.warning("no truth from asterisk", why=why, error=str(error))
            self._running.begin([self._try_again()])
            return
        self.callbacks.doubt(dict(state.callbacks), self._clock.now_ms())
        events = (*changed, *state.events)
        router, decided = await asyncio.to_thread(self._restored, events)
        self.router, self._before_sync, self._synced = router, older, True
        self._actions.follow(router)
        self.idle_watch.rebuilt(events, self._clock.now_ms())
        self._beat()
        await self._perform_rebuilt(state, router, decided)
        log.info("truth rebuilt", why=why, waiting=len(router.waiting()), in_net=len(state.in_net),
                 took_ms=round((self._clock.passed_s() - started_s) * 1000))  # fmt: skip

    async def _perform_rebuilt(self, state: Snapshot, router: Router, decided: Sequence[Command]) -> None:
        """Do what the core has decided of a rebuilt state: offers first, the rest in portions."""
        self._perform([command for command in decided if isinstance(command, Offer)])
        said = {call: told async for call, text in in_portions(state.told) if (told := recalled(text))}
        async for _ in in_portions(self.announcements.rebuilding(router, said, self._clock.now_ms())):
            pass
        async for command in in_portions([command for command in decided if not isinstance(command, Offer)]):
            self._perform([command])
        self._perform([Reclaim(call, channel) for call, channel in state.in_net])
        self._perform([MoveOn(call, channel) for call, channel in state.misplaced])
        everybody = router.operators.values()
        self._running.begin(self._actions.unstaffed())
        self._running.begin(
            [
                ask_silent_phones(self._asterisk, everybody),
                keep_net_in_step(self._asterisk, self._settings, everybody),
            ]
        )

    def _restored(self, events: Iterable[Event]) -> tuple[Router, list[Command]]:
        """The core with the whole state in it, and what it decides; in a thread, since nobody else knows it yet."""
        router = self._new_router()
        router.adopt(self.router)
        return router, router.restore(events, self._clock.now_ms())

    def _ask_resync(self, why: str) -> None:
        if not self._resync_asked:
            log.warning("resync", why=why)
            self._resync_asked = True
            self._inbox.put_nowait(LinkUp())

    async def _try_again(self) -> None:
        await self._clock.sleep(BEAT_EVERY_S)
        self._inbox.put_nowait(LinkUp())

    # -- time ------------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        self._beat_due_s = self._clock.passed_s() + BEAT_EVERY_S
        self._alive()
        if self._synced:
            self._running.begin([self._say_beat()])

    async def _say_beat(self) -> None:
        await self._asterisk.send(commands.setvar(None, names.BEAT, str(self._clock.now_ms() // 1000)))

    def _patience_s(self) -> float:
        wake_ms, look_s = self.router.next_wake_ms(), self.idle_watch.patience_s()
        waits_s = [self._beat_due_s - self._clock.passed_s()]
        if wake_ms is not None:
            waits_s.append((wake_ms - self._clock.now_ms()) / 1000)
        if look_s is not None:
            waits_s.append(look_s)
        return max(min(waits_s), 0.001)
