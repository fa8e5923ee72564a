"""Carries out the routing core's commands as AMI actions.

Each is a coroutine that the dispatcher runs in a task of its own (`dispatch/running.py`); none is ever waited for, and
what came of it is returned as events for the dispatcher's queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import accumulate
from urllib.parse import quote

import structlog

from calls.events import CallGone, DutyChanged, Event, Reachability, SkillsChanged, WrapUpSet
from calls.ids import OperatorId
from calls.journal import Fact
from config.settings import Settings
from dialplan import names
from dispatch.callbacks import Callbacks
from dispatch.channels import has_contact, seen_channel, seen_channels
from dispatch.destinations import is_logged_in, unstaffed_numbers
from dispatch.notes import Notes
from dispatch.ports import Asterisk, Clock
from dispatch.redirect import Redirects
from dispatch.running import Action, tolerated
from dispatch.snapshot import is_misplaced
from dispatch.wait_announcements import WaitAnnouncements, kept
from dispatch.watchers import Watcher
from routing.commands import Alarm, Announce, Command, KeepDuty, MoveOn, Offer, Reclaim, ShowState
from routing.core import Router
from speech.compose import SUBFOLDER
from telephony import commands
from telephony.errors import AmiRefusedError, TelephonyError

log = structlog.get_logger(__name__)

MOVE_LOOKS = 40
MOVE_LOOK_EVERY_S = 0.05
JOIN_LOOKS_S = (0.03, 0.1, 0.3, 1.0)
"""Pauses between the looks for whom a join has put into another channel's place."""
CALLBACK_OFFER = "callback-offer"


class Actions(Watcher):
    """Turns commands into actions; what Asterisk refuses is put right by the next rebuilt state."""

    def __init__(
        self,
        settings: Settings,
        asterisk: Asterisk,
        clock: Clock,
        notes: Notes,
        callbacks: Callbacks,
        announcements: WaitAnnouncements,
        router: Router,
    ) -> None:
        self._settings = settings
        self._asterisk = asterisk
        self._clock = clock
        self._redirects = Redirects(asterisk, clock)
        self._notes = notes
        self._callbacks = callbacks
        self._announcements = announcements
        self._router = router
        self._unstaffed = ""
        self._unstaffed_due = False
        self._logged_in: set[str] = set()

    def follow(self, router: Router) -> None:
        """From now on this is the core: offers of the one before stand no more."""
        self._router = router

    def forget(self) -> None:
        """Believe nothing of what Asterisk was told before: it may be another one."""
        self._unstaffed = ""

    def of(self, decided: Iterable[Command]) -> list[Action]:
        """What is to be done at Asterisk, offers first, since somebody is waiting; facts are written at once."""
        decided = list(decided)
        actions: list[Action] = [self._offer(command) for command in decided if isinstance(command, Offer)]
        for command in decided:
            match command:
                case Announce():
                    actions.append(self._announce(command))
                case Reclaim(_, channel):
                    actions.append(self.reclaim(channel))
                case MoveOn(_, channel):
                    actions.append(self._move_on(channel))
                case KeepDuty():
                    actions.append(self._keep_duty(command))
                case ShowState():
                    actions += self._show_state(command)
                case Alarm(kind, detail):
                    self._notes.alarm(kind, detail)
                case Offer():
                    log.info("offer", call=command.call, operator=command.operator)
                case _:
                    pass  # Resync is the dispatcher's own
        return actions

    def after(self, event: Event, router: Router, now_ms: int) -> Iterable[Action]:
        """Who serves what may have changed: the dialplan must know which groups nobody serves."""
        return self.unstaffed() if isinstance(event, SkillsChanged) else ()

    # -- offers ----------------------------------------------------------------------------------------------------

    async def _offer(self, offer: Offer) -> Sequence[Event]:
        try:
            if offer.channel:
                await self._send_to_operator(offer)
                return ()
            return await self._call_back(offer)
        except AmiRefusedError as error:
            log.info("the caller is gone", call=offer.call, answer=str(error))
            return (CallGone(offer.call),)
        except TelephonyError as error:
            log.warning("offer without an answer", call=offer.call, error=str(error))
            return ()

    async def _send_to_operator(self, offer: Offer) -> None:
        """Until the offer has begun, or stands no more. Raises TelephonyError."""
        place = self._router.calls.get(offer.call)  # the very one: after a rebuilt state the call is offered anew
        if place is None:
            return

        def stands() -> bool:
            return self._router.calls.get(offer.call) is place and place.offered_to == offer.operator

        where = names.GIVEN_BACK if offer.given_back else names.CONNECT
        lost = await self._redirects.offered(offer.channel, (where, offer.operator), place.offers, stands)
        if lost:
            log.warning("a move was lost on the way", call=offer.call, operator=offer.operator, times=lost)

    async def _call_back(self, offer: Offer) -> Sequence[Event]:
        """Make a stand-in for the caller, and send it to the operator. Raises TelephonyError."""
        carried = self._callbacks.begin(offer.call, self._clock.now_ms())
        if carried is None:
            return (CallGone(offer.call),)
        codecs = self._settings.sip.codecs
        stand_in = f"Local/s@{names.CALLBACK_LEG}/n"
        await self._asterisk.send(
            commands.originate(stand_in, offer.call, names.CALLBACK, offer.operator, carried, codecs)
        )
        return ()

    # -- callers in the wrong place --------------------------------------------------------------------------------

    async def reclaim(self, channel: str) -> None:
        """Take a caller back from the safety net. Raises TelephonyError."""
        await self._redirects.placed(channel, (names.WAITING, "back"), lambda now: now.context == names.NET)

    async def _move_on(self, channel: str) -> None:
        """Once the caller stands where the consultation waited: sooner, Asterisk's own move undoes ours.

        The channel's id says so, which is then another's than that of whom the place was for; until it does not.
        """
        move, moves = commands.redirect(channel, names.MOVED_ON), 0
        for _ in range(MOVE_LOOKS):
            seen = await seen_channel(self._asterisk, channel)
            if seen is None:
                return
            if is_misplaced(seen):
                moves += 1
                await self._redirects.moved(move, lambda: False)  # once: the next look says whether it was taken
            elif moves:
                break
            await self._clock.sleep(MOVE_LOOK_EVERY_S)  # else not there yet, or the dialplan itself has noticed
        if moves > 1:
            log.warning("a move was lost on the way", channel=channel, times=moves - 1)

    def looks_for_misplaced(self) -> list[Action]:
        """Move on whoever a join has put into another channel's place, when Asterisk does not say whom."""
        return [self._look_for_misplaced(after_s) for after_s in accumulate(JOIN_LOOKS_S)]

    async def _look_for_misplaced(self, after_s: float) -> None:
        await self._clock.sleep(after_s)
        misplaced = [seen.name for seen in await seen_channels(self._asterisk) if is_misplaced(seen)]
        await asyncio.gather(*(tolerated(self._move_on(channel)) for channel in misplaced))

    # -- operators -------------------------------------------------------------------------------------------------

    def _show_state(self, shown: ShowState) -> list[Action]:
        """Write the operator's state down; the dialplan is told when somebody logs in or out."""
        operator = OperatorId(shown.operator)
        at_ms = self._clock.now_ms()
        self._notes.note(Fact.PRESENCE, operator=operator, state=shown.state, reason=shown.reason, at_ms=at_ms)
        log.info("operator", operator=operator, state=shown.state, reason=shown.reason)
        if is_logged_in(self._router.operators[operator]) is (operator in self._logged_in):
            return []
        self._logged_in ^= {operator}
        return self.unstaffed()

    async def look_for_phone(self, operator: OperatorId) -> Sequence[Event]:
        """Log an operator out whose last registration is gone, in a talk, too: nothing is rung when it ends."""
        return () if await has_contact(self._asterisk, operator) else (Reachability(operator, False),)

    def unstaffed(self) -> list[Action]:
        """Tell the dialplan which groups nobody is logged in for; once for any number of changes at the same time."""
        if self._unstaffed_due:
            return []
        self._unstaffed_due = True
        return [self._say_unstaffed()]

    async def _say_unstaffed(self) -> None:
        """No phone can transfer to such a group (rule 11). Raises TelephonyError."""
        self._unstaffed_due = False
        said = unstaffed_numbers(self._settings, self._router.operators.values())
        if said != self._unstaffed:
            self._unstaffed = said
            await self._asterisk.send(commands.setvar(None, names.UNSTAFFED, said))

    def keep(self, event: Event) -> list[Action]:
        """Keep what was said of an operator where it outlives us."""
        match event:
            case DutyChanged():
                return [self._keep_duty(KeepDuty(event.operator, event.ready, event.reason))]
            case WrapUpSet():
                return [self._keep_wrap_up(event)]
            case _:
                return []

    async def _keep_wrap_up(self, wrap_up: WrapUpSet) -> None:
        said = f"{wrap_up.from_ms}:{wrap_up.ends_ms}"
        await self._asterisk.send(commands.db_put(names.WRAP_UP_FAMILY, wrap_up.operator, said))

    async def _keep_duty(self, duty: KeepDuty) -> None:
        said = "ready:" if duty.ready else f"paused:{quote(duty.reason, safe='')}"
        await self._asterisk.send(commands.db_put(names.PRESENCE_FAMILY, duty.operator, said))
        if duty.ready:  # which ends the wrap-up
            now_ms = self._clock.now_ms()
            await self._keep_wrap_up(WrapUpSet(duty.operator, now_ms, now_ms))
        interface = f"PJSIP/{names.account(duty.operator)}"
        await self._asterisk.send(commands.queue_pause(interface, paused=not duty.ready))

    # -- announcements ---------------------------------------------------------------------------------------------

    async def _announce(self, place: Announce) -> None:
        if not place.channel or place.channel.startswith("Local/"):
            return  # a callback's place: nobody listens
        seen = await seen_channel(self._asterisk, place.channel)
        if seen is None or seen.context != names.WAITING:
            return  # the caller is giving a number to be called back at: not to be cut short
        words = self._announcements.words(place, self._router, self._clock.now_ms())
        callback = self._settings.callback
        ask = bool(callback.outbound) and (words.wait_s is None or words.wait_s >= callback.after_s)
        prompts = (*words.prompts, CALLBACK_OFFER) if ask else words.prompts
        files = "&".join(f"{SUBFOLDER}/{prompt}" for prompt in prompts)
        await self._asterisk.send(commands.setvar(place.channel, names.SAY, files))
        await self._asterisk.send(commands.setvar(place.channel, names.TOLD, kept(words.told)))
        waiting = self._router.calls.get(place.call)
        if waiting is not None and waiting.offered_to is None:  # an offer may have come in between
            words_and_question = names.ANNOUNCE_AND_ASK if ask else names.ANNOUNCE
            await self._asterisk.send(commands.redirect(place.channel, names.WAITING, words_and_question))
