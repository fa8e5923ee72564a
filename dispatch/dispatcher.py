"""The live dispatcher: manager events in, the routing core in the middle, manager actions out.

One queue, one consumer: order is kept, and every handler is idempotent. The heartbeat is sent by the consumer itself,
so that a dispatcher that is stuck stops beating and the dialplan's safety net takes the callers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from calls.alarms import AlarmKind
from calls.events import CallGone, CallPrioritised, Event, OperatorAnswered, Reachability, SkillsChanged, Tick
from calls.ids import CallId, OperatorId
from calls.journal import Fact
from calls.portions import Pace, in_portions
from config.settings import Settings
from dialplan import names
from dispatch.actions import Deeds
from dispatch.ami_events import doubtful, events_of, left_unnamed, lost_contact, taken_over
from dispatch.callbacks import Callbacks, Recalled, callback_of
from dispatch.idle_watch import IdleWatch, when_said_ms
from dispatch.overrides import Standing
from dispatch.pulse import Pulse
from dispatch.recent_answers import AnswersSeen
from dispatch.resync import ask_silent_phones, keep_net_in_step, seen_channels, whole_truth
from dispatch.slowing import Slowing
from dispatch.stray_callers import forgotten
from dispatch.wait_announcements import Foretelling, recalled
from routing.commands import Alarm, Command, MoveOn, Offer, Reclaim
from routing.core import Router
from routing.from_settings import configured_router
from routing.target.day import Lent
from storage.errors import LedgerUnavailableError
from storage.journal.writer import ControllerJournal
from telephony import commands
from telephony.ami import AmiLink
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
        link: AmiLink,
        inbox: Inbox,
        journal: ControllerJournal,
        alive: Callable[[], None],
        recall: Callable[[], Awaitable[Recalled]],
    ) -> None:
        self._settings = settings
        self._link = link
        self._inbox = inbox
        self.foretelling = Foretelling()
        self.answers = AnswersSeen()
        self._recall = recall
        self.callbacks = Callbacks(settings.callback, settings.hotline.time_zone)
        self.standing = Standing(settings, link)
        self.idle_watch = IdleWatch()
        self._pulse = Pulse(link, settings.sip.silent_s, self._phone_lost)
        self._alive = alive
        self._pace = Pace()
        self._deeds = Deeds(
            settings, link, journal, self.callbacks, self.foretelling, lambda: self.router, self.say, self._ask_resync
        )
        self.slowing = Slowing(settings, link, self._deeds.alarm, self._deeds.note)
        self._in_truth = False
        self._resync_asked = False
        self._before_truth = 0
        """So many items at the head of the inbox came before the truth that we know."""
        self._beat_due_s = 0.0
        self._forgotten: frozenset[CallId] = frozenset()
        self.router = self._new_router()

    async def run(self) -> None:
        """Consume until cancelled. An error in a handler is a bug of ours: told, and mended by a rebuilt truth."""
        while True:
            try:
                await self._step()
                await self._pace.breathe()
            except Exception as error:  # one bad event must not throw every caller into the safety net
                log.exception("event not handled")
                self._deeds.note(Fact.ALARM, kind=AlarmKind.BUG, detail=repr(error)[:200])
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
        if time.monotonic() >= self._beat_due_s:
            self._handle(Tick())
            if self._in_truth:
                self._look_at_callbacks()
            self._beat()
        if self._in_truth and self.idle_watch.patience_s() == 0.0:
            self._deeds.perform(self.idle_watch.look(self.router, heard_all=self._inbox.empty()))

    @property
    def in_truth(self) -> bool:
        """Whether what we know is what Asterisk says."""
        return self._in_truth

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
        """Call nobody for it any more, nor after a restart; a call that is being made goes on. Raises OSError."""
        self._deeds.note_cancelled(asked_in)
        made = self.callbacks.call_for(asked_in)
        self.callbacks.cancel(asked_in, _now_ms())
        if made is not None and (place := self.router.calls.get(made)) is not None and place.offered_to is None:
            self.say(CallGone(made))

    async def _take(self, item: LinkItem | Said) -> None:
        older = self._before_truth > 0
        self._before_truth -= older
        match item:
            case LinkUp():
                self.slowing.say_again()
                await self._resync("the link is up")
            case LinkDown(reason):
                self._in_truth = False
                log.warning("asterisk is away", reason=reason)
            case Said(event, keep):
                if keep:
                    self._deeds.keep(event)
                self._handle(event)
            case AmiEvent(name, fields):
                # Asterisk stamps each event; a caller's line breaks in a number, which it puts into one raw, do not.
                if "Timestamp" in fields:
                    self.slowing.heard(name, fields, _now_ms())
                if self._in_truth and not older and "Timestamp" in fields:
                    if name == "AttendedTransfer" and (detail := taken_over(fields)):
                        self._deeds.perform([Alarm(AlarmKind.DIALOG_NOT_OWN, detail)])
                    if name == "UserEvent":
                        self._heed_callback(fields)
                    elif left_unnamed(name, fields):
                        self._deeds.later(self._deeds.guarded(self._deeds.look_for_misplaced()))
                    elif operator := lost_contact(name, fields):
                        self._deeds.later(self._deeds.guarded(self._deeds.look_for_phone(operator)))
                    for event in events_of(name, fields):
                        self._handle(event, when_said_ms(fields, _now_ms()))
                    if (operator := doubtful(name, fields)) and (lines := self._talking().get(operator)):
                        self._deeds.later(self._deeds.guarded(self._pulse.doubt(operator, lines)))

    def _heed_callback(self, fields: Mapping[str, str]) -> None:
        now_ms = _now_ms()
        match fields.get("UserEvent"):
            case names.CALLBACK_EVENT if asked := callback_of(fields, now_ms):
                self.callbacks.asked(asked)
                self.foretelling.forget(asked.asked_in)
                self._handle(CallGone(asked.asked_in))  # from now on the place is kept without the channel
            case names.CALLBACK_TRIED_EVENT:
                self.callbacks.tried(CallId(fields.get("Of", "")), fields.get("Status", ""), now_ms)
            case _:
                pass

    def _handle(self, event: Event, said_ms: int | None = None) -> None:
        if self._in_truth:
            now_ms = _now_ms()
            self.idle_watch.heard(event, now_ms if said_ms is None else said_ms)
            self.foretelling.before(event, self.router, now_ms)
            self.answers.before(event, self.router, now_ms)
            decided = self.router.handle(event, now_ms)
            self._deeds.perform(decided)
            self.foretelling.after(event, self.router, now_ms)
            if isinstance(event, CallGone):
                self.callbacks.gone(event.call, now_ms)
            elif isinstance(event, OperatorAnswered):
                self.callbacks.talked(event.call)
                self._deeds.later(self._deeds.guarded(self._pulse.talk_began(event.operator)))
            elif isinstance(event, SkillsChanged):
                self._deeds.say_unstaffed_soon()
            elif isinstance(event, CallPrioritised):
                self.callbacks.prioritised(event.call, event.priority_s)

    def _talking(self) -> dict[OperatorId, tuple[str, ...]]:
        """Who talks, with the channels of the phone."""
        return {one.id: tuple(one.legs) for one in self.router.operators.values() if one.talking}

    def _phone_lost(self, reachability: Reachability) -> None:
        self._deeds.perform([Alarm(AlarmKind.PHONE_LOST, reachability.operator)])
        self.say(reachability)

    def lend(self, lent: Lent) -> None:
        """Let these operators help groups in danger, and nobody else, from this moment on (rule 7)."""
        if self._in_truth:
            self._deeds.perform(self.router.widen(lent, _now_ms()))

    async def audit(self) -> None:
        """Look every few seconds for callers whom a lost event has left without care. Runs until cancelled."""
        while True:
            await asyncio.sleep(AUDIT_EVERY_S)
            if self._in_truth:
                await self._deeds.guarded(self._look_for_forgotten())
                await self._look_for_owed()

    def _look_at_callbacks(self) -> None:
        """Who may be called enters the line, who may not leaves it."""
        for call in self.callbacks.leaving(_now_ms()):
            if (place := self.router.calls.get(call)) is not None and place.offered_to is None:
                self._handle(CallGone(call))
        for waiting in self.callbacks.due(_now_ms()):
            self._handle(waiting)
        for asked_in, why in self.callbacks.dropped():
            self._deeds.note_dropped(asked_in, why)

    async def _look_for_owed(self) -> None:
        """Callbacks that were asked of a controller before us, or whose news was lost."""
        try:
            self.callbacks.recalled(await self._recall())
        except LedgerUnavailableError as error:
            log.warning("callbacks not recalled", error_id=error.error_id, error=str(error))

    async def _look_for_forgotten(self) -> None:
        channels = await seen_channels(self._link)
        self._deeds.later(self._deeds.guarded(self._pulse.listen(self._talking(), channels)))
        seen = await asyncio.to_thread(forgotten, channels, frozenset(self.router.calls))
        twice = seen.of(self._forgotten)
        self._forgotten = seen.calls
        for waiting in twice.waiting:
            self._deeds.perform([Alarm(AlarmKind.FORGOTTEN_CALLER, waiting.call)])
            self.say(waiting)
        self._deeds.perform([Reclaim(call, channel) for call, channel in twice.in_net])
        for call, channel in twice.misplaced:
            self._deeds.perform([Alarm(AlarmKind.MISPLACED_CALLER, call), MoveOn(call, channel)])

    # -- the truth -------------------------------------------------------------------------------------------------

    def _new_router(self) -> Router:
        return configured_router(self._settings)

    async def _resync(self, why: str) -> None:
        """Rebuild from Asterisk; what was said before counts no more. On failure the next link-up tries again."""
        self._in_truth = self._resync_asked = False
        self._deeds.forget()
        started_s, older = time.time(), self._inbox.qsize()  # not by the clock: it may be set back
        try:
            await self._say_beat()  # first, so that nobody falls into the net while we look
            truth = await whole_truth(self._link, self.router.operators)
            if truth.in_net:  # nobody is offered while the net may ring the same phones
                await asyncio.gather(
                    *(self._deeds.guarded(self._deeds.reclaim(channel)) for _, channel in truth.in_net)
                )
                started_s, older = time.time(), self._inbox.qsize()
                truth = await whole_truth(self._link, self.router.operators)
            standing = await self.standing.recall()
        except TelephonyError as error:
            log.warning("no truth from asterisk", why=why, error=str(error))
            self._deeds.later(self._try_again(why))
            return
        self.callbacks.doubt(dict(truth.callbacks), _now_ms())
        events = (*standing, *truth.events)
        router, decided = await asyncio.to_thread(self._restored, events)
        self.router, self._before_truth, self._in_truth = router, older, True
        self.idle_watch.rebuilt(events, _now_ms())
        self._beat()
        offers = [command for command in decided if isinstance(command, Offer)]
        self._deeds.perform(offers)
        said = {call: told async for call, text in in_portions(truth.told) if (told := recalled(text))}
        async for _ in in_portions(self.foretelling.rebuilding(router, said, _now_ms())):
            pass
        async for command in in_portions([command for command in decided if not isinstance(command, Offer)]):
            self._deeds.perform([command])
        self._deeds.perform([Reclaim(call, channel) for call, channel in truth.in_net])
        self._deeds.perform([MoveOn(call, channel) for call, channel in truth.misplaced])
        self._deeds.say_unstaffed_soon()
        self._deeds.later(self._deeds.guarded(ask_silent_phones(self._link, router.operators.values())))
        self._deeds.later(self._deeds.guarded(keep_net_in_step(self._link, self._settings, router.operators.values())))
        log.info("truth rebuilt", why=why, waiting=len(router.waiting()), in_net=len(truth.in_net),
                 took_ms=round((time.time() - started_s) * 1000))  # fmt: skip

    def _restored(self, events: Iterable[Event]) -> tuple[Router, list[Command]]:
        """The core with the whole truth in it, and what it decides; in a thread, since nobody else knows it yet."""
        router = self._new_router()
        router.adopt(self.router)
        return router, router.restore(events, _now_ms())

    def _ask_resync(self, why: str) -> None:
        if not self._resync_asked:
            log.warning("resync", why=why)
            self._resync_asked = True
            self._inbox.put_nowait(LinkUp())

    async def _try_again(self, why: str) -> None:
        await asyncio.sleep(BEAT_EVERY_S)
        self._inbox.put_nowait(LinkUp())

    # -- time ------------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        self._beat_due_s = time.monotonic() + BEAT_EVERY_S
        self._alive()
        if self._in_truth:
            self._deeds.later(self._deeds.guarded(self._say_beat()))

    async def _say_beat(self) -> None:
        await self._link.send(commands.setvar(None, names.BEAT, str(int(time.time()))))

    def _patience_s(self) -> float:
        wake_ms, look_s = self.router.next_wake_ms(), self.idle_watch.patience_s()
        waits_s = [self._beat_due_s - time.monotonic()]
        if wake_ms is not None:
            waits_s.append(wake_ms / 1000 - time.time())
        if look_s is not None:
            waits_s.append(look_s)
        return max(min(waits_s), 0.001)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
