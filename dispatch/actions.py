"""What the routing core wants done, done at Asterisk: each deed by itself, none ever waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import quote

import structlog

from calls.events import CallGone, DutyChanged, Event, Reachability, WrapUpSet
from calls.ids import CallId, OperatorId
from calls.journal import Fact
from config.settings import Settings
from dialplan import names
from dispatch.callbacks import Callbacks
from dispatch.destinations import is_logged_in, unstaffed_numbers
from dispatch.redirect import moved, offered, placed
from dispatch.resync import has_contact, seen_channel, seen_channels
from dispatch.snapshot import is_misplaced
from dispatch.wait_announcements import Foretelling, kept
from routing.commands import Alarm, Announce, Command, KeepDuty, MoveOn, Offer, Reclaim, Resync, ShowState
from routing.core import Router
from speech.compose import SUBFOLDER
from storage.journal.writer import ControllerJournal
from telephony import commands
from telephony.ami import AmiLink
from telephony.errors import AmiRefusedError, TelephonyError

log = structlog.get_logger(__name__)

MOVE_LOOKS = 40
MOVE_LOOK_EVERY_S = 0.05
JOIN_LOOKS_S = (0.03, 0.1, 0.3, 1.0)
CALLBACK_OFFER = "callback-offer"


class Deeds:
    """Performs commands; what Asterisk refuses is told and mended by the next truth."""

    def __init__(
        self,
        settings: Settings,
        link: AmiLink,
        journal: ControllerJournal,
        callbacks: Callbacks,
        foretelling: Foretelling,
        router: Callable[[], Router],
        say: Callable[[Event], None],
        ask_resync: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._link = link
        self._journal = journal
        self._callbacks = callbacks
        self._foretelling = foretelling
        self._router = router
        self._say = say
        self._ask_resync = ask_resync
        self._tasks: set[asyncio.Task[None]] = set()
        self._unstaffed = ""
        self._unstaffed_due = False
        self._logged_in: set[str] = set()

    def forget(self) -> None:
        """Believe nothing of what Asterisk was told before: it may be another one."""
        self._unstaffed = ""

    def perform(self, decided: Iterable[Command]) -> None:
        """Begin every deed; offers first, since somebody is waiting."""
        decided = list(decided)
        for command in decided:
            if isinstance(command, Offer):
                self.later(self._offer(command))
        for command in decided:
            match command:
                case Announce():
                    self.later(self.guarded(self._announce(command)))
                case Reclaim(_, channel):
                    self.later(self.guarded(self.reclaim(channel)))
                case MoveOn(_, channel):
                    self.later(self.guarded(self._move_on(channel)))
                case KeepDuty():
                    self.later(self.guarded(self._keep_duty(command)))
                case ShowState(operator, state, reason):
                    self.note(Fact.PRESENCE, operator=operator, state=state, reason=reason, at_ms=_now_ms())
                    log.info("operator", operator=operator, state=state, reason=reason)
                    if is_logged_in(self._router().operators[OperatorId(operator)]) is not (
                        operator in self._logged_in
                    ):
                        self._logged_in ^= {operator}
                        self.say_unstaffed_soon()
                case Alarm(kind, detail):
                    self.alarm(kind, detail)
                case Resync(why):
                    self._ask_resync(why)
                case Offer():
                    log.info("offer", call=command.call, operator=command.operator)

    async def _offer(self, offer: Offer) -> None:
        try:
            if offer.channel:
                await self._send_to_operator(offer)
            else:
                await self._call_back(offer)
        except AmiRefusedError as error:
            log.info("the caller is gone", call=offer.call, answer=str(error))
            self._say(CallGone(offer.call))
        except TelephonyError as error:
            log.warning("offer without an answer", call=offer.call, error=str(error))

    async def _send_to_operator(self, offer: Offer) -> None:
        """Until the offer has begun, or stands no more. Raises TelephonyError."""
        place = self._router().calls.get(offer.call)  # the very one: after a rebuilt truth the call is offered anew
        if place is None:
            return

        def stands() -> bool:
            return self._router().calls.get(offer.call) is place and place.offered_to == offer.operator

        where = names.GIVEN_BACK if offer.given_back else names.CONNECT
        lost = await offered(self._link, offer.channel, (where, offer.operator), place.offers, stands)
        if lost:
            log.warning("a move was lost on the way", call=offer.call, operator=offer.operator, times=lost)

    async def _call_back(self, offer: Offer) -> None:
        """Make a stand-in for the caller, and send it to the operator. Raises TelephonyError."""
        carried = self._callbacks.begin(offer.call, _now_ms())
        if carried is None:
            self._say(CallGone(offer.call))
            return
        codecs = self._settings.sip.codecs
        stand_in = f"Local/s@{names.CALLBACK_LEG}/n"
        await self._link.send(commands.originate(stand_in, offer.call, names.CALLBACK, offer.operator, carried, codecs))

    async def reclaim(self, channel: str) -> None:
        """Take a caller back from the safety net. Raises TelephonyError."""
        await placed(self._link, channel, (names.WAITING, "back"), lambda now: now.context == names.NET)

    async def _move_on(self, channel: str) -> None:
        """Once the caller stands where the consultation waited: sooner, Asterisk's own move undoes ours.

        The channel's id says so, which is then another's than that of whom the place was for; until it does not.
        """
        move, moves = commands.redirect(channel, names.MOVED_ON), 0
        for _ in range(MOVE_LOOKS):
            seen = await seen_channel(self._link, channel)
            if seen is None:
                return
            if is_misplaced(seen):
                moves += 1
                await moved(self._link.send, move, lambda: False)  # once: the next look says whether it was taken
            elif moves:
                break
            await asyncio.sleep(MOVE_LOOK_EVERY_S)  # else not there yet, or the dialplan itself has noticed
        if moves > 1:
            log.warning("a move was lost on the way", channel=channel, times=moves - 1)

    async def look_for_misplaced(self) -> None:
        """Move on whoever a join has put into another channel's place, when Asterisk does not say whom."""
        for pause_s in JOIN_LOOKS_S:
            await asyncio.sleep(pause_s)
            for seen in await seen_channels(self._link):
                if is_misplaced(seen):
                    self.later(self.guarded(self._move_on(seen.name)))

    async def look_for_phone(self, operator: OperatorId) -> None:
        """Log an operator out whose last registration is gone, in a talk, too: nothing is rung when it ends."""
        if not await has_contact(self._link, operator):
            self._say(Reachability(operator, False))

    def say_unstaffed_soon(self) -> None:
        """The same for any number of changes at once."""
        if self._unstaffed_due:
            return
        self._unstaffed_due = True
        self.later(self.guarded(self.say_unstaffed()))

    async def say_unstaffed(self) -> None:
        """Tell the dialplan which groups nobody is logged in for: no phone can transfer there (rule 11)."""
        self._unstaffed_due = False
        said = unstaffed_numbers(self._settings, self._router().operators.values())
        if said != self._unstaffed:
            self._unstaffed = said
            await self._link.send(commands.setvar(None, names.UNSTAFFED, said))

    async def _announce(self, place: Announce) -> None:
        if not place.channel or place.channel.startswith("Local/"):
            return  # a callback's place: nobody listens
        seen = await seen_channel(self._link, place.channel)
        if seen is None or seen.context != names.WAITING:
            return  # the caller is giving a number to be called back at: not to be cut short
        words = self._foretelling.words(place, self._router(), _now_ms())
        callback = self._settings.callback
        ask = bool(callback.outbound) and (words.wait_s is None or words.wait_s >= callback.after_s)
        prompts = (*words.prompts, CALLBACK_OFFER) if ask else words.prompts
        files = "&".join(f"{SUBFOLDER}/{prompt}" for prompt in prompts)
        await self._link.send(commands.setvar(place.channel, names.SAY, files))
        await self._link.send(commands.setvar(place.channel, names.TOLD, kept(words.told)))
        waiting = self._router().calls.get(place.call)
        if waiting is not None and waiting.offered_to is None:  # an offer may have come in between
            words_and_question = names.ANNOUNCE_AND_ASK if ask else names.ANNOUNCE
            await self._link.send(commands.redirect(place.channel, names.WAITING, words_and_question))

    def keep(self, event: Event) -> None:
        """Keep what was said of an operator where it outlives us."""
        match event:
            case DutyChanged():
                self.perform([KeepDuty(event.operator, event.ready, event.reason)])
            case WrapUpSet():
                self.later(self.guarded(self._keep_wrap_up(event)))
            case _:
                pass

    async def _keep_wrap_up(self, wrap_up: WrapUpSet) -> None:
        said = f"{wrap_up.from_ms}:{wrap_up.ends_ms}"
        await self._link.send(commands.db_put(names.WRAP_UP_FAMILY, wrap_up.operator, said))

    async def _keep_duty(self, duty: KeepDuty) -> None:
        said = "ready:" if duty.ready else f"paused:{quote(duty.reason, safe='')}"
        await self._link.send(commands.db_put(names.PRESENCE_FAMILY, duty.operator, said))
        if duty.ready:  # which ends the wrap-up
            await self._keep_wrap_up(WrapUpSet(duty.operator, _now_ms(), _now_ms()))
        interface = f"PJSIP/{names.account(duty.operator)}"
        await self._link.send(commands.queue_pause(interface, paused=not duty.ready))

    def note_cancelled(self, asked_in: CallId) -> None:
        """Write down that a callback is owed no more. Raises OSError: who asked must know that it is not so."""
        self._journal.write(Fact.CALLBACK_CANCELLED, _now_ms(), {}, asked_in)

    def note_dropped(self, asked_in: CallId, why: str) -> None:
        """Write down that nobody is called for it, and why."""
        try:
            self._journal.write(Fact.CALLBACK_CANCELLED, _now_ms(), {"reason": why}, asked_in)
        except OSError as error:  # after a restart it is decided anew
            log.error("journal not written", error=str(error))

    async def guarded(self, deed: Awaitable[object]) -> None:
        """Do it; a refusal is told and no more."""
        try:
            await deed
        except TelephonyError as error:
            log.info("asterisk did not do it", error_id=error.error_id, answer=str(error))

    def later(self, deed: Awaitable[None]) -> None:
        """Begin it without waiting for its end."""
        task = asyncio.ensure_future(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def alarm(self, kind: str, detail: str) -> None:
        """Tell of what a person should look at."""
        self.note(Fact.ALARM, kind=kind, detail=detail)
        log.error("alarm", kind=kind, detail=detail)

    def note(self, fact: Fact, **fields: str | int) -> None:
        """Write a fact into the journal; a full disk must not stop the calls."""
        try:
            self._journal.write(fact, _now_ms(), fields)
        except OSError as error:
            log.error("journal not written", error=str(error))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
