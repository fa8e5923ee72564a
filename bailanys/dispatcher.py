"""The live dispatcher: manager events in, the routing core in the middle, manager actions out.

One queue, one consumer: order is kept, and every handler is idempotent. The heartbeat is sent by the consumer itself,
so that a dispatcher that is stuck stops beating and the dialplan's safety net takes the callers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from bailanys.audit import forgotten
from bailanys.callbacks import Callbacks, callback_of
from bailanys.destinations import is_logged_in, unstaffed_numbers
from bailanys.foretelling import Foretelling, kept, recalled
from bailanys.journal import ControllerJournal
from bailanys.resync import ask_silent_phones, keep_net_in_step, seen_channels, whole_truth
from calls.callback import Callback
from calls.events import CallGone, DutyChanged, Event, OperatorAnswered, Tick
from calls.ids import CallId, OperatorId
from calls.journal import Fact
from calls.tracker import events_of
from config.settings import Settings
from dialplan import names
from routing.commands import Alarm, Announce, Command, Join, KeepDuty, MoveOn, Offer, Reclaim, Resync, ShowState
from routing.configured import configured_router
from routing.core import Router
from speech.compose import SUBFOLDER
from storage.errors import LedgerUnavailableError
from telephony import commands
from telephony.ami import AmiLink
from telephony.ami_event import AmiEvent, LinkDown, LinkItem, LinkUp
from telephony.errors import AmiRefusedError, TelephonyError

log = structlog.get_logger(__name__)

BEAT_EVERY_S = 1.0
AUDIT_EVERY_S = 5.0
MOVE_LOOKS = 40
MOVE_LOOK_EVERY_S = 0.05
CALLBACK_OFFER = "callback-offer"


@dataclass(frozen=True, slots=True)
class Said:
    """An event of our own on the same queue: from the command line, or from an action that failed."""

    event: Event
    keep: bool = False
    """Whether a duty must also be kept in AstDB and in the safety net."""


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
        owed: Callable[[], Awaitable[list[Callback]]],
    ) -> None:
        self._settings = settings
        self._link = link
        self._inbox = inbox
        self._journal = journal
        self.foretelling = Foretelling()
        self._owed = owed
        self.callbacks = Callbacks(settings.callback, settings.hotline.time_zone)
        self._alive = alive
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_truth = False
        self._resync_asked = False
        self._truth_at_s = 0.0
        self._beat_due_s = 0.0
        self._forgotten: frozenset[CallId] = frozenset()
        self._unstaffed = ""
        self._logged_in: set[str] = set()
        self.router = self._new_router()

    async def run(self) -> None:
        """Consume until cancelled. An error in a handler is a bug of ours: told, and mended by a rebuilt truth."""
        while True:
            try:
                await self._step()
            except Exception as error:  # one bad event must not throw every caller into the safety net
                log.exception("event not handled")
                self._note(Fact.ALARM, kind="bug", detail=repr(error)[:200])
                await self._resync("an event was not handled")

    async def _step(self) -> None:
        item: LinkItem | Said | None
        try:
            item = self._inbox.get_nowait()  # a time-out costs a timer, so only when there is nothing to do
        except asyncio.QueueEmpty:
            item = await self._next_item()
        if item is None:
            self._handle(Tick())
        else:
            await self._take(item)
        if time.monotonic() >= self._beat_due_s:
            self._handle(Tick())
            for waiting in self.callbacks.due(_now_ms()) if self._in_truth else ():
                self._handle(waiting)
            self._beat()

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

    async def _take(self, item: LinkItem | Said) -> None:
        match item:
            case LinkUp():
                await self._resync("the link is up")
            case LinkDown(reason):
                self._in_truth = False
                log.warning("asterisk is away", reason=reason)
            case Said(event, keep):
                if keep and isinstance(event, DutyChanged):
                    self._perform([KeepDuty(event.operator, event.ready, event.reason)])
                self._handle(event)
            case AmiEvent(name, fields):
                if self._in_truth and float(fields.get("Timestamp", "0") or 0) >= self._truth_at_s:
                    if name == "UserEvent":
                        self._heed_callback(fields)
                    for event in events_of(name, fields):
                        self._handle(event)

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

    def _handle(self, event: Event) -> None:
        if self._in_truth:
            now_ms = _now_ms()
            self.foretelling.before(event, self.router, now_ms)
            decided = self.router.handle(event, now_ms)
            self._perform(decided)
            self.foretelling.after(event, self.router, now_ms)
            if isinstance(event, CallGone):
                self.callbacks.gone(event.call, now_ms)
            elif isinstance(event, OperatorAnswered):
                self.callbacks.talked(event.call)

    async def audit(self) -> None:
        """Look every few seconds for callers whom a lost event has left without care. Runs until cancelled."""
        while True:
            await asyncio.sleep(AUDIT_EVERY_S)
            if self._in_truth:
                await self._guarded(self._look_for_forgotten())
                await self._look_for_owed()

    async def _look_for_owed(self) -> None:
        """Callbacks that were asked of a controller before us, or whose news was lost."""
        try:
            for owed in await self._owed():
                self.callbacks.asked(owed)
        except LedgerUnavailableError as error:
            log.warning("callbacks not recalled", error_id=error.error_id, error=str(error))

    async def _look_for_forgotten(self) -> None:
        seen = forgotten(await seen_channels(self._link), self.router.calls)
        twice = seen.of(self._forgotten)
        self._forgotten = seen.calls
        for waiting in twice.waiting:
            self._perform([Alarm("forgotten-caller", waiting.call)])
            self.say(waiting)
        self._perform([Reclaim(call, channel) for call, channel in twice.in_net])

    # -- the truth -------------------------------------------------------------------------------------------------

    def _new_router(self) -> Router:
        return configured_router(self._settings)

    async def _resync(self, why: str) -> None:
        """Rebuild from Asterisk; what was said before counts no more. On failure the next link-up tries again."""
        self._in_truth = self._resync_asked = False
        self._unstaffed = ""
        started_s = time.time()
        try:
            await self._say_beat()  # first, so that nobody falls into the net while we look
            truth = await whole_truth(self._link, self.router.operators)
            if truth.in_net:  # nobody is offered while the net may ring the same phones
                await asyncio.gather(*(self._guarded(self._reclaim(channel)) for _, channel in truth.in_net))
                started_s = time.time()
                truth = await whole_truth(self._link, self.router.operators)
        except TelephonyError as error:
            log.warning("no truth from asterisk", why=why, error=str(error))
            self._later(self._try_again(why))
            return
        router = self._new_router()
        router.adopt(self.router)
        self.router, self._truth_at_s, self._in_truth = router, started_s, True
        for call, asked_in in truth.callbacks:
            self.callbacks.made_by_another(call, asked_in)
        decided = router.restore((*truth.events, *self.callbacks.unseen(truth.there)), _now_ms())
        self._beat()
        said = {call: told for call, text in truth.told if (told := recalled(text))}
        self.foretelling.rebuilt(router, said, _now_ms())
        self._perform(decided)
        self._perform([Reclaim(call, channel) for call, channel in truth.in_net])
        self._later(self._guarded(self._say_unstaffed()))
        self._later(self._guarded(ask_silent_phones(self._link, router.operators.values())))
        self._later(self._guarded(keep_net_in_step(self._link, self._settings, router.operators.values())))
        log.info("truth rebuilt", why=why, waiting=len(router.waiting()), in_net=len(truth.in_net),
                 took_ms=round((time.time() - started_s) * 1000))  # fmt: skip

    async def _try_again(self, why: str) -> None:
        await asyncio.sleep(BEAT_EVERY_S)
        self._inbox.put_nowait(LinkUp())

    # -- deeds -----------------------------------------------------------------------------------------------------

    def _perform(self, decided: list[Command]) -> None:
        for command in decided:  # offers first: somebody is waiting
            if isinstance(command, Offer):
                self._later(self._offer(command))
        for command in decided:
            match command:
                case Announce():
                    self._later(self._guarded(self._announce(command)))
                case Reclaim(_, channel):
                    self._later(self._guarded(self._reclaim(channel)))
                case Join():
                    self._later(self._guarded(self._join(command)))
                case MoveOn(_, channel):
                    self._later(self._guarded(self._move_on(channel)))
                case KeepDuty():
                    self._later(self._guarded(self._keep_duty(command)))
                case ShowState(operator, state, reason):
                    self._note(Fact.PRESENCE, operator=operator, state=state, reason=reason, at_ms=_now_ms())
                    log.info("operator", operator=operator, state=state, reason=reason)
                    if is_logged_in(self.router.operators[OperatorId(operator)]) is not (operator in self._logged_in):
                        self._logged_in ^= {operator}
                        self._later(self._guarded(self._say_unstaffed()))
                case Alarm(kind, detail):
                    self._note(Fact.ALARM, kind=kind, detail=detail)
                    log.error("alarm", kind=kind, detail=detail)
                case Resync(why) if not self._resync_asked:
                    log.warning("resync", why=why)
                    self._resync_asked = True
                    self._inbox.put_nowait(LinkUp())
                case Offer():
                    log.info("offer", call=command.call, operator=command.operator)

    async def _offer(self, offer: Offer) -> None:
        try:
            if offer.channel:
                await self._link.send(commands.redirect(offer.channel, names.CONNECT, offer.operator))
            else:
                await self._call_back(offer)
        except AmiRefusedError as error:
            log.info("the caller is gone", call=offer.call, answer=str(error))
            self.say(CallGone(offer.call))
        except TelephonyError as error:
            log.warning("offer without an answer", call=offer.call, error=str(error))

    async def _call_back(self, offer: Offer) -> None:
        """Make a stand-in for the caller, and send it to the operator. Raises TelephonyError."""
        carried = self.callbacks.variables(offer.call, _now_ms())
        if carried is None:
            self.say(CallGone(offer.call))
            return
        stand_in = f"Local/s@{names.CALLBACK_LEG}/n"
        await self._link.send(commands.originate(stand_in, offer.call, names.CALLBACK, offer.operator, carried))

    async def _reclaim(self, channel: str) -> None:
        await self._link.send(commands.redirect(channel, names.WAITING, "back"))

    async def _move_on(self, channel: str) -> None:
        """Once the caller stands where the consultation waited: sooner, Asterisk's own move undoes ours."""
        for _ in range(MOVE_LOOKS):
            places = {seen.name: seen.context for seen in await seen_channels(self._link)}
            if places.get(channel) not in (names.CONNECT, None):
                break
            await asyncio.sleep(MOVE_LOOK_EVERY_S)
        await self._link.send(commands.redirect(channel, names.MOVED_ON))

    async def _join(self, join: Join) -> None:
        await self._link.send(commands.setvar(join.channel, names.PEER, join.operator_channel))
        await self._link.send(
            commands.redirect_both(join.channel, names.JOINED, join.operator, join.operator_channel, names.JOINING)
        )

    async def _say_unstaffed(self) -> None:
        """Tell the dialplan which groups nobody is logged in for: no phone can transfer there (rule 11)."""
        said = unstaffed_numbers(self._settings, self.router.operators.values())
        if said != self._unstaffed:
            self._unstaffed = said
            await self._link.send(commands.setvar(None, names.UNSTAFFED, said))

    async def _announce(self, place: Announce) -> None:
        if not place.channel or place.channel.startswith("Local/"):
            return  # a callback's place: nobody listens
        words = self.foretelling.words(place, self.router, _now_ms())
        callback = self._settings.callback
        ask = bool(callback.outbound) and (words.wait_s is None or words.wait_s >= callback.after_s)
        prompts = (*words.prompts, CALLBACK_OFFER) if ask else words.prompts
        files = "&".join(f"{SUBFOLDER}/{prompt}" for prompt in prompts)
        await self._link.send(commands.setvar(place.channel, names.ASK, "1" if ask else ""))
        await self._link.send(commands.setvar(place.channel, names.SAY, files))
        await self._link.send(commands.setvar(place.channel, names.TOLD, kept(words.told)))
        waiting = self.router.calls.get(place.call)
        if waiting is not None and waiting.offered_to is None:  # an offer may have come in between
            await self._link.send(commands.redirect(place.channel, names.ANNOUNCE, "s"))

    async def _keep_duty(self, duty: KeepDuty) -> None:
        said = "ready:" if duty.ready else f"paused:{duty.reason}"
        await self._link.send(commands.db_put(names.PRESENCE_FAMILY, duty.operator, said))
        interface = f"PJSIP/{names.account(duty.operator)}"
        await self._link.send(commands.queue_pause(interface, paused=not duty.ready, reason=duty.reason))

    def _beat(self) -> None:
        self._beat_due_s = time.monotonic() + BEAT_EVERY_S
        self._alive()
        if self._in_truth:
            self._later(self._guarded(self._say_beat()))

    async def _say_beat(self) -> None:
        await self._link.send(commands.setvar(None, names.BEAT, str(int(time.time()))))

    async def _guarded(self, deed: Awaitable[object]) -> None:
        try:
            await deed
        except TelephonyError as error:
            log.info("asterisk did not do it", error_id=error.error_id, answer=str(error))

    def _later(self, deed: Awaitable[None]) -> None:
        task = asyncio.ensure_future(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note(self, fact: Fact, **fields: str | int) -> None:
        try:
            self._journal.write(fact, _now_ms(), fields)
        except OSError as error:  # a full disk must not stop the calls
            log.error("journal not written", error=str(error))

    def _patience_s(self) -> float:
        wake_ms = self.router.next_wake_ms()
        until_beat_s = self._beat_due_s - time.monotonic()
        if wake_ms is None:
            return max(until_beat_s, 0.001)
        return max(min(until_beat_s, wake_ms / 1000 - time.time()), 0.001)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
